//! Errors that occur when a database is opened or used.

use std::io;

use diesel::{QueryResult, result::DatabaseErrorKind};
use settings::ownership::PathError;

use super::ConnectError;

/// Reasons why no connection is available.
#[derive(Debug, thiserror::Error)]
pub enum Unavailable {
    #[error("no database connection")]
    Connect(#[from] ConnectError),
    #[error("no database connection: {0}")]
    Pool(String),
    #[error("timeout while waiting for a database connection")]
    TimedOut,
    #[error("too many statements in flight")]
    Overloaded,
    #[error("database migrations are pending")]
    NotMigrated,
}

impl Unavailable {
    /// Returns whether the error is expected while the service is starting.
    pub fn is_expected(&self) -> bool {
        matches!(self, Self::NotMigrated)
    }
}

/// Reasons why a database cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("DATABASE_URL: cannot use {0}")]
    File(#[from] PathError),
    #[error("cannot start threads for the database: {0}")]
    Threads(io::Error),
    #[error(transparent)]
    Pool(#[from] deadpool::managed::BuildError),
}

/// A conversion from a query's violation of a unique constraint to an application error.
pub trait OnConflict<T> {
    fn on_conflict<E: From<diesel::result::Error>>(self, meaning: E) -> Result<T, E>;
}

impl<T> OnConflict<T> for QueryResult<T> {
    fn on_conflict<E: From<diesel::result::Error>>(self, meaning: E) -> Result<T, E> {
        self.map_err(|error| match error {
            diesel::result::Error::DatabaseError(DatabaseErrorKind::UniqueViolation, _) => meaning,
            other => other.into(),
        })
    }
}

/// Returns whether a query failed because of the database (unavailable, restarting, overloaded)
/// rather than because of the program. Unknown errors count as outages, because the engines report
/// restarts, full disks and timeouts without a distinct class.
pub fn is_outage(error: &diesel::result::Error) -> bool {
    use DatabaseErrorKind::{
        ClosedConnection, ReadOnlyTransaction, SerializationFailure, UnableToSendCommand, Unknown,
    };
    matches!(
        error,
        diesel::result::Error::BrokenTransactionManager
            | diesel::result::Error::DatabaseError(
                ClosedConnection
                    | ReadOnlyTransaction
                    | SerializationFailure
                    | UnableToSendCommand
                    | Unknown,
                _
            )
    )
}
