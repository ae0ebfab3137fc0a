//! A service as a child process.

use std::{
    io,
    process::{Child, Command, ExitStatus},
    thread::sleep,
    time::{Duration, Instant},
};

pub use rustix::process::Signal;
use rustix::process::{Pid, kill_process};

/// Interval at which the state of a child process is polled.
pub(crate) const POLL: Duration = Duration::from_millis(50);
/// Time limit for a child process to become ready or to exit.
pub(crate) const PATIENCE: Duration = Duration::from_mins(1);
const PROBE_TIMEOUT: Duration = Duration::from_secs(2);

/// Waits until a server is ready. Returns `false` if it exits or is not ready within [`PATIENCE`].
pub(crate) fn becomes_ready(
    server: &mut Child,
    is_ready: impl Fn(&Child) -> bool,
) -> io::Result<bool> {
    let start = Instant::now();
    while !is_ready(server) {
        if server.try_wait()?.is_some() || start.elapsed() > PATIENCE {
            return Ok(false);
        }
        sleep(POLL);
    }
    Ok(true)
}

/// One of the services, killed on drop.
#[derive(Debug)]
pub struct Service {
    pub name: &'static str,
    /// Base URL without a trailing slash.
    pub url: String,
    command: Command,
    child: Option<Child>,
}

impl Service {
    /// Creates the service without starting it.
    pub fn new(name: &'static str, url: String, command: Command) -> Self {
        Self { name, url, command, child: None }
    }

    /// Sets an environment variable, effective from the next start.
    pub fn set_variable(&mut self, name: &str, value: &str) {
        self.command.env(name, value);
    }

    /// Returns a command that runs the service's program with these arguments, in the same folder
    /// and with the same environment variables.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(self.command.get_program());
        command.args(arguments);
        command.envs(self.command.get_envs().filter_map(|(name, value)| Some((name, value?))));
        if let Some(folder) = self.command.get_current_dir() {
            command.current_dir(folder);
        }
        command
    }

    /// Removes an environment variable, effective from the next start.
    pub fn remove_variable(&mut self, name: &str) {
        self.command.env_remove(name);
    }

    /// Starts the process without waiting until it is ready. Does nothing if the process was
    /// started before and not stopped or killed since.
    pub fn start(&mut self) -> io::Result<()> {
        if self.child.is_none() {
            self.child = Some(self.command.spawn()?);
        }
        Ok(())
    }

    /// Returns whether the service is ready, or an error if it is not running.
    fn is_ready(&mut self) -> io::Result<bool> {
        self.check_alive()?;
        let probe = ureq::get(format!("{}/health/ready", self.url));
        Ok(probe.config().timeout_global(Some(PROBE_TIMEOUT)).build().call().is_ok())
    }

    /// Returns an error if the service has exited or was not started.
    pub fn check_alive(&mut self) -> io::Result<()> {
        match self.child.as_mut().map(Child::try_wait).transpose()? {
            Some(None) => Ok(()),
            Some(Some(status)) => {
                Err(io::Error::other(format!("{} has exited: {status}", self.name)))
            }
            None => Err(io::Error::other(format!("{} was not started", self.name))),
        }
    }

    /// Starts the process and waits until it is ready. Returns an error if it exits or is not ready
    /// within a minute.
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

    /// Starts the process and returns the time until it is ready.
    pub(crate) fn start_and_time(&mut self) -> io::Result<Duration> {
        const GLANCE: Duration = Duration::from_millis(1);
        let start = Instant::now();
        self.start()?;
        while !self.is_ready()? {
            sleep(GLANCE);
        }
        Ok(start.elapsed())
    }

    /// Returns the process id if the service was started and not stopped or killed since.
    pub fn process_id(&self) -> Option<u32> {
        self.child.as_ref().map(Child::id)
    }

    /// Sends SIGTERM, then waits for the process to exit as [`Self::wait`] does.
    pub fn stop(&mut self) -> io::Result<Option<ExitStatus>> {
        self.signal(Signal::TERM)?;
        self.wait()
    }

    /// Sends a signal, if the service is running.
    pub fn signal(&mut self, signal: Signal) -> io::Result<()> {
        if let Some(child) = &mut self.child
            && child.try_wait()?.is_none()
        {
            kill_process(Pid::from_child(child), signal)?;
        }
        Ok(())
    }

    /// Waits for the process to exit, and kills it if it does not exit within a minute. Returns
    /// `None` if it was not started.
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

    /// Kills the process with SIGKILL, if it was started.
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
