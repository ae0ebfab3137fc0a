//! The process.

use std::process::ExitCode;

use task_service::cli::Command;

fn main() -> ExitCode {
    service_kit::run::<Command>()
}
