//! The command line, which dispatches each command to its own module.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "this is a command-line tool")]

use std::process::ExitCode;

use xtask::{
    Result, bench, check, compose, docs, openapi,
    test::{self, Part},
    up,
};

const HELP: &str = "\
cargo xtask <command>

  up       Build and start both services, and the web app if Node is installed
  check    Check formatting, lints, documentation, licenses and spelling
  test     Run every test on SQLite and PostgreSQL, with the real clients; test engines and test
           clients run one of the two parts
  bench    Measure the cost of requests on both engines, with wrk. bench create update measures only
           these operations, in more rounds; bench events measures the delay and the cost of
           revocations instead
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
  BENCH_AGAINST       folder with both programs of another build, to measure alongside this one
";

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
    run(&arguments).unwrap_or_else(|error| {
        eprintln!("error: {error}");
        ExitCode::FAILURE
    })
}

fn run(arguments: &[&str]) -> Result<ExitCode> {
    match arguments {
        ["up"] => up::run()?,
        ["check"] => check::run()?,
        ["test"] => return test::run(Part::All),
        ["test", "engines"] => return test::run(Part::Engines),
        ["test", "clients"] => return test::run(Part::Clients),
        ["bench", "events"] => bench::events::run()?,
        ["bench", operations @ ..] => bench::run(operations)?,
        ["compose"] => compose::run()?,
        ["docs"] => docs::run()?,
        ["openapi"] => openapi::run()?,
        [] | ["help" | "--help" | "-h"] => print!("{HELP}"),
        unknown => {
            return Err(format!("unknown command {:?}\n\n{HELP}", unknown.join(" ")).into());
        }
    }
    Ok(ExitCode::SUCCESS)
}
