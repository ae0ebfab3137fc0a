//! The command line: the settings and the commands.

pub mod audit_log;
pub mod clients;
pub mod command;
pub mod doctor;
pub mod import;
pub mod keys;
mod output;
pub mod transfer;
pub mod users;

use std::{
    io::{self, Write as _},
    process::ExitCode,
};

use clap::{Parser, Subcommand};
use database::migrate;
use operator_tools::{doctor::DoctorArgs, transfer::ExportArgs};
use service_kit::{Clock, health};
use tracing::info;

use self::{
    audit_log::AuditLogArgs, clients::ClientsArgs, import::ImportArgs, keys::KeysArgs,
    users::UsersArgs,
};
use crate::{MIGRATIONS, app::App, config::Config, openapi};

/// Identity service: accounts, sessions, EdDSA access tokens and their public keys.
///
/// Each option can also be set by the environment variable shown beside it.
#[derive(Clone, Debug, Parser)]
#[command(version)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Option<Command>,

    #[command(flatten)]
    pub config: Config,
}

#[derive(Clone, Debug, Subcommand)]
pub enum Command {
    /// Run pending database migrations
    Migrate,
    /// Print the OpenAPI document
    Openapi,
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
    /// Check that the service running with this configuration is ready
    Health,
    /// Diagnose configuration problems (read-only); the exit status is 1 if there is a fault, and 0 if
    /// there are only warnings
    Doctor(DoctorArgs),
}

/// Runs the command, or the service if no command is given.
pub async fn run(cli: Cli) -> Result<ExitCode, Box<dyn std::error::Error>> {
    let Cli { command, mut config } = cli;
    config.database_url = config.database_url.with_schema(config.database_schema.as_ref())?;
    config.database_url.set_pooler(config.database.database_pooler);
    let clock = Clock::default();
    match command {
        Some(Command::Migrate) => {
            migrate::run(&config.database_url, MIGRATIONS).await?;
            info!("the schema is up to date");
        }
        Some(Command::Openapi) => io::stdout().write_all(openapi::json()?.as_bytes())?,
        Some(Command::Export(args)) => {
            let tally = transfer::export(&config, &args, &clock).await?;
            info!(contents = %tally, "exported");
        }
        Some(Command::Health) => health::check(&config.host, config.port).await?,
        Some(Command::Import(args)) => return Ok(import::run(&config, &args, &clock).await?),
        Some(Command::Users(args)) => return Ok(users::run(&config, &args, &clock).await?),
        Some(Command::Audit(args)) => audit_log::run(&config, &args, &clock).await?,
        Some(Command::Keys(args)) => return Ok(keys::run(&config, &args, &clock).await?),
        Some(Command::Clients(args)) => return Ok(clients::run(&config, &args, &clock).await?),
        Some(Command::Doctor(args)) => return Ok(doctor::run(&config, args).await),
        None => App::build(config, clock)?.run().await?,
    }
    Ok(ExitCode::SUCCESS)
}
