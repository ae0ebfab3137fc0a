//! The interface of key sources, and a source that never changes.

use std::{error::Error as StdError, future::Future, pin::Pin};

use serde_json::Value;

/// A pending fetch of a JWK set (RFC 7517 §5), as bytes.
pub type Fetching<'a> = Pin<Box<dyn Future<Output = Result<Vec<u8>, FetchError>> + Send + 'a>>;

/// Source of an issuer's key set. `TrustedIssuer::new` uses HTTP; implement this trait for an HTTP
/// library other than reqwest, a file, or a secret store.
///
/// Fetches run in the background, one at a time, and are canceled after `fetch_timeout`.
pub trait KeySource: Send + Sync + 'static {
    /// Fetches the key set once. The caller retries.
    fn fetch(&self) -> Fetching<'_>;

    /// Returns the proxy that the source uses, if there is one, without its credentials.
    fn proxy(&self) -> Option<String> {
        None
    }
}

/// Error of a failed fetch. Its message and its causes are logged, so they must not contain
/// secrets.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct FetchError(Box<dyn StdError + Send + Sync>);

impl FetchError {
    /// Creates the error from its cause, which is an error or a message.
    pub fn new(cause: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self(cause.into())
    }
}

/// A key set that never changes.
#[derive(Clone, Debug)]
pub struct FixedKeys(Vec<u8>);

impl FixedKeys {
    /// Creates a source that always returns `jwks`, a JWK set (RFC 7517 §5).
    pub fn new(jwks: &Value) -> Self {
        Self(jwks.to_string().into_bytes())
    }
}

impl KeySource for FixedKeys {
    fn fetch(&self) -> Fetching<'_> {
        Box::pin(async { Ok(self.0.clone()) })
    }
}
