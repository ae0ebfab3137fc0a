//! Errors that stop an import.

use std::io;

use service_kit::{
    db::{OpenError, Unavailable},
    source::SourceError,
    transfer::TransferError,
};

use crate::migrate;

/// An error that stops an import, in which case nothing is imported.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    #[error(transparent)]
    Source(#[from] SourceError),
    #[error("--owners")]
    Owners(#[source] SourceError),
    #[error("--users")]
    Users(#[source] SourceError),
    #[error("--from is not given, so the source must be a file of `export`: {0}")]
    NotAnExport(&'static str),
    #[error(
        "an export is imported as a whole: --owners, --users, --dry-run, --report, --table and --column \
         are for the tasks of another service"
    )]
    ExportIsTakenWhole,
    #[error(
        "--owners is needed: same if the ids of the users are the same here, by-email with --users if \
         their addresses are, or a file that tells the new id of each"
    )]
    NoOwners,
    #[error(
        "addresses of owners need --users, an export of auth-service, which tells whose they are"
    )]
    NoUsers,
    #[error(transparent)]
    Transfer(#[from] TransferError),
    #[error(transparent)]
    Open(#[from] OpenError),
    #[error("DATABASE_URL")]
    Migrate(#[from] migrate::Error),
    #[error("the database is unavailable")]
    Unavailable(#[from] Unavailable),
    #[error("a statement failed in the database; nothing was imported")]
    Target(#[from] diesel::result::Error),
    #[error("cannot write the report")]
    Report(#[from] io::Error),
    #[error("--report: cannot write the file")]
    ReportFile(#[source] TransferError),
    #[error("--report: cannot write the file")]
    ReportLine(#[from] ::csv::Error),
}
