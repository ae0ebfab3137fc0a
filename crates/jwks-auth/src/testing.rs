//! An issuer in memory, for the tests of services that verify tokens: it mints tokens, good and
//! bad, and its keys need no server.

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use tokio::sync::watch;

use crate::source::{FetchError, Fetching, KeySource};

/// Mints tokens, good and bad. Serve [`Issuer::jwks`] where the service looks for keys, or hand
/// [`Issuer::keys`] to the verifier.
#[derive(Clone)]
pub struct Issuer {
    kid: String,
    key: Arc<Ed25519KeyPair>,
}

impl fmt::Debug for Issuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Issuer").field("kid", &self.kid).finish_non_exhaustive()
    }
}

impl Issuer {
    /// The same `seed` gives the same key.
    pub fn new(kid: impl Into<String>, seed: u8) -> Self {
        Self::from_seed(kid, &[seed; 32])
    }

    /// From a private key (RFC 8032 §5.1.5).
    #[expect(clippy::expect_used, reason = "this is for tests, and every seed is a private key")]
    pub fn from_seed(kid: impl Into<String>, seed: &[u8; 32]) -> Self {
        let key = Ed25519KeyPair::from_seed_unchecked(seed).expect("32 bytes are a private key");
        Self { kid: kid.into(), key: Arc::new(key) }
    }

    /// The public key as an entry of a JWK set (RFC 8037 §2).
    pub fn jwk(&self) -> Value {
        let x = BASE64_URL_SAFE_NO_PAD.encode(self.key.public_key());
        json!({ "alg": "EdDSA", "crv": "Ed25519", "kty": "OKP", "kid": self.kid, "x": x })
    }

    /// A set of this one key.
    pub fn jwks(&self) -> Value {
        json!({ "keys": [self.jwk()] })
    }

    /// A source of this one key, to begin with.
    pub fn keys(&self) -> MemoryKeys {
        MemoryKeys::new(&self.jwks())
    }

    /// A token with the usual header.
    pub fn sign(&self, claims: &Value) -> String {
        self.sign_with_header(&json!({ "alg": "EdDSA", "kid": self.kid }), claims)
    }

    /// A token with any header, signed with this key all the same.
    pub fn sign_with_header(&self, header: &Value, claims: &Value) -> String {
        self.sign_text(header.to_string(), claims.to_string())
    }

    /// A token over any bytes: duplicate members, broken JSON.
    pub fn sign_text(&self, header: impl AsRef<[u8]>, claims: impl AsRef<[u8]>) -> String {
        let [header, claims] =
            [header.as_ref(), claims.as_ref()].map(|part| BASE64_URL_SAFE_NO_PAD.encode(part));
        let signed = format!("{header}.{claims}");
        let signature = BASE64_URL_SAFE_NO_PAD.encode(self.key.sign(signed.as_bytes()));
        format!("{signed}.{signature}")
    }
}

/// A source of keys that a test can change. Clones are the same source.
#[derive(Clone, Debug)]
pub struct MemoryKeys(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    /// `None`: the fetch fails.
    document: Mutex<Option<Vec<u8>>>,
    is_held: watch::Sender<bool>,
    fetches: watch::Sender<usize>,
}

impl MemoryKeys {
    /// `jwks` is a JWK set (RFC 7517 §5).
    pub fn new(jwks: &Value) -> Self {
        Self(Arc::new(Shared {
            document: Mutex::new(Some(jwks.to_string().into_bytes())),
            is_held: watch::Sender::new(false),
            fetches: watch::Sender::new(0),
        }))
    }

    /// From now on a fetch finds this.
    pub fn publish(&self, jwks: &Value) {
        self.publish_bytes(jwks.to_string());
    }

    /// From now on a fetch finds this, whatever it is.
    pub fn publish_bytes(&self, document: impl Into<Vec<u8>>) {
        self.set(Some(document.into()));
    }

    /// From now on a fetch fails.
    pub fn fail(&self) {
        self.set(None);
    }

    /// From now on a fetch hangs, until [`Self::release`].
    pub fn hold(&self) {
        self.0.is_held.send_replace(true);
    }

    /// Lets those fetches go on.
    pub fn release(&self) {
        self.0.is_held.send_replace(false);
    }

    /// How often the keys were asked for.
    pub fn fetches(&self) -> usize {
        *self.0.fetches.borrow()
    }

    /// Waits until the keys have been asked for `count` times.
    pub async fn fetched(&self, count: usize) {
        // The sender lives as long as this.
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
