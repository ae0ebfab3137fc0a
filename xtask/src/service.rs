//! A service as a process: started, watched, stopped, killed and started again.

use std::{
    io,
    process::{Child, Command, ExitStatus},
    thread::sleep,
    time::{Duration, Instant},
};

pub use rustix::process::Signal;
use rustix::process::{Pid, kill_process};

/// The pause between two looks at something that takes its time.
pub(crate) const POLL: Duration = Duration::from_millis(50);
/// How long a service may take to become ready, or to end.
pub(crate) const PATIENCE: Duration = Duration::from_mins(1);
const PROBE_TIMEOUT: Duration = Duration::from_secs(2);

/// One of the services. It does not outlive this value.
#[derive(Debug)]
pub struct Service {
    pub name: &'static str,
    /// Where it answers, without a slash at the end.
    pub url: String,
    command: Command,
    child: Option<Child>,
}

impl Service {
    /// Nothing runs before `start`.
    pub fn new(name: &'static str, url: String, command: Command) -> Self {
        Self { name, url, command, child: None }
    }

    /// Sets a variable of the environment, from the next start on.
    pub fn set_variable(&mut self, name: &str, value: &str) {
        self.command.env(name, value);
    }

    /// The same program in the same place, with the same variables, to do something else.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(self.command.get_program());
        command.args(arguments);
        command.envs(self.command.get_envs().filter_map(|(name, value)| Some((name, value?))));
        if let Some(folder) = self.command.get_current_dir() {
            command.current_dir(folder);
        }
        command
    }

    /// Takes a variable out of the environment, from the next start on.
    pub fn remove_variable(&mut self, name: &str) {
        self.command.env_remove(name);
    }

    /// Starts the process if it is not running, without waiting for it.
    pub fn start(&mut self) -> io::Result<()> {
        if self.child.is_none() {
            self.child = Some(self.command.spawn()?);
        }
        Ok(())
    }

    /// Whether the service can work; an error if it has died.
    fn is_ready(&mut self) -> io::Result<bool> {
        self.check_alive()?;
        let probe = ureq::get(format!("{}/health/ready", self.url));
        Ok(probe.config().timeout_global(Some(PROBE_TIMEOUT)).build().call().is_ok())
    }

    /// An error if the service has died.
    pub fn check_alive(&mut self) -> io::Result<()> {
        match self.child.as_mut().map(Child::try_wait).transpose()? {
            Some(None) => Ok(()),
            Some(Some(status)) => {
                Err(io::Error::other(format!("{} has died: {status}", self.name)))
            }
            None => Err(io::Error::other(format!("{} was not started", self.name))),
        }
    }

    /// Starts the process and waits until it can work.
    pub fn start_and_wait(&mut self) -> io::Result<()> {
        self.start()?;
        let start = Instant::now();
        while !self.is_ready()? {
            if start.elapsed() > PATIENCE {
                let seconds = PATIENCE.as_secs();
                let error = format!("{} is not ready after {seconds} s", self.name);
                return Err(io::Error::other(error));
            }
            sleep(POLL);
        }
        Ok(())
    }

    /// Starts the process; returns how long it took to its first ready answer.
    pub(crate) fn start_and_time(&mut self) -> io::Result<Duration> {
        const GLANCE: Duration = Duration::from_millis(1);
        let start = Instant::now();
        self.start()?;
        while !self.is_ready()? {
            sleep(GLANCE);
        }
        Ok(start.elapsed())
    }

    /// While it runs.
    pub fn process_id(&self) -> Option<u32> {
        self.child.as_ref().map(Child::id)
    }

    /// Asks the service to end and waits for it; one that does not is killed.
    pub fn stop(&mut self) -> io::Result<Option<ExitStatus>> {
        self.signal(Signal::TERM)?;
        self.wait()
    }

    /// Tells the service something, if it is running.
    pub fn signal(&mut self, signal: Signal) -> io::Result<()> {
        if let Some(child) = &mut self.child
            && child.try_wait()?.is_none()
        {
            kill_process(Pid::from_child(child), signal)?;
        }
        Ok(())
    }

    /// Waits until the service has ended; one that does not is killed. `None` if it was not started.
    pub fn wait(&mut self) -> io::Result<Option<ExitStatus>> {
        let Some(mut child) = self.child.take() else { return Ok(None) };
        let start = Instant::now();
        while start.elapsed() < PATIENCE {
            if let Some(status) = child.try_wait()? {
                return Ok(Some(status));
            }
            sleep(POLL);
        }
        child.kill()?;
        child.wait().map(Some)
    }

    /// `kill -9`: the process gets no chance to do anything.
    pub fn kill_nine(&mut self) -> io::Result<()> {
        if let Some(mut child) = self.child.take() {
            child.kill()?;
            child.wait()?;
        }
        Ok(())
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.kill_nine();
    }
}
