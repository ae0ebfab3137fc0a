//! Entry point of the service.

use std::process::ExitCode;

use task_service::cli::Command;

fn main() -> ExitCode {
    service_kit::run::<Command>()
}
