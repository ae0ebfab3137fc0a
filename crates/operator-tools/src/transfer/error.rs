//! The error type of exports and imports.

use std::{io, path::PathBuf};

use database::{OpenError, Unavailable, migrate::MigrateError};

/// Errors during an export or import. Messages do not contain values of rows, which may be secret.
#[derive(Debug, thiserror::Error)]
pub enum TransferError {
    #[error("{0} does not exist")]
    NoDatabase(PathBuf),
    #[error("the database in DATABASE_URL does not belong to {0}: none of its migrations has run")]
    NoSchema(&'static str),
    #[error("the schema is not up to date: run `{0} migrate` first")]
    OldSchema(&'static str),
    #[error("the schema was created by a newer version of {0}")]
    NewSchema(&'static str),
    #[error("{0} is not a regular file; omit it to write to standard output")]
    NotAFile(PathBuf),
    #[error("cannot read {0}")]
    Read(PathBuf, #[source] io::Error),
    #[error("cannot write the export")]
    Write(#[from] io::Error),
    /// A problem on a line; lines are counted from 1.
    #[error("line {number}: {what}")]
    Line { number: u64, what: String },
    #[error("lines {first} to {last}: the rows cannot be stored")]
    Lines {
        first: u64,
        last: u64,
        #[source]
        error: diesel::result::Error,
    },
    #[error("DATABASE_URL already contains other rows ({}): import into an empty database",
        .0.iter().map(|(table, count)| format!("{count} {table}")).collect::<Vec<_>>().join(", "))]
    NotEmpty(Vec<(&'static str, u64)>),
    #[error("verification failed: the database does not contain what was written")]
    Differs,
    #[error("database query failed")]
    Database(#[from] diesel::result::Error),
    #[error(transparent)]
    Open(#[from] OpenError),
    #[error("cannot use DATABASE_URL")]
    Migrate(#[from] MigrateError),
    #[error("database unavailable")]
    Unavailable(#[from] Unavailable),
}
