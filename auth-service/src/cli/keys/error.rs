//! Errors of `auth-service keys`.

use crate::{
    cli::command::CommandError,
    config::SecretError,
    domain::{issuer::IssuerError, secret_box::WrongSecret},
};

#[derive(Debug, thiserror::Error)]
pub(super) enum KeysError {
    #[error("there is no signing key {0:?}")]
    KeyNotFound(String),
    #[error("there is no signing key yet; the service creates the first one when it starts")]
    NoKeys,
    #[error("BETTER_AUTH_SECRET is not set: set it to the secret of the service")]
    NoSecret,
    #[error(
        "JWT_GRACE_PERIOD must exceed JWT_EXPIRES_IN: a key must stay published as long as its tokens are valid"
    )]
    GracePeriod,
    #[error("cannot derive a key from BETTER_AUTH_SECRET")]
    Crypto,
}

impl From<KeysError> for CommandError {
    fn from(error: KeysError) -> Self {
        Self::failed(error)
    }
}

impl From<SecretError> for CommandError {
    fn from(error: SecretError) -> Self {
        Self::failed(error)
    }
}

impl From<IssuerError> for CommandError {
    fn from(error: IssuerError) -> Self {
        Self::failed(error)
    }
}

impl From<WrongSecret> for CommandError {
    fn from(error: WrongSecret) -> Self {
        Self::failed(error)
    }
}
