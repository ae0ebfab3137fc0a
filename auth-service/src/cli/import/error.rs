//! Errors that stop an import.

use std::{io, path::PathBuf};

use database::{OpenError, Unavailable, migrate::MigrateError};
use operator_tools::{source::SourceError, transfer::TransferError};

use crate::{config::SecretError, store::StoreError};

/// An error that stops an import. Users of another service that were written before the error stay
/// in the database, and a repeated run recognizes them. An export is imported completely or not at
/// all.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    #[error(transparent)]
    Source(#[from] SourceError),
    #[error(
        "with `--from export`, the default, the source must be a file written by `export`: {0}"
    )]
    NotAnExport(&'static str),
    #[error("cannot read {0}")]
    File(PathBuf, #[source] io::Error),
    #[error(
        "--sessions, --update, --firebase-config, --dry-run, --table and --column do not apply to an export, which is imported as a whole"
    )]
    ExportIsTakenWhole,
    #[error("--sessions requires --from better-auth; nothing was imported")]
    SessionsOfBetterAuthOnly,
    #[error(
        "--sessions needs BETTER_AUTH_SECRET, set to the secret of the old server: cookies \
         signed with another secret are not accepted; nothing was imported"
    )]
    SessionsNeedSecret,
    #[error(transparent)]
    Transfer(#[from] TransferError),
    #[error(transparent)]
    Open(#[from] OpenError),
    #[error("cannot use DATABASE_URL")]
    Migrate(#[from] MigrateError),
    #[error("the database is unavailable")]
    Unavailable(#[from] Unavailable),
    #[error("a database statement failed; if users signed up in the meantime, repeat the import")]
    Target(#[from] StoreError),
    #[error(transparent)]
    Secret(#[from] SecretError),
    #[error("cannot encrypt a token")]
    Seal(#[from] aws_lc_rs::error::Unspecified),
    #[error("cannot write the report")]
    Report(#[from] io::Error),
}
