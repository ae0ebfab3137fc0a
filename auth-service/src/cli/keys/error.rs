//! Errors of `auth-service keys`.

use std::{error::Error as StdError, io};

use service_kit::{
    db::{OpenError, Unavailable},
    migrate::MigrateError,
};

use crate::{
    config::SecretError,
    domain::{issuer::IssuerError, secret_box::WrongSecret},
    store::StoreError,
};

#[derive(Debug, thiserror::Error)]
pub enum KeysError {
    #[error("there is no signing key {0:?}")]
    KeyNotFound(String),
    #[error("revoking a key cannot be undone: confirm it with --yes")]
    Unconfirmed,
    #[error("nothing was revoked")]
    Declined,
    #[error("there is no database yet")]
    NoDatabase,
    #[error("there is no signing key yet; the service creates the first one when it starts")]
    NoKeys,
    #[error(
        "JWT_GRACE_PERIOD must exceed JWT_EXPIRES_IN: a key must stay published as long as its tokens are valid"
    )]
    GracePeriod,
    #[error("cannot derive a key from BETTER_AUTH_SECRET")]
    Crypto,
    #[error(transparent)]
    Secret(#[from] SecretError),
    #[error("cannot use DATABASE_URL")]
    Migrate(#[from] MigrateError),
    #[error(transparent)]
    Open(#[from] OpenError),
    #[error("cannot read the input or write the output: {0}")]
    Io(#[from] io::Error),
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
    #[error("database query failed")]
    Sql(#[from] StoreError),
    #[error(transparent)]
    Failed(Box<dyn StdError + Send + Sync>),
}

impl From<IssuerError> for KeysError {
    fn from(error: IssuerError) -> Self {
        Self::Failed(error.into())
    }
}

impl From<WrongSecret> for KeysError {
    fn from(error: WrongSecret) -> Self {
        Self::Failed(error.into())
    }
}
