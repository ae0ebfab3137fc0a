//! The process: reads the command line, sets up telemetry, and runs the command.

use std::process::ExitCode;

use auth_service::cli::{self, Cli, Command};
use service_kit::lifecycle;
use tracing::error;

fn main() -> ExitCode {
    lifecycle::block_on(start())
}

async fn start() -> ExitCode {
    let cli: Cli = settings::parse();
    let (log, service) = (&cli.config.log, env!("CARGO_PKG_NAME"));
    let _telemetry = match cli.command {
        // The doctor prints a report and logs nothing.
        Some(Command::Doctor(_)) => None,
        Some(
            Command::Export(_)
            | Command::Users(_)
            | Command::Audit(_)
            | Command::Keys(_)
            | Command::Clients(_),
        ) => Some(telemetry::init_beside_output(log, service, lifecycle::time_left)),
        _ => Some(telemetry::init(log, service, lifecycle::time_left)),
    };
    match cli::run(cli).await {
        Ok(status) => status,
        Err(failure) => {
            error!(error = %telemetry::Chain(failure.as_ref()), "exiting");
            ExitCode::FAILURE
        }
    }
}
