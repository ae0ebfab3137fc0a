//! Finds the programs that tests with real clients need, and runs Node and npm.

use std::{
    env,
    ffi::OsString,
    io::{self, BufRead as _, BufReader, Write as _},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use crate::{System, program};

/// Returns the path of a program from an environment variable. If the variable is not set, prints
/// that a test is skipped and returns `None`, or panics in CI.
pub fn tool(variable: &str) -> Option<String> {
    let tool = xtask::variable(variable);
    if tool.is_none() {
        assert!(!xtask::is_ci(), "{variable} is not set, and CI skips nothing");
        // Written to the stream directly, because the test harness captures `eprintln!`.
        let _ = writeln!(io::stderr(), "skipped: a test ({variable} is not set)");
    }
    tool
}

/// Runs Node in a directory of the workspace, and panics if Node fails. The scripts start
/// auth-service themselves, on the engine of `system`. Does nothing if [`tool`] finds no
/// `TEST_NODE`.
pub fn node(system: &System, folder: &str, arguments: &[PathBuf]) {
    let Some(node) = tool("TEST_NODE") else { return };
    let mut command = Command::new(node);
    command
        .args(arguments)
        .current_dir(xtask::root().join(folder))
        .env("AUTH_SERVICE", program("auth-service"));
    if let Some(url) = system.data.server_url() {
        command.env("POSTGRES_URL", url);
    }
    succeed(&mut command);
}

/// Runs an npm script in a directory of the workspace, with the directory of the services' programs
/// in `SERVICES`. Panics if the script fails. Does nothing if [`tool`] finds no `TEST_NODE`.
pub fn npm(folder: &str, script: &str) {
    let Some(node) = tool("TEST_NODE") else { return };
    let services = program("auth-service");
    succeed(
        Command::new("npm")
            .args(["run", "--silent", script])
            .current_dir(xtask::root().join(folder))
            .env("PATH", path_with(Path::new(&node)))
            .env("SERVICES", services.parent().unwrap_or(&services)),
    );
}

/// Starts a server and waits until it prints "listening" as its first line.
pub(crate) fn start_until_ready(command: &mut Command) -> Child {
    let mut child = command.stdout(Stdio::piped()).spawn().expect("Node can be started");
    let output = child.stdout.take().expect("the output is piped");
    let line = BufReader::new(output).lines().next();
    assert_eq!(line.and_then(Result::ok).as_deref(), Some("listening"), "the server starts");
    child
}

/// Returns a `PATH` that begins with the directory of `program`.
fn path_with(program: &Path) -> OsString {
    let path = xtask::variable("PATH").unwrap_or_default();
    let folder = program.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folders = folder.map(Path::to_owned).into_iter().chain(env::split_paths(&path));
    env::join_paths(folders).expect("the path is one")
}

fn succeed(command: &mut Command) {
    let output = command.output().expect("Node can be started");

    let [stdout, stderr] =
        [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes));
    assert!(output.status.success(), "{}\n{stdout}\n{stderr}", output.status);
}
