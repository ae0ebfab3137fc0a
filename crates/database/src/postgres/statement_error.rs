//! Converts PostgreSQL errors into those of diesel.

use std::{error::Error as StdError, io};

use diesel::result::{DatabaseErrorInformation, DatabaseErrorKind, Error};
use tokio_postgres::error::{DbError, ErrorPosition, SqlState};

/// Reasons why a statement failed.
pub(super) enum PgError {
    /// The connection is closed or closing.
    Lost(tokio_postgres::Error),
    Failed(tokio_postgres::Error),
    TimedOut,
}

impl From<tokio_postgres::Error> for PgError {
    fn from(error: tokio_postgres::Error) -> Self {
        if is_lost(&error) { Self::Lost(error) } else { Self::Failed(error) }
    }
}

fn is_lost(error: &tokio_postgres::Error) -> bool {
    if let Some(code) = error.code() {
        return *code == SqlState::ADMIN_SHUTDOWN
            || *code == SqlState::CRASH_SHUTDOWN
            || *code == SqlState::CANNOT_CONNECT_NOW;
    }
    let is_io = |cause: &(dyn StdError + 'static)| cause.is::<io::Error>();
    error.is_closed() || error.source().is_some_and(is_io)
}

impl From<PgError> for Error {
    fn from(error: PgError) -> Self {
        match error {
            PgError::Lost(error) | PgError::Failed(error) => to_diesel(&error),
            PgError::TimedOut => outage("no response from the database in time"),
        }
    }
}

/// Returns the error for a database that is temporarily unavailable.
pub(super) fn outage(reason: &str) -> Error {
    Error::DatabaseError(DatabaseErrorKind::UnableToSendCommand, Box::new(reason.to_owned()))
}

pub(super) fn to_diesel(error: &tokio_postgres::Error) -> Error {
    match error.as_db_error() {
        Some(error) => {
            Error::DatabaseError(kind(error.code()), Box::new(Information(error.clone())))
        }
        None => outage(&error.to_string()),
    }
}

fn kind(code: &SqlState) -> DatabaseErrorKind {
    match *code {
        SqlState::UNIQUE_VIOLATION => DatabaseErrorKind::UniqueViolation,
        SqlState::FOREIGN_KEY_VIOLATION => DatabaseErrorKind::ForeignKeyViolation,
        SqlState::RESTRICT_VIOLATION => DatabaseErrorKind::RestrictViolation,
        SqlState::EXCLUSION_VIOLATION => DatabaseErrorKind::ExclusionViolation,
        SqlState::T_R_SERIALIZATION_FAILURE => DatabaseErrorKind::SerializationFailure,
        SqlState::READ_ONLY_SQL_TRANSACTION => DatabaseErrorKind::ReadOnlyTransaction,
        SqlState::NOT_NULL_VIOLATION => DatabaseErrorKind::NotNullViolation,
        SqlState::CHECK_VIOLATION => DatabaseErrorKind::CheckViolation,
        _ => DatabaseErrorKind::Unknown,
    }
}

struct Information(DbError);

impl DatabaseErrorInformation for Information {
    fn message(&self) -> &str {
        self.0.message()
    }

    fn details(&self) -> Option<&str> {
        self.0.detail()
    }

    fn hint(&self) -> Option<&str> {
        self.0.hint()
    }

    fn table_name(&self) -> Option<&str> {
        self.0.table()
    }

    fn column_name(&self) -> Option<&str> {
        self.0.column()
    }

    fn constraint_name(&self) -> Option<&str> {
        self.0.constraint()
    }

    fn statement_position(&self) -> Option<i32> {
        let (ErrorPosition::Original(position) | ErrorPosition::Internal { position, .. }) =
            self.0.position()?;
        i32::try_from(*position).ok()
    }
}
