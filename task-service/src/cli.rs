//! The command line: the settings, and the commands other than running the server.

pub mod doctor;
pub mod import;
pub mod transfer;

use std::{
    io::{self, Write as _},
    process::ExitCode,
};

use clap::{Parser, Subcommand};
use operator_tools::transfer::ExportArgs;
use service_kit::{Clock, health};
use tracing::info;

use self::{doctor::TokenDoctorArgs, import::ImportArgs};
use crate::{app::App, config::Config, domain::migration, openapi::ApiDoc};

/// Task API: stores the tasks of the user named by a verified access token.
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
    /// Export all data to a file, as a backup or to move to another database
    Export(ExportArgs),
    /// Import the tasks of another service, or an export into an empty database
    Import(ImportArgs),
    /// Check that the service running with this configuration is ready
    Health,
    /// Print the OpenAPI document
    Openapi,
    /// Diagnose configuration problems (read-only); the exit status is 1 if there is a fault, and 0 if
    /// there are only warnings
    Doctor(TokenDoctorArgs),
}

/// Runs the command, or the service if no command is given.
pub async fn run(cli: Cli) -> Result<ExitCode, Box<dyn std::error::Error>> {
    let Cli { command, mut config } = cli;
    config.database_url = config.database_url.with_schema(config.database_schema.as_ref())?;
    config.database_url.set_pooler(config.database.database_pooler);
    match command {
        Some(Command::Migrate) => {
            migration::run(&config.database_url).await?;
            info!("the schema is up to date");
        }
        Some(Command::Export(args)) => {
            let tally = transfer::export(&config, &args, &Clock::default()).await?;
            info!(contents = %tally, "exported");
        }
        Some(Command::Import(args)) => {
            return Ok(import::run(&config, &args, &Clock::default()).await?);
        }
        Some(Command::Health) => health::check(&config.host, config.port).await?,
        Some(Command::Openapi) => io::stdout().write_all(ApiDoc::json()?.as_bytes())?,
        Some(Command::Doctor(args)) => return Ok(doctor::run(&config, &args).await),
        None => App::build(config, Clock::default())?.run().await?,
    }
    Ok(ExitCode::SUCCESS)
}
