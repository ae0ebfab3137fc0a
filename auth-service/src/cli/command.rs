//! Code shared by the commands that use the database: errors, arguments, opening the database, the
//! request for confirmation, and the exit status.

use std::{error::Error as StdError, io, process::ExitCode};

use clap::Args;
use database::{
    Database, OpenError, Unavailable,
    migrate::{self, MigrateError},
};
use operator_tools::{prompt, source::printable};
use tracing::error;

use crate::{MIGRATIONS, config::Config, store::StoreError};

/// Exit status for incorrect usage, the same as clap's.
const USAGE: u8 = 2;

#[derive(Args, Clone, Debug)]
pub(super) struct FormatArgs {
    /// Print JSON, one object per line
    #[arg(long, global = true)]
    pub(super) json: bool,
}

#[derive(Args, Clone, Debug)]
pub(super) struct ConfirmArgs {
    /// Do not ask for confirmation; required without a terminal
    #[arg(long)]
    yes: bool,
}

/// Reason why a command failed.
#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    #[error("{0} cannot be undone: confirm it with --yes")]
    Unconfirmed(&'static str),
    #[error("nothing was changed")]
    Declined,
    #[error("there is no database yet; the service creates it, and so does `migrate`")]
    NoDatabase,
    #[error("cannot use DATABASE_URL")]
    Migrate(#[from] MigrateError),
    #[error(transparent)]
    Open(#[from] OpenError),
    #[error("cannot read the input or write the output: {0}")]
    Io(#[from] io::Error),
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
    #[error("database query failed")]
    Sql(#[from] StoreError),
    #[error(transparent)]
    Failed(Box<dyn StdError + Send + Sync>),
}

impl CommandError {
    pub(super) fn failed(error: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self::Failed(error.into())
    }
}

impl ConfirmArgs {
    /// Asks for confirmation, unless it was given on the command line. `what` names the change, such
    /// as "deleting a user".
    pub(super) fn ask(&self, what: &'static str, question: &str) -> Result<(), CommandError> {
        if self.yes {
            return Ok(());
        }
        if !prompt::is_interactive() {
            return Err(CommandError::Unconfirmed(what));
        }
        if prompt::confirm(&printable(question))? { Ok(()) } else { Err(CommandError::Declined) }
    }
}

/// Opens the database. Returns an error unless it exists and its schema is up to date.
pub(super) async fn open(config: &Config) -> Result<Database, CommandError> {
    let url = &config.server.database_url;
    let database = Database::open_existing(url)?.ok_or(CommandError::NoDatabase)?;
    migrate::check(url, &MIGRATIONS).await?;
    Ok(database)
}

/// Returns the exit status of a command. A missing confirmation counts as incorrect usage.
pub(super) fn exit_code(done: Result<(), CommandError>) -> Result<ExitCode, CommandError> {
    match done {
        Err(failed @ CommandError::Unconfirmed(_)) => {
            error!(error = %failed, "incorrect usage");
            Ok(ExitCode::from(USAGE))
        }
        done => done.map(|()| ExitCode::SUCCESS),
    }
}
