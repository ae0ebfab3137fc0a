//! Errors that occur when a source is read.

use database::{OpenError, Unavailable};
use diesel::ConnectionError;

use super::printable;

#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    #[error("invalid source: {0}")]
    Url(String),
    #[error("{0} does not exist")]
    NoFile(String),
    #[error("{0} is not a regular file; a source is read more than once")]
    NotAFile(String),
    #[error("cannot connect to the source")]
    Unavailable(#[from] SourceUnavailable),
    #[error("cannot read the source")]
    Read(#[source] diesel::result::Error),
    #[error("cannot read the file")]
    Csv(#[from] ::csv::Error),
    /// The reason for rejecting the source. Created by [`SourceError::refused`], which escapes
    /// control characters.
    #[error("{0}; nothing was imported")]
    Refused(String),
}

impl SourceError {
    /// Returns the error for an invalid source. Escapes control characters in the reason, which may
    /// quote the source.
    pub fn refused(reason: impl AsRef<str>) -> Self {
        Self::Refused(printable(reason.as_ref()))
    }
}

#[derive(Debug, thiserror::Error)]
pub enum SourceUnavailable {
    #[error(transparent)]
    Open(#[from] OpenError),
    #[error(transparent)]
    Postgres(#[from] Unavailable),
    #[error(transparent)]
    Sqlite(#[from] ConnectionError),
}
