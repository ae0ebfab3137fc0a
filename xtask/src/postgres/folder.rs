//! The folder of a PostgreSQL server.

use std::{
    fs::{self, File, Permissions},
    io::{self, Read as _},
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use tempfile::TempDir;

use crate::{owner::Owner, ports, service::becomes_ready};

const PACKAGED: &str = "/usr/lib/postgresql";

/// A folder with a server's data and log, and the parameters of the server's command line. It
/// outlives the server process, so that the server can be restarted.
#[derive(Debug)]
pub(super) struct ServerFolder {
    folder: TempDir,
    binaries: PathBuf,
    owner: Owner,
    settings: Vec<&'static str>,
    pub(super) port: u16,
    pub(super) password: String,
}

impl ServerFolder {
    pub(super) fn new(settings: Vec<&'static str>) -> io::Result<Self> {
        let binaries = binaries().ok_or_else(|| {
            io::Error::new(io::ErrorKind::NotFound, "no PostgreSQL server is installed")
        })?;
        let owner = Owner::of_servers()?;
        // The folder is not in TMPDIR, because the owner must have access to it, and the path of
        // the socket must be short.
        let folder = tempfile::Builder::new().prefix("postgres-").tempdir_in("/tmp")?;
        owner.own(folder.path())?;
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
        self.owner.run(&mut command);
        Ok(command)
    }

    pub(super) fn init(&self) -> io::Result<()> {
        // A superuser of the cluster can execute programs, so on a shared machine, even a cluster
        // for tests needs a password.
        let secret = self.path("password");
        fs::write(&secret, &self.password)?;
        self.owner.own(&secret)?;
        let status = self
            .program("initdb", &["-D", "data", "--username=postgres"])?
            .args(["--pwfile=password", "--auth=password"])
            .args(["--encoding=UTF8", "--locale=C", "--no-sync"])
            .status()?;
        if status.success() { Ok(()) } else { Err(self.failure("initdb")) }
    }

    /// Creates the folder of a standby, with a copy of the data from its running primary.
    pub(super) fn copy_of(primary: &Self, settings: Vec<&'static str>) -> io::Result<Self> {
        let copy = Self { password: primary.password.clone(), ..Self::new(settings)? };
        let port = primary.port.to_string();
        let status = copy
            .program("pg_basebackup", &["-D", "data", "-R", "-X", "stream", "-c", "fast"])?
            .args(["-h", "127.0.0.1", "-U", "postgres", "-p", &port])
            .env("PGPASSWORD", &copy.password)
            .status()?;
        if status.success() { Ok(copy) } else { Err(copy.failure("pg_basebackup")) }
    }

    pub(super) fn run(&self, name: &str, arguments: &[&str]) -> io::Result<()> {
        let status = self.program(name, arguments)?.status()?;
        if status.success() { Ok(()) } else { Err(self.failure(name)) }
    }

    /// Writes a file in the data folder that only the server may read, as required for keys.
    pub(super) fn put(&self, name: &str, content: &str) -> io::Result<()> {
        let path = self.path("data").join(name);
        fs::write(&path, content)?;
        fs::set_permissions(&path, Permissions::from_mode(0o600))?;
        self.owner.own(&path)
    }

    /// Creates a database in single-user mode, which needs no client.
    pub(super) fn create_database(&self, name: &str) -> io::Result<()> {
        let statement = self.path("statement");
        fs::write(&statement, format!("CREATE DATABASE {name}\n"))?;
        let status = self
            .program("postgres", &["--single", "-D", "data", "postgres"])?
            .stdin(File::open(statement)?)
            .status()?;
        if status.success() { Ok(()) } else { Err(self.failure("postgres")) }
    }

    /// Starts the server and waits until it accepts connections.
    pub(super) fn launch(&self) -> io::Result<Child> {
        let mut command = self.program("postgres", &["-D", "data"])?;
        command.args(["-p", &self.port.to_string(), "-k"]).arg(self.folder.path());
        for setting in &self.settings {
            command.args(["-c", setting]);
        }
        let mut postmaster = command.spawn()?;
        if becomes_ready(&mut postmaster, |postmaster| self.is_ready(postmaster.id()))? {
            return Ok(postmaster);
        }
        postmaster.kill()?;
        postmaster.wait()?;
        Err(self.failure("postgres"))
    }

    /// Returns whether the status file reports that the server is ready. A killed predecessor may
    /// have left a file behind, so the process id in its first line must match.
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
    // The folder in PATH may contain links to only some of the programs. The other programs are in
    // the folder to which the links point.
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
