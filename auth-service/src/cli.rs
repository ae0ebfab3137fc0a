//! Definition and dispatch of this service's own commands.

pub mod audit_log;
pub mod clients;
pub mod command;
pub mod doctor;
pub mod import;
pub mod keys;
mod output;
pub mod transfer;
pub mod users;

use std::{error::Error as StdError, process::ExitCode};

use clap::Subcommand;
use operator_tools::{doctor::DoctorArgs, transfer::ExportArgs};
use service_kit::{Clock, Commands, LogOutput};
use tracing::info;

use self::{
    audit_log::AuditLogArgs, clients::ClientsArgs, import::ImportArgs, keys::KeysArgs,
    users::UsersArgs,
};
use crate::{app::AuthService, config::Config};

pub type Cli = service_kit::Cli<Command>;

/// The commands, in addition to those of every service.
#[derive(Clone, Debug, Subcommand)]
pub enum Command {
    /// Export all data to a file, as a backup or to move to another database
    Export(ExportArgs),
    /// Import an exported file, or the users of another service; without --update, existing rows
    /// are not changed
    Import(ImportArgs),
    /// Manage users: list, create, disable or delete them, or end their sessions
    Users(UsersArgs),
    /// List entries of the audit log, newest first
    Audit(AuditLogArgs),
    /// Manage signing keys: list, rotate and revoke them
    Keys(KeysArgs),
    /// Manage clients: machines that get access tokens with a secret of their own
    Clients(ClientsArgs),
    /// Diagnose configuration problems (read-only); the exit status is 1 if there is a fault, and 0 if
    /// there are only warnings
    Doctor(DoctorArgs),
}

impl Commands for Command {
    type Service = AuthService;

    fn log_output(&self) -> LogOutput {
        match self {
            Self::Doctor(_) => LogOutput::None,
            Self::Import(_) => LogOutput::Stdout,
            Self::Export(_)
            | Self::Users(_)
            | Self::Audit(_)
            | Self::Keys(_)
            | Self::Clients(_) => LogOutput::Stderr,
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
            Self::Users(args) => users::run(config, &args, clock).await?,
            Self::Audit(args) => {
                audit_log::run(config, &args, clock).await?;
                ExitCode::SUCCESS
            }
            Self::Keys(args) => keys::run(config, &args, clock).await?,
            Self::Clients(args) => clients::run(config, &args, clock).await?,
            Self::Doctor(args) => doctor::run(config, args).await,
        })
    }
}
