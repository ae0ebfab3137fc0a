//! An issuer, a verifier that trusts it, and a settable clock.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, UNIX_EPOCH},
};

use jwks_auth::{
    Error, Refusal, TrustedIssuer, Verified, Verifier, VerifierBuilder,
    testing::{Issuer, MemoryKeys},
};
use serde::Deserialize;
use serde_json::{Value, json};

pub(crate) const ISSUER: &str = "https://id.example.com";
pub(crate) const AUDIENCE: &str = "https://api.example.com";
pub(crate) const KID: &str = "first";
/// Start time of every test, in seconds since the epoch.
pub(crate) const NOW: u64 = 1_767_322_800;

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(crate) struct Claims {
    pub(crate) sub: String,
}

pub(crate) struct World {
    pub(crate) issuer: Issuer,
    pub(crate) keys: MemoryKeys,
    pub(crate) verifier: Verifier,
    now: Arc<AtomicU64>,
}

impl World {
    /// Creates a world with default settings. Must be called inside a Tokio runtime, because it
    /// builds a verifier.
    pub(crate) fn new() -> Self {
        Self::with(|builder| builder)
    }

    pub(crate) fn with(settings: impl FnOnce(VerifierBuilder) -> VerifierBuilder) -> Self {
        let issuer = Issuer::new(KID, 1);
        let keys = issuer.keys();
        let now = Arc::new(AtomicU64::new(NOW));
        let trusted = TrustedIssuer::with_source(ISSUER, AUDIENCE, keys.clone());
        let clock = {
            let now = Arc::clone(&now);
            move || UNIX_EPOCH + Duration::from_secs(now.load(Ordering::Relaxed))
        };
        let verifier = settings(Verifier::builder(trusted).clock(clock)).build().unwrap();
        Self { issuer, keys, verifier, now }
    }

    /// Sets the wall clock. It does not affect the age of keys, which tokio's clock measures.
    pub(crate) fn set_now(&self, now: u64) {
        self.now.store(now, Ordering::Relaxed);
    }

    pub(crate) fn token(&self, sub: &str) -> String {
        self.issuer.sign(&claims(sub))
    }

    pub(crate) async fn verify(&self, token: &str) -> Result<Verified<Claims>, Error> {
        self.verifier.verify(token).await
    }

    /// Returns the reason why a token is refused, and checks that a second attempt fails likewise.
    pub(crate) async fn refusal(&self, token: &str) -> Refusal {
        let [first, second] = [self.verify(token).await, self.verify(token).await]
            .map(|outcome| outcome.map(|claims| claims.sub.clone()));
        assert_eq!(first, second);
        match first {
            Err(Error::Refused(refusal)) => refusal,
            other => panic!("{other:?} for {token}"),
        }
    }

    /// Waits until `count` fetches have succeeded and their keys are in use.
    pub(crate) async fn fetched(&self, count: u64) {
        while self.verifier.stats().issuers[0].fetches_ok < count {
            tokio::task::yield_now().await;
        }
    }

    /// Waits until `count` fetches have failed.
    pub(crate) async fn failed(&self, count: u64) {
        while self.verifier.stats().issuers[0].fetches_failed < count {
            tokio::task::yield_now().await;
        }
    }
}

/// Returns valid claims that expire in an hour.
pub(crate) fn claims(sub: &str) -> Value {
    json!({ "sub": sub, "iss": ISSUER, "aud": AUDIENCE, "iat": NOW, "exp": NOW + 3600 })
}

/// Returns valid claims with one of them changed or added.
pub(crate) fn claims_with(name: &str, value: impl Into<Value>) -> Value {
    let mut claims = claims("ada");
    claims[name] = value.into();
    claims
}

/// Returns the usual header with additional fields.
pub(crate) fn header_with(more: &Value) -> Value {
    let mut header = json!({ "alg": "EdDSA", "kid": KID });
    header.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    header
}
