//! Where key sets come from: HTTP, or whatever an application has.

use std::{error::Error as StdError, future::Future, pin::Pin};

use serde_json::Value;

/// A key set on its way: the bytes of a JWK set (RFC 7517 §5).
pub type Fetching<'a> = Pin<Box<dyn Future<Output = Result<Vec<u8>, FetchError>> + Send + 'a>>;

/// Where an issuer's key set comes from. `TrustedIssuer::new` makes one that asks by HTTP; write
/// your own for another HTTP client, a file, or a secret store.
///
/// It is called in the background, one call at a time, and given up after `fetch_timeout`.
pub trait KeySource: Send + Sync + 'static {
    /// Fetches the set once. Trying again is the caller's business.
    fn fetch(&self) -> Fetching<'_>;
}

/// Why a key set did not come. The text and its causes are logged, so they must not hold secrets.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct FetchError(Box<dyn StdError + Send + Sync>);

impl FetchError {
    /// From an error or a text.
    pub fn new(cause: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self(cause.into())
    }
}

/// A key set that never changes.
#[derive(Clone, Debug)]
pub struct FixedKeys(Vec<u8>);

impl FixedKeys {
    /// `jwks` is a JWK set (RFC 7517 §5).
    pub fn new(jwks: &Value) -> Self {
        Self(jwks.to_string().into_bytes())
    }
}

impl KeySource for FixedKeys {
    fn fetch(&self) -> Fetching<'_> {
        Box::pin(async { Ok(self.0.clone()) })
    }
}
