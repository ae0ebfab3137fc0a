//! Errors of the issuer.

use aws_lc_rs::error::{KeyRejected, Unspecified};
use database::{Unavailable, is_outage};

use crate::{domain::secret_box::WrongSecret, store::StoreError};

#[derive(Debug, thiserror::Error)]
pub(crate) enum IssuerError {
    #[error(transparent)]
    WrongSecret(#[from] WrongSecret),
    #[error("there is no signing key")]
    NoKey,
    #[error("cryptographic operation failed")]
    Crypto,
    #[error("cannot sign the access token")]
    Sign(#[from] jsonwebtoken::errors::Error),
    #[error("cannot serialize the access token")]
    Write(#[from] serde_json::Error),
    #[error("time out of range")]
    Time,
    #[error("database unavailable")]
    Unavailable(#[from] Unavailable),
    #[error("database query failed")]
    Sql(#[from] StoreError),
}

impl From<Unspecified> for IssuerError {
    fn from(_: Unspecified) -> Self {
        Self::Crypto
    }
}

impl From<KeyRejected> for IssuerError {
    fn from(_: KeyRejected) -> Self {
        Self::Crypto
    }
}

impl IssuerError {
    /// Returns whether a retry may succeed.
    pub(crate) fn is_temporary(&self) -> bool {
        match self {
            Self::Unavailable(_) => true,
            Self::Sql(error) => is_outage(error),
            _ => false,
        }
    }
}
