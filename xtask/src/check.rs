//! `cargo xtask check`: all checks other than tests.

use std::process::{Command, Stdio};

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

fn spell() -> Result {
    let python = clients::python(&root().join("e2e/clients/requirements.txt"))?;
    step::run(Command::new(python.with_file_name("codespell")).arg(".").current_dir(root()))
}

fn deny() -> Result {
    let is_there = cargo(&["deny", "--version"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()?
        .success();
    if !is_there {
        step("install cargo-deny", || {
            // A debug build takes a fraction of the time and is fast enough here.
            step::run(&mut cargo(&["install", "--locked", "--debug", "cargo-deny"]))
        })?;
    }
    step::run(&mut cargo(&["deny", "check", "bans", "licenses", "sources"]))
}
