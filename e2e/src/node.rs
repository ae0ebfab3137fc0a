//! Node, which drives real clients, and the programs that it needs.

use std::{
    io::{self, Write as _},
    path::PathBuf,
    process::Command,
};

use crate::{System, program};

/// The program that a variable names, if it does. CI skips nothing; elsewhere it is said what is.
pub fn tool(variable: &str) -> Option<String> {
    let tool = xtask::variable(variable);
    if tool.is_none() {
        assert!(!xtask::is_ci(), "{variable} is not set, and CI skips nothing");
        // Straight to the stream: the test harness would swallow a print.
        let _ = writeln!(io::stderr(), "skipped: a test with Node ({variable} is not set)");
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
    let output = command.output().expect("Node can be started");

    let [stdout, stderr] =
        [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes));
    assert!(output.status.success(), "{}\n{stdout}\n{stderr}", output.status);
}
