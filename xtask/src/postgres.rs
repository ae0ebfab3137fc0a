//! Private PostgreSQL clusters. The server refuses to run as root, so if this process runs as root,
//! the server runs as an unprivileged user.

mod client;
mod folder;

use std::{fs, io, process::Child, thread::sleep, time::Instant};

use rustix::process::{Pid, Signal, kill_process};

pub use self::client::OpenTransaction;
use self::folder::ServerFolder;
use crate::service::{PATIENCE, POLL};

const SETTINGS: [&str; 2] = ["max_connections=300", "listen_addresses=127.0.0.1"];
/// Settings for clusters that need not survive a power failure. `synchronous_commit` stays on, so
/// that a killed server keeps each acknowledged write.
const CARELESS: [&str; 2] = ["fsync=off", "full_page_writes=off"];

/// A running server. It is stopped and its data is removed when this value is dropped.
#[derive(Debug)]
pub struct Cluster {
    folder: ServerFolder,
    postmaster: Child,
}

impl Cluster {
    /// Starts a fast cluster that would not survive a power failure. Returns a `NotFound` error if
    /// PostgreSQL is not installed.
    pub fn start() -> io::Result<Self> {
        Self::start_with(&[], &[], &[])
    }

    /// Starts a durable cluster with these databases.
    pub fn start_durable(databases: &[&str]) -> io::Result<Self> {
        Self::start_durable_with(databases, &[], &[])
    }

    /// Starts a durable cluster with additional settings and files in its data folder.
    pub(crate) fn start_durable_with(
        databases: &[&str],
        settings: &[&'static str],
        files: &[(&str, &str)],
    ) -> io::Result<Self> {
        let settings = SETTINGS.iter().chain(settings).copied().collect();
        Self::on(ServerFolder::new(settings)?, databases, files)
    }

    /// Starts a fast cluster with additional settings and files in its data folder. Relative paths
    /// in settings refer to this folder.
    pub fn start_with(
        databases: &[&str],
        settings: &[&'static str],
        files: &[(&str, &str)],
    ) -> io::Result<Self> {
        let settings = SETTINGS.iter().chain(&CARELESS).chain(settings).copied().collect();
        Self::on(ServerFolder::new(settings)?, databases, files)
    }

    /// Starts a primary and a standby with synchronous replication.
    pub fn start_pair(databases: &[&str]) -> io::Result<(Self, Self)> {
        let synchronous = SETTINGS.into_iter().chain(["synchronous_standby_names=*"]).collect();
        let primary = Self::on(ServerFolder::new(synchronous)?, databases, &[])?;
        let folder = ServerFolder::copy_of(&primary.folder, SETTINGS.to_vec())?;
        let postmaster = folder.launch()?;
        Ok((primary, Self { folder, postmaster }))
    }

    /// Promotes this standby and waits until it accepts writes.
    pub fn promote(&self) -> io::Result<()> {
        self.folder.run("pg_ctl", &["promote", "-D", "data", "-w"])
    }

    fn on(folder: ServerFolder, databases: &[&str], files: &[(&str, &str)]) -> io::Result<Self> {
        folder.init()?;
        for database in databases {
            folder.create_database(database)?;
        }
        for (name, content) in files {
            folder.put(name, content)?;
        }
        let postmaster = folder.launch()?;
        Ok(Self { folder, postmaster })
    }

    /// Returns the superuser's URL of the `postgres` database.
    pub fn url(&self) -> String {
        self.url_of("postgres")
    }

    /// Returns the superuser's URL of a database.
    pub fn url_of(&self, database: &str) -> String {
        let ServerFolder { port, password, .. } = &self.folder;
        format!("postgres://postgres:{password}@127.0.0.1:{port}/{database}")
    }

    /// Returns a URL that lists this server and a standby. Clients connect to the one that accepts
    /// writes.
    pub fn url_with(&self, standby: &Self, database: &str) -> String {
        let (ServerFolder { port, password, .. }, other) = (&self.folder, standby.folder.port);
        let servers = format!("127.0.0.1:{port},127.0.0.1:{other}");
        format!(
            "postgres://postgres:{password}@{servers}/{database}?target_session_attrs=read-write"
        )
    }

    pub fn port(&self) -> u16 {
        self.folder.port
    }

    /// Returns the superuser's password.
    pub fn password(&self) -> &str {
        &self.folder.password
    }

    pub fn process_id(&self) -> u32 {
        self.postmaster.id()
    }

    /// Replaces a file in the data folder. The server reads the new file at its next start.
    pub fn put(&self, name: &str, content: &str) -> io::Result<()> {
        self.folder.put(name, content)
    }

    /// Kills the server and all its children with SIGKILL.
    pub fn kill_nine(&mut self) -> io::Result<()> {
        let children = children(self.postmaster.id());
        self.postmaster.kill()?;
        self.postmaster.wait()?;
        for child in children {
            // The child may have exited by itself when its parent died.
            let _ = kill_process(child, Signal::KILL);
        }
        Ok(())
    }

    /// Suspends the server and all its children: connections stay open, but receive no responses.
    pub fn freeze(&self) -> io::Result<()> {
        self.signal_all(Signal::STOP)
    }

    pub fn thaw(&self) -> io::Result<()> {
        self.signal_all(Signal::CONT)
    }

    fn signal_all(&self, signal: Signal) -> io::Result<()> {
        kill_process(Pid::from_child(&self.postmaster), signal)?;
        for child in children(self.postmaster.id()) {
            // The child may have exited in the meantime.
            let _ = kill_process(child, signal);
        }
        Ok(())
    }

    /// Restarts a killed server on the same port, with the same data.
    pub fn restart(&mut self) -> io::Result<()> {
        let start = Instant::now();
        loop {
            match self.folder.launch() {
                // The server refuses to start until all orphans of its predecessor have exited.
                Err(_) if start.elapsed() < PATIENCE => sleep(POLL),
                postmaster => {
                    self.postmaster = postmaster?;
                    return Ok(());
                }
            }
        }
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        // A frozen server does not handle SIGQUIT.
        let _ = self.thaw();
        // SIGQUIT stops the server without flushing data, which is no longer needed.
        let _ = kill_process(Pid::from_child(&self.postmaster), Signal::QUIT);
        let _ = self.postmaster.wait();
    }
}

/// Returns the children of a process, or nothing on systems without `/proc`.
fn children(parent: u32) -> Vec<Pid> {
    let list = fs::read_to_string(format!("/proc/{parent}/task/{parent}/children"));
    let list = list.unwrap_or_default();
    list.split_whitespace().filter_map(|id| Pid::from_raw(id.parse().ok()?)).collect()
}
