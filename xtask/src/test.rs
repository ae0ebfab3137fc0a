//! `cargo xtask test`: runs all tests, or one of two parts, on both engines and with the real
//! clients.

use std::{
    io::{self, BufRead as _, BufReader},
    os::unix::process::CommandExt as _,
    path::PathBuf,
    process::{Command, ExitCode, Stdio},
};

use parking_lot::Mutex;
use rustix::process::{Pid, Signal, kill_process_group};

use crate::{
    Result, clients,
    pgbouncer::PgBouncer,
    postgres::Cluster,
    step::{self, apt_install, cargo, step},
    tally::Tally,
    variable,
};

const SERVER_VARIABLE: &str = "TEST_DATABASE_URL";
const POOLER_VARIABLE: &str = "TEST_DATABASE_POOLER";
const PROGRAMS_VARIABLE: &str = "TEST_PROGRAMS";

/// The PostgreSQL server for the tests.
enum Server {
    Given(String),
    Own(Cluster),
}

/// The tests to run. CI runs the two parts on different machines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    All,
    /// All packages except `e2e`, on both engines and through a connection pooler.
    Engines,
    /// Both services as processes, with real clients and browsers.
    Clients,
}

impl Part {
    /// Returns cargo's options for the packages with the tests.
    fn packages(self) -> &'static [&'static str] {
        match self {
            Self::All => &["--workspace"],
            Self::Engines => &["--workspace", "--exclude", "e2e"],
            Self::Clients => &["--package", "e2e"],
        }
    }
}

pub fn run(part: Part) -> Result<ExitCode> {
    end_on_signal()?;
    // The tests are compiled while the packages of the clients are installed.
    let mut build = cargo_test(part).arg("--no-run").spawn()?;
    let clients = clients::prepare();
    step("compile the tests", || match build.wait()? {
        status if status.success() => Ok(()),
        status => Err(format!("cargo: {status}").into()),
    })?;
    let clients = clients?;
    let server = step("find PostgreSQL", Server::find)?;
    if part == Part::Clients {
        let services = ["build", "--package", "auth-service", "--package", "task-service"];
        step("build", || step::run(&mut cargo(&services)))?;
    }
    let mut tally = step("test", || test(part, &server, &clients))?;
    if part != Part::Clients {
        let through_a_pooler = || test_through_a_pooler(part, &server);
        tally.add(&step("test through a connection pooler", through_a_pooler)?);
    }
    drop(server);
    println!("sqlite: {} tests, postgres: {} tests", tally.sqlite, tally.postgres);
    println!("{} passed, {} failed", tally.passed, tally.failed);
    Ok(if tally.failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

impl Server {
    fn find() -> Result<Self> {
        if let Some(url) = variable(SERVER_VARIABLE) {
            return Ok(Self::Given(url));
        }
        match Cluster::start() {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                apt_install(&["postgresql"]).map_err(|install| format!("{error}: {install}"))?;
                Ok(Self::Own(Cluster::start()?))
            }
            cluster => Ok(Self::Own(cluster?)),
        }
    }

    fn url(&self) -> String {
        match self {
            Self::Given(url) => url.clone(),
            Self::Own(cluster) => cluster.url(),
        }
    }
}

/// Returns the start of the command that runs a part's tests. The run through a pooler uses the
/// same packages and features as the direct one, so that nothing is compiled twice.
fn cargo_test(part: Part) -> Command {
    let mut tests = cargo(&["test", "--all-features", "--no-fail-fast"]);
    tests.args(part.packages());
    tests
}

fn test(part: Part, server: &Server, clients: &[(&str, PathBuf)]) -> Result<Tally> {
    let mut tests = cargo_test(part);
    tests.env(SERVER_VARIABLE, server.url());
    // Before the tests of e2e run, this command builds the services, unless only `e2e` is tested:
    // then `run` has built them. The programs are in the folder that contains this tool.
    if let Some(programs) = std::env::current_exe()?.parent() {
        tests.env(PROGRAMS_VARIABLE, programs);
    }
    run_tests(tests.envs(clients.iter().map(|(name, path)| (name, path))))
}

fn run_tests(command: &mut Command) -> Result<Tally> {
    let mut tests = command.stdout(Stdio::piped()).process_group(0).spawn()?;
    set_running(Some(Pid::from_child(&tests)));
    let mut tally = Tally::default();
    for line in tests.stdout.take().into_iter().flat_map(|output| BufReader::new(output).lines()) {
        let line = line?;
        println!("{line}");
        tally.read(&line);
    }
    let status = tests.wait()?;
    set_running(None);
    if !status.success() {
        // After a compile error or a crash, the output may lack the number of failed tests.
        tally.failed = tally.failed.max(1);
    }
    Ok(tally)
}

/// Test modules that together cover all uses of the database.
const THROUGH_A_POOLER: [&str; 22] = [
    "bearer::",
    "concurrency::",
    "conditional::",
    "emails::",
    "filters::",
    "guessing::",
    "idempotency::",
    "input::",
    "listing::",
    "mails::",
    "ownership::",
    "passwords::",
    "quotas::",
    "rotation::",
    "searches::",
    "session_list::",
    "sessions::",
    "sign_in::",
    "sign_up::",
    "tasks::",
    "token::",
    "users::",
];

/// Runs the PostgreSQL tests of `THROUGH_A_POOLER` again, behind a pooler in transaction mode.
fn test_through_a_pooler(part: Part, server: &Server) -> Result<Tally> {
    let pooler = match PgBouncer::start(&server.url()) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            apt_install(&["pgbouncer"]).map_err(|install| format!("{error}: {install}"))?;
            PgBouncer::start(&server.url())?
        }
        pooler => pooler?,
    };
    let mut tests = cargo_test(part);
    tests.env(SERVER_VARIABLE, server.url());
    tests.args(["--test", "api", "--", "--skip", "sqlite"]).args(THROUGH_A_POOLER);
    run_tests(tests.env(POOLER_VARIABLE, pooler.address()))
}

/// Process group of the running tests.
static RUNNING: Mutex<Option<Pid>> = Mutex::new(None);

fn set_running(group: Option<Pid>) {
    *RUNNING.lock() = group;
}

/// Stops the tests on Ctrl-C, while this process keeps running to clean up.
fn end_on_signal() -> Result {
    Ok(ctrlc::set_handler(|| {
        if let Some(group) = *RUNNING.lock() {
            let _ = kill_process_group(group, Signal::TERM);
        }
    })?)
}
