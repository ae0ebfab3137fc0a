//! Migration errors.

use std::io;

use diesel::ConnectionError;
use settings::ownership::PathError;
use tokio::sync::oneshot;

use super::Conflict;
use crate::{ConnectError, Unavailable};

/// Reasons why migrations could not be run or checked.
#[derive(Debug, thiserror::Error)]
pub enum MigrateError {
    #[error(transparent)]
    Connect(#[from] ConnectError),
    #[error("cannot open the database: {0}")]
    Open(#[from] ConnectionError),
    #[error("cannot use {0}")]
    File(#[from] PathError),
    #[error("a migration failed: {0}")]
    Run(Box<dyn std::error::Error + Send + Sync>),
    #[error("connection lost during a migration: {0}")]
    Lost(Box<dyn std::error::Error + Send + Sync>),
    #[error("cannot start a thread for the migrations: {0}")]
    Thread(#[from] io::Error),
    #[error(transparent)]
    Conflict(Conflict),
    #[error(
        "none of the schemas in the search_path exists; set DATABASE_SCHEMA, which creates one"
    )]
    NoSchema,
    #[error(
        "connections do not use the schema {wanted:?} but {found:?}; a connection pooler does not \
        pass search_path on: set it for the role (ALTER ROLE … IN DATABASE … SET search_path = \
        {wanted}) or in the pooler"
    )]
    SchemaNotUsed { wanted: String, found: String },
    #[error("migrations were interrupted; nothing was changed")]
    Stopped(#[from] oneshot::error::RecvError),
    #[error("the schema is not up to date: run the command `migrate`")]
    Pending,
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

impl MigrateError {
    /// Returns whether a retry may succeed: the database is unavailable, or another process may
    /// still be migrating it. All other errors need an operator.
    pub fn is_temporary(&self) -> bool {
        match self {
            Self::Connect(error) => error.is_temporary(),
            Self::Lost(_) | Self::Pending | Self::Unavailable(_) => true,
            _ => false,
        }
    }
}

impl From<diesel::result::Error> for MigrateError {
    fn from(error: diesel::result::Error) -> Self {
        Self::Run(error.into())
    }
}
