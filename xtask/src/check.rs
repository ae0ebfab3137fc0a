//! `cargo xtask check`: all checks other than tests.

use std::process::Command;

use crate::{
    Result, clients, prose, root,
    step::{self, cargo, step},
};

pub fn run() -> Result {
    step("format", || step::run(&mut cargo(&["fmt", "--all", "--check"])))?;
    step("lints", lint)?;
    step("documentation", document)?;
    step("licenses, sources and banned crates", deny)?;
    step("language", prose::check)?;
    step("spelling", spell)
}

fn lint() -> Result {
    let everything = ["clippy", "--workspace", "--all-targets", "--all-features"];
    step::run(cargo(&everything).args(["--", "-D", "warnings"]))
}

fn document() -> Result {
    let everything = ["doc", "--workspace", "--no-deps", "--all-features"];
    step::run(cargo(&everything).env("RUSTDOCFLAGS", "-D warnings"))
}

fn deny() -> Result {
    run_tool("cargo-deny", &["check", "bans", "licenses", "sources"])
}

fn spell() -> Result {
    run_tool("codespell", &["."])
}

/// Runs a program from a Python package. Such packages contain cargo-deny already compiled.
fn run_tool(name: &str, arguments: &[&str]) -> Result {
    let python = clients::python(&root().join("e2e/clients/requirements.txt"))?;
    let program = python.with_file_name(name);
    step::run(Command::new(program).args(arguments).current_dir(root()))
}
