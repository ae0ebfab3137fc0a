//! The processes of both services, their ports and their data.

use std::{
    fs::{self, File},
    io::{self, Write as _},
    path::{Path, PathBuf},
    process::Command,
    sync::LazyLock,
    thread,
};

use serde_json::Value;
use tempfile::TempDir;
use xtask::{is_ci, ports, postgres::Cluster, service::Service};

use crate::Client;

const SECRET: &str = "a secret for tests, of more than 32 characters";
const EVENTS_SECRET: &str = "a secret that both services know: more than 32 characters";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    Postgres,
    Sqlite,
}

/// Both services, with ports and data that are kept across restarts.
#[derive(Debug)]
pub struct System {
    pub auth: Service,
    pub tasks: Service,
    pub data: Data,
    folder: TempDir,
}

/// Location of the services' data.
#[derive(Debug)]
pub enum Data {
    Folder,
    Cluster(Cluster),
}

impl System {
    /// Starts both services. Returns `None` if they need PostgreSQL and [`cluster`] returns `None`.
    pub fn start(engine: Engine) -> Option<Self> {
        let mut system = Self::prepare(engine)?;
        system.start_services();
        Some(system)
    }

    /// Like [`Self::start`], but only starts the database.
    pub fn prepare(engine: Engine) -> Option<Self> {
        Some(Self::on(Data::make(engine)?))
    }

    /// Like [`Self::prepare`], but on existing data.
    pub fn on(data: Data) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let auth = auth(&data, folder.path());
        let tasks = tasks(&auth.url, &data, folder.path());
        Self { auth, tasks, data, folder }
    }

    /// Makes task-service use auth-service's database from the next start of task-service.
    pub fn share_database(&mut self) {
        let url = self.data.url("auth", self.folder.path());
        self.tasks.set_variable("DATABASE_URL", &url);
    }

    /// Creates another auth-service on the same data, without starting it.
    pub fn replica_of_auth(&self) -> Service {
        auth(&self.data, self.folder.path())
    }

    /// Creates another task-service on the same data, without starting it.
    pub fn replica_of_tasks(&self) -> Service {
        self.replica_of_tasks_at(&self.auth)
    }

    /// Like [`Self::replica_of_tasks`], for a replica that uses the keys and the security events of
    /// another auth-service.
    pub fn replica_of_tasks_at(&self, auth: &Service) -> Service {
        tasks(&auth.url, &self.data, self.folder.path())
    }

    /// Returns the services' working directory, which contains their files.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Starts those services that are not running, and waits until both are ready.
    pub fn start_services(&mut self) {
        for service in [&mut self.auth, &mut self.tasks] {
            service.start_and_wait().expect("the service starts");
        }
    }

    pub fn auth_client(&self) -> Client {
        Client::new(&self.auth.url)
    }

    pub fn tasks_client(&self) -> Client {
        Client::new(&self.tasks.url)
    }

    pub fn log_of(&self, service: &str) -> String {
        fs::read_to_string(log(self.folder.path(), service)).expect("a log can be read")
    }

    /// Returns the rows of `table`, as JSON objects, from an export by `service`.
    pub fn rows(&self, service: &Service, table: &str) -> Vec<Value> {
        let output = service.command(&["export"]).output().expect("the service can be started");
        assert!(output.status.success(), "{output:?}");
        let lines = String::from_utf8(output.stdout).expect("an export is text");
        let lines = lines.lines().map(|line| serde_json::from_str(line).expect("a line is JSON"));
        let rows = lines.filter(|line: &Value| line.get("table") == Some(&table.into()));
        rows.filter_map(|mut line| Some(line.get_mut("row")?.take())).collect()
    }

    /// Signs up a user and returns an access token.
    pub fn token(&self, email: &str) -> String {
        let auth = self.auth_client();
        let session = auth.sign_up(email).expect("an answer").text("token");
        auth.token(&session).expect("an answer").text("token")
    }
}

impl Drop for System {
    /// Prints the services' logs if the test has failed.
    fn drop(&mut self) {
        if thread::panicking() {
            for service in [&self.auth, &self.tasks] {
                let _ = writeln!(io::stderr(), "{}:\n{}", service.name, self.log_of(service.name));
            }
        }
    }
}

impl Data {
    fn make(engine: Engine) -> Option<Self> {
        if engine == Engine::Sqlite {
            return Some(Self::Folder);
        }
        cluster(Cluster::start_durable(&["auth", "tasks"])).map(Self::Cluster)
    }

    fn url(&self, name: &str, folder: &Path) -> String {
        match self {
            Self::Folder => {
                format!("sqlite://{}", folder.join(name).with_extension("db").display())
            }
            Self::Cluster(cluster) => cluster.url_of(name),
        }
    }

    /// Returns the URL of the cluster's `postgres` database, for tests that create their own
    /// databases. Returns `None` for a folder.
    pub fn server_url(&self) -> Option<String> {
        match self {
            Self::Folder => None,
            Self::Cluster(cluster) => Some(cluster.url_of("postgres")),
        }
    }

    /// Returns the PostgreSQL cluster, for tests that stop or freeze it. Panics for a folder.
    pub fn cluster(&mut self) -> &mut Cluster {
        match self {
            Self::Folder => panic!("not a PostgreSQL system"),
            Self::Cluster(cluster) => cluster,
        }
    }
}

/// Returns the started cluster, or `None` if PostgreSQL is not installed. Panics on any other
/// error, and in CI on every error.
pub fn cluster<T>(started: io::Result<T>) -> Option<T> {
    match started {
        Err(error) if error.kind() == io::ErrorKind::NotFound && !is_ci() => {
            // This bypasses the test harness, which would capture the output of `eprintln!`.
            let _ = writeln!(io::stderr(), "skipped: a test with a PostgreSQL to kill ({error})");
            None
        }
        cluster => Some(cluster.expect("PostgreSQL starts")),
    }
}

fn auth(data: &Data, folder: &Path) -> Service {
    let (port, url) = free_address();
    let mut command = command("auth-service", folder, port);
    command
        .env("DATABASE_URL", data.url("auth", folder))
        .env("BETTER_AUTH_SECRET", SECRET)
        .env("EVENTS_SECRET", EVENTS_SECRET)
        .env("BCRYPT_COST", "10")
        .env("RATE_LIMIT", "off");
    Service::new("auth-service", url, command)
}

fn tasks(auth_url: &str, data: &Data, folder: &Path) -> Service {
    let (port, url) = free_address();
    let mut command = command("task-service", folder, port);
    command
        .env("DATABASE_URL", data.url("tasks", folder))
        .env("BETTER_AUTH_JWKS_URL", format!("{auth_url}/api/auth/jwks"))
        .env("EVENTS_SECRET", EVENTS_SECRET)
        .env("JWKS_CACHE_TTL", "1s")
        .env("JWKS_COOLDOWN", "1s");
    Service::new("task-service", url, command)
}

fn free_address() -> (u16, String) {
    let port = ports::free().expect("a port is free");
    (port, format!("http://127.0.0.1:{port}"))
}

fn command(name: &'static str, folder: &Path, port: u16) -> Command {
    let log = File::options().create(true).append(true).open(log(folder, name));
    let log = log.expect("a log can be written");
    let mut command = Command::new(program(name));
    command
        .current_dir(folder)
        .env("PORT", port.to_string())
        .env("RUST_LOG", "warn")
        .stdout(log.try_clone().expect("a file has room for two"))
        .stderr(log);
    command
}

fn log(folder: &Path, name: &str) -> PathBuf {
    folder.join(name).with_extension("log")
}

pub fn program(name: &str) -> PathBuf {
    BINARIES.join(name)
}

/// Environment variable for the path of the folder with the programs that `cargo xtask test` has
/// built.
const PROGRAMS_VARIABLE: &str = "TEST_PROGRAMS";

/// The folder with both programs. Unless `cargo xtask test` has built them, each test process
/// builds them once, with its own profile.
static BINARIES: LazyLock<PathBuf> = LazyLock::new(|| {
    if let Some(built) = xtask::variable(PROGRAMS_VARIABLE) {
        return built.into();
    }
    let test = std::env::current_exe().expect("a test knows where it is");
    let folder = test.ancestors().nth(2).expect("tests are in a target folder").to_owned();
    let profile = if folder.ends_with("release") { "release" } else { "dev" };
    let status = Command::new(xtask::variable("CARGO").as_deref().unwrap_or("cargo"))
        .args([
            "build",
            "--quiet",
            "--profile",
            profile,
            "-p",
            "auth-service",
            "-p",
            "task-service",
        ])
        .current_dir(xtask::root())
        .status();
    assert!(status.is_ok_and(|status| status.success()), "the services do not build");
    folder
});
