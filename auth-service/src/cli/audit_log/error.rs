//! Errors of `auth-service audit`.

use std::io;

use service_kit::{
    db::{OpenError, Unavailable},
    migrate::MigrateError,
};

use crate::store::StoreError;

#[derive(Debug, thiserror::Error)]
pub enum AuditLogError {
    #[error("no user has the e-mail address {0:?}; entries about a deleted user have no address")]
    UserNotFound(String),
    #[error("there is no database yet")]
    NoDatabase,
    #[error("cannot use DATABASE_URL")]
    Migrate(#[from] MigrateError),
    #[error(transparent)]
    Open(#[from] OpenError),
    #[error("cannot write the output: {0}")]
    Output(#[from] io::Error),
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
    #[error("database query failed")]
    Sql(#[from] StoreError),
}
