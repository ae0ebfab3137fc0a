//! Errors that stop an import.

use std::io;

use database::{OpenError, Unavailable};
use operator_tools::{source::SourceError, transfer::TransferError};

use crate::{domain::migration, store::StoreError};

/// An error that stops an import. Nothing is imported, unless only writing the report failed at the
/// end.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    #[error(transparent)]
    Source(#[from] SourceError),
    #[error("invalid --owners")]
    Owners(#[source] SourceError),
    #[error("invalid --users")]
    Users(#[source] SourceError),
    #[error(
        "with `--from export`, the default, the source must be a file written by `export`: {0}"
    )]
    NotAnExport(&'static str),
    #[error(
        "--owners, --users, --dry-run, --report, --table and --column do not apply to an export, which \
         is imported as a whole"
    )]
    ExportIsTakenWhole,
    #[error(
        "--owners is required: same if users keep their ids, by-email with --users if they keep their \
         addresses, or a file that maps old ids to new ones"
    )]
    NoOwners,
    #[error("mapping owners by address requires --users, an export of auth-service")]
    NoUsers,
    #[error(transparent)]
    Transfer(#[from] TransferError),
    #[error(transparent)]
    Open(#[from] OpenError),
    #[error("cannot use DATABASE_URL")]
    Migrate(#[from] migration::Error),
    #[error("the database is unavailable")]
    Unavailable(#[from] Unavailable),
    #[error("a database statement failed; nothing was imported")]
    Target(#[from] StoreError),
    #[error("cannot write the report")]
    Report(#[from] io::Error),
    #[error("--report: cannot write the file")]
    ReportFile(#[source] TransferError),
    #[error("--report: cannot write the file")]
    ReportLine(#[from] ::csv::Error),
}
