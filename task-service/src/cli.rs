//! The commands that only this service has.

pub mod doctor;
pub mod import;
pub mod transfer;

use std::{error::Error as StdError, process::ExitCode};

use clap::Subcommand;
use operator_tools::transfer::ExportArgs;
use service_kit::{Clock, Commands, LogOutput};
use tracing::info;

use self::{doctor::TokenDoctorArgs, import::ImportArgs};
use crate::{app::TaskService, config::Config};

pub type Cli = service_kit::Cli<Command>;

/// The commands, in addition to those of every service.
#[derive(Clone, Debug, Subcommand)]
pub enum Command {
    /// Export all data to a file, as a backup or to move to another database
    Export(ExportArgs),
    /// Import the tasks of another service, or an export into an empty database
    Import(ImportArgs),
    /// Diagnose configuration problems (read-only); the exit status is 1 if there is a fault, and 0 if
    /// there are only warnings
    Doctor(TokenDoctorArgs),
}

impl Commands for Command {
    type Service = TaskService;

    fn log_output(&self) -> LogOutput {
        match self {
            Self::Doctor(_) => LogOutput::None,
            Self::Import(_) => LogOutput::Stdout,
            Self::Export(_) => LogOutput::Stderr,
        }
    }

    async fn run(self, config: &Config, clock: &Clock) -> Result<ExitCode, Box<dyn StdError>> {
        Ok(match self {
            Self::Export(args) => {
                let tally = transfer::export(config, &args, clock).await?;
                info!(contents = %tally, "exported");
                ExitCode::SUCCESS
            }
            Self::Import(args) => import::run(config, &args, clock).await?,
            Self::Doctor(args) => doctor::run(config, &args).await,
        })
    }
}
