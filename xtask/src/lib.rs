//! The commands for developers and CI, one module each, and the modules that they share with the
//! end-to-end tests.

#![expect(clippy::print_stdout, reason = "this is a command-line tool")]

pub mod bench;
pub mod check;
pub mod compose;
pub mod docs;
pub mod openapi;
pub mod test;
pub mod up;

mod clients;
mod owner;
pub mod pgbouncer;
pub mod ports;
pub mod postgres;
mod prose;
pub mod service;
mod step;
mod tally;
pub mod walkthrough;

use std::path::Path;

/// Any error. Errors are only printed, so their types do not matter.
pub type Error = Box<dyn std::error::Error + Send + Sync>;
pub type Result<T = ()> = std::result::Result<T, Error>;

/// Returns the root of the workspace.
pub fn root() -> &'static Path {
    let xtask = Path::new(env!("CARGO_MANIFEST_DIR"));
    xtask.parent().unwrap_or(xtask)
}

/// Returns the value of an environment variable; an empty value counts as unset.
#[expect(clippy::disallowed_methods, reason = "the environment is this tool's configuration")]
pub fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// Returns whether this process runs in CI, where a missing program is an error. Elsewhere, the
/// tests that need the program are skipped.
pub fn is_ci() -> bool {
    variable("CI").is_some_and(|value| value != "false")
}
