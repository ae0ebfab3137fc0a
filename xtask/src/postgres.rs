//! A `postgres` of one's own: a throw-away cluster that is gone with the value. The server refuses
//! to run as root, so root hands the cluster to a user without rights.

use std::{
    fs::{self, File},
    io::{self, Read as _},
    os::unix::{fs::chown, process::CommandExt as _},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread::sleep,
    time::Instant,
};

use rustix::process::{Pid, Signal, geteuid, kill_process};
use tempfile::TempDir;

use crate::{
    ports,
    service::{PATIENCE, POLL},
};

const PACKAGED: &str = "/usr/lib/postgresql";
/// Who runs the cluster if root must not.
const UNPRIVILEGED: [&str; 2] = ["postgres", "nobody"];
const SETTINGS: [&str; 2] = ["max_connections=300", "listen_addresses=127.0.0.1"];
/// For clusters that need not survive a power cut.
const CARELESS: [&str; 3] = ["fsync=off", "full_page_writes=off", "synchronous_commit=off"];

/// A running server. It is stopped and removed when this value is dropped.
#[derive(Debug)]
pub struct Cluster {
    site: Site,
    postmaster: Child,
}

/// What stays the same when the server is restarted.
#[derive(Debug)]
struct Site {
    folder: TempDir,
    binaries: PathBuf,
    owner: Option<Owner>,
    settings: Vec<&'static str>,
    port: u16,
    password: String,
}

#[derive(Clone, Copy, Debug)]
struct Owner {
    user: u32,
    group: u32,
}

impl Cluster {
    /// A quick one, which would not survive a power cut. The error is of the kind `NotFound` if
    /// the machine has no server programs.
    pub fn start() -> io::Result<Self> {
        Self::on(Site::new(SETTINGS.into_iter().chain(CARELESS).collect())?, &[])
    }

    /// One that keeps what it acknowledged, like a real one, with databases of these names.
    pub fn start_durable(databases: &[&str]) -> io::Result<Self> {
        Self::on(Site::new(SETTINGS.to_vec())?, databases)
    }

    fn on(site: Site, databases: &[&str]) -> io::Result<Self> {
        site.init()?;
        for database in databases {
            site.create_database(database)?;
        }
        let postmaster = site.launch()?;
        Ok(Self { site, postmaster })
    }

    /// The superuser's URL of the database `postgres`.
    pub fn url(&self) -> String {
        self.url_of("postgres")
    }

    /// The superuser's URL of a database.
    pub fn url_of(&self, database: &str) -> String {
        let Site { port, password, .. } = &self.site;
        format!("postgres://postgres:{password}@127.0.0.1:{port}/{database}")
    }

    /// One of the programs that came with the server.
    pub(crate) fn program(&self, name: &str) -> PathBuf {
        self.site.binaries.join(name)
    }

    pub fn process_id(&self) -> u32 {
        self.postmaster.id()
    }

    /// `kill -9` for the server and all its children.
    pub fn kill_nine(&mut self) -> io::Result<()> {
        let children = children(self.postmaster.id());
        self.postmaster.kill()?;
        self.postmaster.wait()?;
        for child in children {
            // It may have ended by itself when it lost its parent.
            let _ = kill_process(child, Signal::KILL);
        }
        Ok(())
    }

    /// Starts a killed server again, on the same port and data.
    pub fn restart(&mut self) -> io::Result<()> {
        let start = Instant::now();
        loop {
            match self.site.launch() {
                // It refuses as long as the last orphan of its predecessor lives.
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
        // SIGQUIT: nobody needs the data, so nothing is flushed.
        let _ = kill_process(Pid::from_child(&self.postmaster), Signal::QUIT);
        let _ = self.postmaster.wait();
    }
}

impl Site {
    fn new(settings: Vec<&'static str>) -> io::Result<Self> {
        let binaries = binaries().ok_or_else(|| {
            io::Error::new(io::ErrorKind::NotFound, "no PostgreSQL server is installed")
        })?;
        let owner = if geteuid().is_root() { Some(unprivileged()?) } else { None };
        // Not TMPDIR: the owner must be able to get there, and socket paths must be short.
        let folder = tempfile::Builder::new().prefix("postgres-").tempdir_in("/tmp")?;
        if let Some(Owner { user, group }) = owner {
            chown(folder.path(), Some(user), Some(group))?;
        }
        Ok(Self { folder, binaries, owner, settings, port: ports::free()?, password: password()? })
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// One of the server's programs, run by the owner in the folder, and writing to its log.
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
        // A superuser may run programs: on a shared machine even this cluster needs a password.
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

    /// In single-user mode, which needs no client.
    fn create_database(&self, name: &str) -> io::Result<()> {
        let statement = self.path("statement");
        fs::write(&statement, format!("CREATE DATABASE {name}\n"))?;
        let status = self
            .program("postgres", &["--single", "-D", "data", "postgres"])?
            .stdin(File::open(statement)?)
            .status()?;
        if status.success() { Ok(()) } else { Err(self.failure("postgres")) }
    }

    /// Starts the server and waits until it takes connections.
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

    /// The server writes its state into a file that starts with its process id; a predecessor
    /// that was killed has left one behind.
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

/// The folder with the server's programs: on the PATH, or where Debian keeps them.
fn binaries() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut packaged: Vec<PathBuf> = fs::read_dir(PACKAGED)
        .into_iter()
        .flatten()
        .filter_map(|version| Some(version.ok()?.path()))
        .collect();
    packaged.sort_by_key(|folder| std::cmp::Reverse(version(folder)));
    std::env::split_paths(&path)
        .chain(packaged.into_iter().map(|folder| folder.join("bin")))
        .find(|folder| ["initdb", "postgres"].iter().all(|name| folder.join(name).is_file()))
}

fn version(folder: &Path) -> Option<u32> {
    folder.file_name()?.to_str()?.parse().ok()
}

fn unprivileged() -> io::Result<Owner> {
    let users = fs::read_to_string("/etc/passwd")?;
    UNPRIVILEGED
        .iter()
        .find_map(|name| users.lines().find_map(|line| owner(line, name)))
        .ok_or_else(|| io::Error::other("no user without rights could run PostgreSQL"))
}

/// A line of `/etc/passwd`: name, password, user id, group id, and more.
fn owner(line: &str, wanted: &str) -> Option<Owner> {
    let mut fields = line.split(':');
    let name = fields.next()?;
    let mut ids = fields.skip(1).map_while(|id| id.parse().ok());
    (name == wanted).then_some(Owner { user: ids.next()?, group: ids.next()? })
}

fn password() -> io::Result<String> {
    let mut bytes = [0; 16];
    File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    Ok(format!("{:032x}", u128::from_ne_bytes(bytes)))
}

/// The children of a process, where the system tells.
fn children(parent: u32) -> Vec<Pid> {
    let list = fs::read_to_string(format!("/proc/{parent}/task/{parent}/children"));
    let list = list.unwrap_or_default();
    list.split_whitespace().filter_map(|id| Pid::from_raw(id.parse().ok()?)).collect()
}
