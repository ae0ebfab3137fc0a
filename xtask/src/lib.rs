//! The commands that people and CI run: one module per verb, and below them what the verbs share
//! with each other and with the end-to-end tests.

#![expect(clippy::print_stdout, reason = "this is a command-line tool")]

pub mod bench;
pub mod check;
pub mod compose;
pub mod openapi;
pub mod test;
pub mod up;

mod clients;
pub mod ports;
pub mod postgres;
pub mod service;
mod step;
mod tally;
pub mod walkthrough;

use std::path::Path;

/// The tool tells a person what went wrong, and nobody matches on it.
pub type Error = Box<dyn std::error::Error + Send + Sync>;
pub type Result<T = ()> = std::result::Result<T, Error>;

/// The root of the workspace.
pub fn root() -> &'static Path {
    let xtask = Path::new(env!("CARGO_MANIFEST_DIR"));
    xtask.parent().unwrap_or(xtask)
}

/// A variable of the caller's environment; an empty one counts as unset.
#[expect(clippy::disallowed_methods, reason = "the environment is this tool's configuration")]
pub fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// Whether what is missing is an error instead of a skipped part.
pub fn is_ci() -> bool {
    variable("CI").is_some_and(|value| value != "false")
}
