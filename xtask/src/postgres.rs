//! A private PostgreSQL cluster, removed on drop. The server refuses to run as root, so root runs
//! it as an unprivileged user.

mod client;

use std::{
    fs::{self, File, Permissions},
    io::{self, Read as _},
    os::unix::{
        fs::{PermissionsExt as _, chown},
        process::CommandExt as _,
    },
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread::sleep,
    time::Instant,
};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

pub use self::client::OpenTransaction;
use crate::{
    owner::{Owner, owner_of_servers},
    ports,
    service::{PATIENCE, POLL},
};

const PACKAGED: &str = "/usr/lib/postgresql";
const SETTINGS: [&str; 2] = ["max_connections=300", "listen_addresses=127.0.0.1"];
/// Settings for clusters that need not survive a power failure.
const CARELESS: [&str; 3] = ["fsync=off", "full_page_writes=off", "synchronous_commit=off"];

/// A running server. It is stopped and removed when this value is dropped.
#[derive(Debug)]
pub struct Cluster {
    site: Site,
    postmaster: Child,
}

/// The part of a cluster that is kept across restarts.
#[derive(Debug)]
struct Site {
    folder: TempDir,
    binaries: PathBuf,
    owner: Option<Owner>,
    settings: Vec<&'static str>,
    port: u16,
    password: String,
}

impl Cluster {
    /// Starts a fast cluster that would not survive a power failure. Fails with `NotFound` if
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
        Self::on(Site::new(settings)?, databases, files)
    }

    /// Starts a fast cluster with additional settings, and files in its data folder, which relative
    /// paths in settings refer to.
    pub fn start_with(
        databases: &[&str],
        settings: &[&'static str],
        files: &[(&str, &str)],
    ) -> io::Result<Self> {
        let settings = SETTINGS.iter().chain(&CARELESS).chain(settings).copied().collect();
        Self::on(Site::new(settings)?, databases, files)
    }

    /// Starts a primary with synchronous replication to a standby, and that standby.
    pub fn start_pair(databases: &[&str]) -> io::Result<(Self, Self)> {
        let synchronous = SETTINGS.into_iter().chain(["synchronous_standby_names=*"]).collect();
        let primary = Self::on(Site::new(synchronous)?, databases, &[])?;
        let site =
            Site { password: primary.site.password.clone(), ..Site::new(SETTINGS.to_vec())? };
        site.copy_of(&primary.site)?;
        let postmaster = site.launch()?;
        Ok((primary, Self { site, postmaster }))
    }

    /// Promotes a standby and waits until it accepts writes.
    pub fn promote(&self) -> io::Result<()> {
        self.site.run("pg_ctl", &["promote", "-D", "data", "-w"])
    }

    fn on(site: Site, databases: &[&str], files: &[(&str, &str)]) -> io::Result<Self> {
        site.init()?;
        for database in databases {
            site.create_database(database)?;
        }
        for (name, content) in files {
            site.put(name, content)?;
        }
        let postmaster = site.launch()?;
        Ok(Self { site, postmaster })
    }

    /// Returns the superuser's URL of the `postgres` database.
    pub fn url(&self) -> String {
        self.url_of("postgres")
    }

    /// Returns the superuser's URL of a database.
    pub fn url_of(&self, database: &str) -> String {
        let Site { port, password, .. } = &self.site;
        format!("postgres://postgres:{password}@127.0.0.1:{port}/{database}")
    }

    /// Returns a URL that connects to whichever of the two accepts writes.
    pub fn url_with(&self, standby: &Self, database: &str) -> String {
        let (Site { port, password, .. }, other) = (&self.site, standby.site.port);
        let servers = format!("127.0.0.1:{port},127.0.0.1:{other}");
        format!(
            "postgres://postgres:{password}@{servers}/{database}?target_session_attrs=read-write"
        )
    }

    pub fn port(&self) -> u16 {
        self.site.port
    }

    /// Returns the superuser's password.
    pub fn password(&self) -> &str {
        &self.site.password
    }

    pub fn process_id(&self) -> u32 {
        self.postmaster.id()
    }

    /// Replaces a file in the data folder; the server reads it when it is restarted.
    pub fn put(&self, name: &str, content: &str) -> io::Result<()> {
        self.site.put(name, content)
    }

    /// Kills the server and all its children with SIGKILL.
    pub fn kill_nine(&mut self) -> io::Result<()> {
        let children = children(self.postmaster.id());
        self.postmaster.kill()?;
        self.postmaster.wait()?;
        for child in children {
            // It may have exited by itself when its parent died.
            let _ = kill_process(child, Signal::KILL);
        }
        Ok(())
    }

    /// Suspends the server and all its children: connections stay open, but receive no responses.
    pub fn freeze(&self) -> io::Result<()> {
        self.signal_all(Signal::STOP)
    }

    /// Resumes a frozen server.
    pub fn thaw(&self) -> io::Result<()> {
        self.signal_all(Signal::CONT)
    }

    fn signal_all(&self, signal: Signal) -> io::Result<()> {
        kill_process(Pid::from_child(&self.postmaster), signal)?;
        for child in children(self.postmaster.id()) {
            // It may have exited meanwhile.
            let _ = kill_process(child, signal);
        }
        Ok(())
    }

    /// Restarts a killed server on the same port and data.
    pub fn restart(&mut self) -> io::Result<()> {
        let start = Instant::now();
        loop {
            match self.site.launch() {
                // It refuses to start until all orphans of its predecessor have exited.
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
        // It may be frozen.
        let _ = self.thaw();
        // SIGQUIT: the data is no longer needed, so nothing is flushed.
        let _ = kill_process(Pid::from_child(&self.postmaster), Signal::QUIT);
        let _ = self.postmaster.wait();
    }
}

impl Site {
    fn new(settings: Vec<&'static str>) -> io::Result<Self> {
        let binaries = binaries().ok_or_else(|| {
            io::Error::new(io::ErrorKind::NotFound, "no PostgreSQL server is installed")
        })?;
        let owner = owner_of_servers()?;
        // Not TMPDIR: the owner must have access, and socket paths must be short.
        let folder = tempfile::Builder::new().prefix("postgres-").tempdir_in("/tmp")?;
        if let Some(Owner { user, group }) = owner {
            chown(folder.path(), Some(user), Some(group))?;
        }
        Ok(Self { folder, binaries, owner, settings, port: ports::free()?, password: password()? })
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Returns a command for one of the server's programs, run by the owner in the folder and
    /// writing to its log.
    fn program(&self, name: &str, arguments: &[&str]) -> io::Result<Command> {
        let log = File::options().create(true).append(true).open(self.path("log"))?;
        let mut command = Command::new(self.binaries.join(name));
        command.current_dir(self.folder.path()).stdin(Stdio::null());
        command.stdout(log.try_clone()?).stderr(log).args(arguments);
        if let Some(Owner { user, group }) = self.owner {
            command.uid(user).gid(group);
        }
        Ok(command)
    }

    fn init(&self) -> io::Result<()> {
        // A superuser may execute programs, so on a shared machine even this cluster needs a
        // password.
        let secret = self.path("password");
        fs::write(&secret, &self.password)?;
        if let Some(Owner { user, group }) = self.owner {
            chown(&secret, Some(user), Some(group))?;
        }
        let status = self
            .program("initdb", &["-D", "data", "--username=postgres"])?
            .args(["--pwfile=password", "--auth=password"])
            .args(["--encoding=UTF8", "--locale=C", "--no-sync"])
            .status()?;
        if status.success() { Ok(()) } else { Err(self.failure("initdb")) }
    }

    /// Copies the data of a running server, to become its standby.
    fn copy_of(&self, primary: &Self) -> io::Result<()> {
        let port = primary.port.to_string();
        let status = self
            .program("pg_basebackup", &["-D", "data", "-R", "-X", "stream", "-c", "fast"])?
            .args(["-h", "127.0.0.1", "-U", "postgres", "-p", &port])
            .env("PGPASSWORD", &self.password)
            .status()?;
        if status.success() { Ok(()) } else { Err(self.failure("pg_basebackup")) }
    }

    fn run(&self, name: &str, arguments: &[&str]) -> io::Result<()> {
        let status = self.program(name, arguments)?.status()?;
        if status.success() { Ok(()) } else { Err(self.failure(name)) }
    }

    /// Writes a file in the data folder that only the server may read, as required for keys.
    fn put(&self, name: &str, content: &str) -> io::Result<()> {
        let path = self.path("data").join(name);
        fs::write(&path, content)?;
        fs::set_permissions(&path, Permissions::from_mode(0o600))?;
        match self.owner {
            Some(Owner { user, group }) => chown(&path, Some(user), Some(group)),
            None => Ok(()),
        }
    }

    /// Uses single-user mode, which needs no client.
    fn create_database(&self, name: &str) -> io::Result<()> {
        let statement = self.path("statement");
        fs::write(&statement, format!("CREATE DATABASE {name}\n"))?;
        let status = self
            .program("postgres", &["--single", "-D", "data", "postgres"])?
            .stdin(File::open(statement)?)
            .status()?;
        if status.success() { Ok(()) } else { Err(self.failure("postgres")) }
    }

    /// Starts the server and waits until it accepts connections.
    fn launch(&self) -> io::Result<Child> {
        let mut command = self.program("postgres", &["-D", "data"])?;
        command.args(["-p", &self.port.to_string(), "-k"]).arg(self.folder.path());
        for setting in &self.settings {
            command.args(["-c", setting]);
        }
        let mut postmaster = command.spawn()?;
        let start = Instant::now();
        while !self.is_ready(postmaster.id()) {
            if postmaster.try_wait()?.is_some() || start.elapsed() > PATIENCE {
                postmaster.kill()?;
                postmaster.wait()?;
                return Err(self.failure("postgres"));
            }
            sleep(POLL);
        }
        Ok(postmaster)
    }

    /// Returns whether the server is ready, according to the status file, which begins with its
    /// process id: a killed predecessor may have left one behind.
    fn is_ready(&self, postmaster: u32) -> bool {
        let state = fs::read_to_string(self.path("data/postmaster.pid")).unwrap_or_default();
        let mut lines = state.lines().map(str::trim);
        lines.next() == Some(&postmaster.to_string()) && lines.any(|line| line == "ready")
    }

    fn failure(&self, program: &str) -> io::Error {
        let log = fs::read_to_string(self.path("log")).unwrap_or_default();
        io::Error::other(format!("{program} failed: {}", log.lines().last().unwrap_or_default()))
    }
}

/// Returns the folder with the server's programs, from PATH or Debian's default.
fn binaries() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut packaged: Vec<PathBuf> = fs::read_dir(PACKAGED)
        .into_iter()
        .flatten()
        .filter_map(|version| Some(version.ok()?.path()))
        .collect();
    packaged.sort_by_key(|folder| std::cmp::Reverse(version(folder)));
    let folder = std::env::split_paths(&path)
        .chain(packaged.into_iter().map(|folder| folder.join("bin")))
        .find(|folder| ["initdb", "postgres"].iter().all(|name| folder.join(name).is_file()))?;
    // PATH may contain links to some of the programs only; the others are next to the link's
    // target.
    let program = fs::canonicalize(folder.join("initdb")).ok()?;
    program.parent().map(Path::to_owned)
}

fn version(folder: &Path) -> Option<u32> {
    folder.file_name()?.to_str()?.parse().ok()
}

fn password() -> io::Result<String> {
    let mut bytes = [0; 16];
    File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    Ok(format!("{:032x}", u128::from_ne_bytes(bytes)))
}

/// Returns the children of a process, on systems with `/proc`.
fn children(parent: u32) -> Vec<Pid> {
    let list = fs::read_to_string(format!("/proc/{parent}/task/{parent}/children"));
    let list = list.unwrap_or_default();
    list.split_whitespace().filter_map(|id| Pid::from_raw(id.parse().ok()?)).collect()
}
