//! Why an export or an import ends early.

use std::{io, path::PathBuf};

use crate::{
    db::{OpenError, Unavailable},
    migrate::MigrateError,
};

/// Nothing was written then. Values of rows are not repeated: they are secrets.
#[derive(Debug, thiserror::Error)]
pub enum TransferError {
    #[error("there is no {0}")]
    NoDatabase(PathBuf),
    #[error("DATABASE_URL is no database of {0}")]
    NoSchema(&'static str, #[source] diesel::result::Error),
    #[error("the schema is not up to date: run `{0} migrate` first")]
    OldSchema(&'static str),
    #[error("the schema is that of a newer {0}, or of another service")]
    NewSchema(&'static str),
    #[error("{0} is not a regular file; without it everything goes to standard output")]
    NotAFile(PathBuf),
    #[error("cannot read {0}")]
    Read(PathBuf, #[source] io::Error),
    #[error("cannot write the export")]
    Write(#[from] io::Error),
    /// Counted from 1.
    #[error("line {number}: {what}")]
    Line { number: u64, what: String },
    #[error("lines {first} to {last}: the rows cannot be stored")]
    Lines {
        first: u64,
        last: u64,
        #[source]
        error: diesel::result::Error,
    },
    #[error("DATABASE_URL holds other rows than these already ({}): import into an empty database",
        .0.iter().map(|(table, count)| format!("{count} {table}")).collect::<Vec<_>>().join(", "))]
    NotEmpty(Vec<(&'static str, u64)>),
    #[error("read again, the database does not hold what was written")]
    Differs,
    #[error("the database")]
    Database(#[from] diesel::result::Error),
    #[error(transparent)]
    Open(#[from] OpenError),
    #[error("DATABASE_URL")]
    Migrate(#[from] MigrateError),
    #[error("the database is out of reach")]
    Unavailable(#[from] Unavailable),
}
