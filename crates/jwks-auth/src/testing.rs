//! An in-memory issuer for tests of services that verify tokens. It signs valid and invalid tokens,
//! and its keys need no server.

mod private_key;

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use tokio::sync::watch;

use crate::{
    Algorithm,
    source::{FetchError, Fetching, KeySource},
};
use private_key::PrivateKey;

/// An issuer that signs valid and invalid tokens. Serve [`Issuer::jwks`] at the URL from which the
/// service under test fetches its keys, or pass [`Issuer::keys`] to the verifier.
#[derive(Clone)]
pub struct Issuer {
    kid: String,
    algorithm: Algorithm,
    key: Arc<PrivateKey>,
}

impl fmt::Debug for Issuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Issuer").field("kid", &self.kid).finish_non_exhaustive()
    }
}

impl Issuer {
    /// Creates an issuer with an Ed25519 key that is derived from `seed`: equal seeds give equal
    /// keys.
    pub fn new(kid: impl Into<String>, seed: u8) -> Self {
        Self::from_seed(kid, &[seed; 32])
    }

    /// Creates an issuer with this Ed25519 private key (RFC 8032 §5.1.5).
    pub fn from_seed(kid: impl Into<String>, seed: &[u8; 32]) -> Self {
        let key = Arc::new(PrivateKey::from_seed(seed));
        Self { kid: kid.into(), algorithm: Algorithm::EdDsa, key }
    }

    /// Creates an issuer with a random key for this algorithm.
    pub fn generate(kid: impl Into<String>, algorithm: Algorithm) -> Self {
        Self { kid: kid.into(), algorithm, key: Arc::new(PrivateKey::generate(algorithm)) }
    }

    /// Returns an issuer with the same key that uses another algorithm of its type.
    #[must_use]
    pub fn with_algorithm(&self, algorithm: Algorithm) -> Self {
        Self { algorithm, ..self.clone() }
    }

    /// Returns the public key as an entry of a JWK set (RFC 7517 §4).
    pub fn jwk(&self) -> Value {
        let mut jwk = self.key.public_jwk();
        if let Some(jwk) = jwk.as_object_mut() {
            jwk.insert("alg".to_owned(), self.algorithm.name().into());
            jwk.insert("kid".to_owned(), self.kid.clone().into());
        }
        jwk
    }

    /// Returns a JWK set with this one key.
    pub fn jwks(&self) -> Value {
        json!({ "keys": [self.jwk()] })
    }

    /// Returns a key source that starts with this one key.
    pub fn keys(&self) -> MemoryKeys {
        MemoryKeys::new(&self.jwks())
    }

    /// Signs a token with the header fields `alg` and `kid`.
    pub fn sign(&self, claims: &Value) -> String {
        self.sign_with_header(&json!({ "alg": self.algorithm.name(), "kid": self.kid }), claims)
    }

    /// Signs a token with any header. The algorithm is that of this issuer, even if the header
    /// names another.
    pub fn sign_with_header(&self, header: &Value, claims: &Value) -> String {
        self.sign_text(header.to_string(), claims.to_string())
    }

    /// Signs a token whose header and claims are any bytes, such as invalid JSON or an object with
    /// duplicate fields.
    pub fn sign_text(&self, header: impl AsRef<[u8]>, claims: impl AsRef<[u8]>) -> String {
        let [header, claims] =
            [header.as_ref(), claims.as_ref()].map(|part| BASE64_URL_SAFE_NO_PAD.encode(part));
        let signed = format!("{header}.{claims}");
        let signature =
            BASE64_URL_SAFE_NO_PAD.encode(self.key.sign(self.algorithm, signed.as_bytes()));
        format!("{signed}.{signature}")
    }
}

/// A key source that a test can change. Clones share their state.
#[derive(Clone, Debug)]
pub struct MemoryKeys(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    /// `None` makes fetches fail.
    document: Mutex<Option<Vec<u8>>>,
    is_held: watch::Sender<bool>,
    fetches: watch::Sender<usize>,
}

impl MemoryKeys {
    /// Creates a source that returns `jwks`, a JWK set (RFC 7517 §5).
    pub fn new(jwks: &Value) -> Self {
        Self(Arc::new(Shared {
            document: Mutex::new(Some(jwks.to_string().into_bytes())),
            is_held: watch::Sender::new(false),
            fetches: watch::Sender::new(0),
        }))
    }

    /// Makes later fetches return `jwks`.
    pub fn publish(&self, jwks: &Value) {
        self.publish_bytes(jwks.to_string());
    }

    /// Makes later fetches return these bytes, valid or not.
    pub fn publish_bytes(&self, document: impl Into<Vec<u8>>) {
        self.set(Some(document.into()));
    }

    /// Makes later fetches fail.
    pub fn fail(&self) {
        self.set(None);
    }

    /// Makes later fetches hang until [`Self::release`] is called.
    pub fn hold(&self) {
        self.0.is_held.send_replace(true);
    }

    /// Lets the held fetches continue.
    pub fn release(&self) {
        self.0.is_held.send_replace(false);
    }

    /// Returns the number of fetches that have started.
    pub fn fetches(&self) -> usize {
        *self.0.fetches.borrow()
    }

    /// Waits until `count` fetches have started.
    pub async fn fetched(&self, count: usize) {
        // This value owns the sender, so the channel is open.
        let _ = self.0.fetches.subscribe().wait_for(|fetches| *fetches >= count).await;
    }

    fn set(&self, document: Option<Vec<u8>>) {
        *self.0.document.lock().unwrap_or_else(PoisonError::into_inner) = document;
    }
}

impl KeySource for MemoryKeys {
    fn fetch(&self) -> Fetching<'_> {
        Box::pin(async {
            self.0.fetches.send_modify(|fetches| *fetches += 1);
            let _ = self.0.is_held.subscribe().wait_for(|is_held| !is_held).await;
            let document = self.0.document.lock().unwrap_or_else(PoisonError::into_inner).clone();
            document.ok_or_else(|| FetchError::new("the issuer is away"))
        })
    }
}
