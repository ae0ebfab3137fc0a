//! `cargo xtask check`: what a change must pass besides the tests.

use std::process::Stdio;

use crate::{
    Result,
    step::{self, cargo, step},
};

pub fn run() -> Result {
    step("format", || step::run(&mut cargo(&["fmt", "--all", "--check"])))?;
    step("lints", lint)?;
    step("documentation", document)?;
    step("licences, sources and banned crates", deny)
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
    let is_there = cargo(&["deny", "--version"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()?
        .success();
    if !is_there {
        step("install cargo-deny", || {
            step::run(&mut cargo(&["install", "--locked", "cargo-deny"]))
        })?;
    }
    step::run(&mut cargo(&["deny", "check", "bans", "licenses", "sources"]))
}
