//! Picks the verb.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "this is a command-line tool")]

use std::process::ExitCode;

use xtask::{Result, bench, check, compose, openapi, test, up};

const HELP: &str = "\
cargo xtask <verb>

  up       builds and starts both services, and the page where there is one
  check    format, lints, documentation, licences: what a change must pass besides the tests
  test     every test, on SQLite and on PostgreSQL, with the real clients
  bench    what a request costs on both engines, with wrk
  compose  builds the images, brings them up with Docker, and tries them
  openapi  writes how the APIs describe themselves into the files that are committed

up reads the variables of both services, and for those that cannot be shared:
  AUTH_PORT, TASKS_PORT                   default: 3000, 8000
  AUTH_DATABASE_URL, TASKS_DATABASE_URL   default: sqlite://data/auth.db, sqlite://data/tasks.db
test reads:
  TEST_DATABASE_URL   a PostgreSQL to use instead of a throw-away one
  TEST_CHROMIUM       a browser to use instead of the installed one
  CI=true             what is missing is an error, never a skipped test
";

fn main() -> ExitCode {
    let verb = std::env::args().nth(1);
    run(verb.as_deref()).unwrap_or_else(|error| {
        eprintln!("error: {error}");
        ExitCode::FAILURE
    })
}

fn run(verb: Option<&str>) -> Result<ExitCode> {
    match verb {
        Some("up") => up::run().map(|()| ExitCode::SUCCESS),
        Some("check") => check::run().map(|()| ExitCode::SUCCESS),
        Some("test") => test::run(),
        Some("bench") => bench::run().map(|()| ExitCode::SUCCESS),
        Some("compose") => compose::run().map(|()| ExitCode::SUCCESS),
        Some("openapi") => openapi::run().map(|()| ExitCode::SUCCESS),
        None | Some("help" | "--help" | "-h") => {
            print!("{HELP}");
            Ok(ExitCode::SUCCESS)
        }
        Some(unknown) => Err(format!("no verb {unknown:?}\n\n{HELP}").into()),
    }
}
