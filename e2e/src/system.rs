//! The two real binaries, their ports and their data.

use std::{
    fs::{self, File},
    io::{self, Write as _},
    path::{Path, PathBuf},
    process::Command,
    sync::LazyLock,
    thread,
};

use tempfile::TempDir;
use xtask::{is_ci, ports, postgres::Cluster, service::Service};

use crate::Client;

const SECRET: &str = "a secret for tests, of more than 32 characters";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    Postgres,
    Sqlite,
}

/// Both services, ready, on ports and data that outlive a restart.
#[derive(Debug)]
pub struct System {
    pub auth: Service,
    pub tasks: Service,
    pub data: Data,
    folder: TempDir,
}

/// Where the services keep their data.
#[derive(Debug)]
pub enum Data {
    Folder,
    Cluster(Cluster),
}

impl System {
    /// `None` when there is no PostgreSQL to test with.
    pub fn start(engine: Engine) -> Option<Self> {
        let mut system = Self::prepare(engine)?;
        system.start_services();
        Some(system)
    }

    /// The same before anything but the database is started.
    pub fn prepare(engine: Engine) -> Option<Self> {
        let data = Data::make(engine)?;
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let (port, auth_url) = free_address();
        let mut auth = command("auth-service", folder.path(), port);
        auth.env("DATABASE_URL", data.url("auth", folder.path()))
            .env("BETTER_AUTH_SECRET", SECRET)
            .env("BCRYPT_COST", "10")
            .env("RATE_LIMIT", "off");
        let auth = Service::new("auth-service", auth_url, auth);
        let tasks = tasks(&auth.url, &data, folder.path());
        Some(Self { auth, tasks, data, folder })
    }

    /// Another task-service on the same data, not started yet.
    pub fn replica_of_tasks(&self) -> Service {
        tasks(&self.auth.url, &self.data, self.folder.path())
    }

    /// Where the services were started, and keep what has no other place.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Starts what was stopped or killed.
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

    /// What a service had to say so far.
    pub fn log_of(&self, service: &str) -> String {
        fs::read_to_string(log(self.folder.path(), service)).expect("a log can be read")
    }

    /// Signs somebody up: the JWT.
    pub fn token(&self, email: &str) -> String {
        let auth = self.auth_client();
        let session = auth.sign_up(email).expect("an answer").text("token");
        auth.token(&session).expect("an answer").text("token")
    }
}

impl Drop for System {
    /// A failed test shows what the services had to say.
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
        match Cluster::start_durable(&["auth", "tasks"]) {
            Err(error) if error.kind() == io::ErrorKind::NotFound && !is_ci() => {
                // Straight to the stream: the test harness would swallow a print.
                let _ =
                    writeln!(io::stderr(), "skipped: a test with a PostgreSQL to kill ({error})");
                None
            }
            cluster => Some(Self::Cluster(cluster.expect("PostgreSQL starts"))),
        }
    }

    fn url(&self, name: &str, folder: &Path) -> String {
        match self {
            Self::Folder => {
                format!("sqlite://{}", folder.join(name).with_extension("db").display())
            }
            Self::Cluster(cluster) => cluster.url_of(name),
        }
    }

    /// The server's own database, for tests that make others on it; `None` for a folder.
    pub fn server_url(&self) -> Option<String> {
        match self {
            Self::Folder => None,
            Self::Cluster(cluster) => Some(cluster.url_of("postgres")),
        }
    }

    /// The server, for tests that are about it.
    pub fn cluster(&mut self) -> &mut Cluster {
        match self {
            Self::Folder => panic!("this is no PostgreSQL"),
            Self::Cluster(cluster) => cluster,
        }
    }
}

fn tasks(auth_url: &str, data: &Data, folder: &Path) -> Service {
    let (port, url) = free_address();
    let mut command = command("task-service", folder, port);
    command
        .env("DATABASE_URL", data.url("tasks", folder))
        .env("BETTER_AUTH_JWKS_URL", format!("{auth_url}/api/auth/jwks"))
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

/// Where the program of a service is.
pub fn program(name: &str) -> PathBuf {
    BINARIES.join(name)
}

/// The folder with both programs, built once per test process, where and how the tests were.
static BINARIES: LazyLock<PathBuf> = LazyLock::new(|| {
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
