//! Entry point of the service.

use std::process::ExitCode;

use auth_service::cli::Command;

fn main() -> ExitCode {
    service_kit::run::<Command>()
}
