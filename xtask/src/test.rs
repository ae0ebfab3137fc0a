//! `cargo xtask test`: every test, on both engines, with the real clients.

use std::{
    io::{self, BufRead as _, BufReader},
    os::unix::process::CommandExt as _,
    path::PathBuf,
    process::{Child, ExitCode, Stdio},
};

use rustix::process::{Pid, Signal, kill_process_group};

use crate::{
    Result, clients,
    postgres::Cluster,
    step::{apt_install, cargo, step},
    tally::Tally,
    variable,
};

const SERVER_VARIABLE: &str = "TEST_DATABASE_URL";

/// Where the tests find a server.
enum Server {
    Given(String),
    Own(Cluster),
}

pub fn run() -> Result<ExitCode> {
    let clients = clients::prepare()?;
    let server = step("find PostgreSQL", Server::find)?;
    let tally = step("test", || test(&server, &clients))?;
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

fn test(server: &Server, clients: &[(&str, PathBuf)]) -> Result<Tally> {
    let mut tests = cargo(&["test", "--workspace", "--all-features", "--no-fail-fast"])
        .env(SERVER_VARIABLE, server.url())
        .envs(clients.iter().map(|(name, path)| (name, path)))
        .stdout(Stdio::piped())
        .process_group(0)
        .spawn()?;
    end_on_signal(&tests)?;
    let mut tally = Tally::default();
    for line in tests.stdout.take().into_iter().flat_map(|output| BufReader::new(output).lines()) {
        let line = line?;
        println!("{line}");
        tally.read(&line);
    }
    if !tests.wait()?.success() {
        // What does not compile, or crashes, reports no number.
        tally.failed = tally.failed.max(1);
    }
    Ok(tally)
}

/// On Ctrl-C the tests end, and this process lives on to clean up.
fn end_on_signal(tests: &Child) -> Result {
    let group = Pid::from_child(tests);
    Ok(ctrlc::set_handler(move || {
        let _ = kill_process_group(group, Signal::TERM);
    })?)
}
