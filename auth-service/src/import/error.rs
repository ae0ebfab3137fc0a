//! Why an import ends early.

use std::io;

use service_kit::{
    db::{OpenError, Unavailable},
    migrate::MigrateError,
    transfer::TransferError,
};

use crate::config::SecretError;

/// Why an import stopped. What was written until then stays, and is found when it is repeated.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    #[error("the source is no database URL: {0}")]
    SourceUrl(String),
    #[error("--from is not given, so an export is taken over: {0}")]
    NoExport(&'static str),
    #[error("there is no {0}")]
    NoFile(String),
    #[error("the source cannot be read")]
    SourceUnavailable(#[source] Unavailable),
    #[error("the source is no database of Better Auth")]
    Source(#[source] diesel::result::Error),
    #[error("the file cannot be read")]
    Csv(#[from] ::csv::Error),
    #[error("the file has no column `email`")]
    NoEmailColumn,
    #[error(
        "--sessions and --dry-run are for the users of another service; an export is taken whole"
    )]
    TakenWhole,
    #[error(transparent)]
    Transfer(#[from] TransferError),
    #[error(transparent)]
    Open(#[from] OpenError),
    #[error("DATABASE_URL")]
    Migrate(#[from] MigrateError),
    #[error("the database is out of reach")]
    Unavailable(#[from] Unavailable),
    #[error("the database")]
    Target(#[from] diesel::result::Error),
    #[error(transparent)]
    Secret(#[from] SecretError),
    #[error("a token could not be sealed")]
    Seal(#[from] aws_lc_rs::error::Unspecified),
    #[error("the report cannot be written")]
    Report(#[from] io::Error),
}
