//! Node, which drives real clients, and the programs that it needs.

use std::{
    env,
    ffi::OsString,
    io::{self, Write as _},
    path::{Path, PathBuf},
    process::Command,
};

use crate::{System, program};

/// The program that a variable names, if it does. CI skips nothing; elsewhere it is said what is.
pub fn tool(variable: &str) -> Option<String> {
    let tool = xtask::variable(variable);
    if tool.is_none() {
        assert!(!xtask::is_ci(), "{variable} is not set, and CI skips nothing");
        // Straight to the stream: the test harness would swallow a print.
        let _ = writeln!(io::stderr(), "skipped: a test ({variable} is not set)");
    }
    tool
}

/// Runs Node in a folder of the workspace. It starts auth-service with what each test needs, on the
/// system's engine, and this fails if it does.
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

/// Runs a script of a package in a folder of the workspace. `SERVICES` is where the programs are.
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

/// The search path on which an interpreter is found before any other.
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
