//! Command line: dispatches to one module for each command.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "this is a command-line tool")]

use std::process::ExitCode;

use xtask::{Result, bench, check, compose, docs, openapi, test, up};

const HELP: &str = "\
cargo xtask <command>

  up       Build and start both services, and the web app if Node is installed
  check    Check format, lints, documentation and licenses
  test     Run every test on SQLite and PostgreSQL, with the real clients
  bench    Measure the cost of requests on both engines, with wrk
  compose  Build the images, start them with Docker Compose and test them
  docs     Regenerate the tables of settings in docs/configuration.md
  openapi  Regenerate the committed OpenAPI documents

up reads the variables of both services, and instead of DATABASE_URL, METRICS_ADDRESS and PORT:
  AUTH_PORT, TASKS_PORT                         default: 3000, 8000
  AUTH_DATABASE_URL, TASKS_DATABASE_URL         default: sqlite://data/auth.db, sqlite://data/tasks.db
  AUTH_METRICS_ADDRESS, TASKS_METRICS_ADDRESS   default: no metrics
test reads:
  TEST_DATABASE_URL   PostgreSQL server to use instead of a temporary one
  TEST_CHROMIUM       browser to use instead of the installed Chromium
  TEST_FIREFOX        browser to use instead of the installed Firefox
  CI=true             a missing component is an error instead of a skipped test
bench reads:
  BENCH_AGAINST       folder with both programs of another build, to be measured beside this one
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
        Some("docs") => docs::run().map(|()| ExitCode::SUCCESS),
        Some("openapi") => openapi::run().map(|()| ExitCode::SUCCESS),
        None | Some("help" | "--help" | "-h") => {
            print!("{HELP}");
            Ok(ExitCode::SUCCESS)
        }
        Some(unknown) => Err(format!("unknown command {unknown:?}\n\n{HELP}").into()),
    }
}
