//! The issuer's keys: a snapshot that is read without waiting, and the rules for fetching it.
//!
//! - A known key is read from memory, without using the network.
//! - The set is refreshed before its lifetime ends, so that a withdrawn key is dropped in time.
//! - If a fetch fails or returns a malformed set, the last valid set is kept for `max_stale` at
//!   most.
//! - Unknown `kid`s in clients' tokens cause at most one fetch per cool-down, shared by all
//!   concurrent callers, so that made-up `kid`s cannot cause load.
//! - A revoked key is dropped at once, and stays dropped even if a cache still serves it.

mod schedule;
mod store;

use std::{
    sync::{Arc, PoisonError, RwLock, Weak, atomic::AtomicU64},
    time::Duration,
};

use tokio::{
    sync::Mutex,
    time::{Instant, timeout},
};
use tracing::{Instrument as _, Span, debug, debug_span, field::Empty, info, warn};

use crate::{
    Algorithm, PublicKey,
    error::{Error, Refusal},
    jwk::KeySet,
    source::{FetchError, KeySource},
    stats::IssuerStats,
};
use schedule::Status;
pub(crate) use schedule::{FetchTrigger, Timing};
use store::{KeyStore, Snapshot};

/// Maximum size of a JWK set, and of an issuer's metadata, in bytes.
pub(crate) const MAX_DOCUMENT_BYTES: usize = 256 * 1024;

/// Rules for the use of an issuer's keys.
#[derive(Clone, Debug)]
pub(crate) struct KeyPolicy {
    /// Algorithms that the issuer's tokens may use.
    pub(crate) algorithms: Vec<Algorithm>,
    /// Whether every token must have a `kid`, even if the issuer has a single key.
    pub(crate) is_kid_required: bool,
}

/// The keys of one issuer, which background fetches keep up to date.
pub(crate) struct Keys {
    issuer: String,
    policy: KeyPolicy,
    source: Box<dyn KeySource>,
    timing: Timing,
    store: KeyStore,
    status: RwLock<Status>,
    /// Held during a fetch, so that there is only one at a time.
    fetching: Mutex<()>,
}

#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("cannot fetch the key set")]
    Source(#[from] FetchError),
    #[error("fetching the key set timed out")]
    Timeout(#[from] tokio::time::error::Elapsed),
    #[error("the response is not a JWK set of at most {MAX_DOCUMENT_BYTES} bytes")]
    NotAKeySet,
}

impl Keys {
    /// Fetches keys in the background until the returned value is dropped.
    pub(crate) fn start(
        issuer: String,
        policy: KeyPolicy,
        source: Box<dyn KeySource>,
        timing: Timing,
    ) -> Arc<Self> {
        let keys = Arc::new(Self {
            issuer,
            policy,
            source,
            timing,
            store: KeyStore::default(),
            status: RwLock::new(Status::new(Instant::now())),
            fetching: Mutex::new(()),
        });
        tokio::spawn(Self::keep_fresh(Arc::downgrade(&keys)));
        keys
    }

    async fn keep_fresh(keys: Weak<Self>) {
        while let Some(keys) = keys.upgrade() {
            let status = keys.status();
            if status.due_at <= Instant::now() {
                keys.fetch_once(status.attempts, FetchTrigger::Schedule).await;
            }
            let due_at = keys.status().due_at;
            drop(keys);
            tokio::time::sleep_until(due_at).await;
        }
    }

    /// Returns whether there is a set that is no older than `max_stale`.
    pub(crate) fn is_ready(&self) -> bool {
        self.read(|_| ()).is_some()
    }

    /// Returns whether there is a set no older than `max_stale` in which `kid` still identifies
    /// this key. `seen`, initially 0, remembers the set in which the key was found, so that further
    /// calls are cheap until the set changes.
    pub(crate) fn has(&self, kid: Option<&str>, key: &Arc<PublicKey>, seen: &AtomicU64) -> bool {
        self.read(|set| set.has(kid, key, seen)).unwrap_or(false)
    }

    /// Returns the key for tokens with this `kid` and algorithm. If the set does not contain the
    /// key, fetches the set first, unless the key is revoked or a cool-down prevents it.
    pub(crate) async fn find(
        self: &Arc<Self>,
        kid: Option<&str>,
        algorithm: Algorithm,
        trigger: FetchTrigger,
    ) -> Result<Arc<PublicKey>, Error> {
        if !self.policy.algorithms.contains(&algorithm) {
            return Err(Refusal::WrongAlgorithm.into());
        }
        if kid.is_none() && self.policy.is_kid_required {
            return Err(Refusal::UnknownKey.into());
        }
        let before = self.status();
        match self.read(|set| set.keys.find(kid, algorithm).cloned()) {
            None | Some(Err(Refusal::UnknownKey)) => {}
            Some(found) => return found.map_err(Error::from),
        }
        if kid.is_some_and(|kid| self.store.is_revoked(kid)) {
            return Err(Refusal::Revoked.into());
        }
        let is_cooling = before.is_cooling(trigger);
        if !is_cooling || self.fetching.try_lock().is_err() {
            let keys = Arc::clone(self);
            // Runs as a separate task: a caller that disconnects must not cancel the fetch that
            // others wait for.
            let fetch = async move { keys.fetch_once(before.attempts, trigger).await };
            if let Err(error) = tokio::spawn(fetch.in_current_span()).await {
                warn!(%error, "fetching the key set panicked");
            }
        }
        let found = self.read(|set| set.keys.find(kid, algorithm).cloned());
        match found.ok_or_else(|| self.unavailable())? {
            Ok(key) => Ok(key),
            // The set could not be refreshed, so it may lack a new key.
            Err(Refusal::UnknownKey) if self.status().failures > 0 => Err(self.unavailable()),
            Err(refusal) => Err(refusal.into()),
        }
    }

    /// Fetches the set, unless a cool-down prevents it or another fetch has completed since `seen`
    /// was read from `attempts`.
    async fn fetch_once(&self, seen: u64, trigger: FetchTrigger) {
        let _one_at_a_time = self.fetching.lock().await;
        let status = self.status();
        if status.attempts != seen || status.is_cooling(trigger) {
            return;
        }
        // The `otel` fields are read by OpenTelemetry layers.
        let span = debug_span!(
            "fetch_keys",
            jwks.issuer = self.issuer,
            otel.kind = "client",
            otel.status_code = Empty
        );
        async {
            let outcome = self.fetch().await;
            self.settle(status, trigger, outcome);
        }
        .instrument(span)
        .await;
    }

    async fn fetch(&self) -> Result<KeySet, Failure> {
        let document = timeout(self.timing.fetch_timeout, self.source.fetch()).await??;
        if document.len() > MAX_DOCUMENT_BYTES {
            return Err(Failure::NotAKeySet);
        }
        KeySet::parse(&document, &self.policy.algorithms).ok_or(Failure::NotAKeySet)
    }

    fn settle(&self, before: Status, trigger: FetchTrigger, outcome: Result<KeySet, Failure>) {
        let now = Instant::now();
        let had_set = self.store.newest().is_some();
        let status = match outcome {
            Ok(keys) => {
                if before.failures > 0 || !had_set {
                    info!(jwks.issuer = self.issuer, jwks.keys = keys.len(), "key set fetched");
                } else {
                    debug!(jwks.issuer = self.issuer, jwks.keys = keys.len(), "key set refreshed");
                }
                self.store.replace(&keys, now);
                before.after_success(now, &self.timing, trigger)
            }
            Err(error) => {
                warn!(
                    jwks.issuer = self.issuer,
                    error = %with_causes(&error),
                    jwks.failures = before.failures + 1,
                    "the issuer's keys could not be fetched"
                );
                Span::current().record("otel.status_code", "ERROR");
                before.after_failure(now, &self.timing, had_set)
            }
        };
        *self.status.write().unwrap_or_else(PoisonError::into_inner) = status;
    }

    /// Removes a key from the set and prevents later fetches from restoring it.
    #[cfg(feature = "events")]
    pub(crate) fn revoke(&self, kid: &str) {
        if self.store.revoke(kid) {
            info!(jwks.issuer = self.issuer, jwks.kid = kid, "key revoked");
        }
    }

    pub(crate) fn stats(&self) -> IssuerStats {
        let (status, snapshot) = (self.status(), self.store.newest());
        IssuerStats {
            issuer: self.issuer.clone(),
            fetches_ok: status.attempts - status.failed,
            fetches_failed: status.failed,
            keys: snapshot.as_ref().map_or(0, |snapshot| snapshot.keys.len()),
            keys_age: snapshot.map(|snapshot| snapshot.fetched_at.elapsed()),
            is_ready: self.is_ready(),
            proxy: self.source.proxy(),
        }
    }

    /// Reads the current set, if there is one that is no older than `max_stale`.
    fn read<T>(&self, read: impl FnOnce(&Snapshot) -> T) -> Option<T> {
        self.store.read(self.timing.max_stale, read)
    }

    fn status(&self) -> Status {
        *self.status.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn unavailable(&self) -> Error {
        let due_in = self.status().due_at.saturating_duration_since(Instant::now());
        Error::Unavailable { retry_after: due_in.max(Duration::from_secs(1)) }
    }
}

/// Formats an error with its causes, because HTTP clients report the actual reason in a cause.
pub(crate) fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

#[cfg(all(test, feature = "events", feature = "testing"))]
mod tests;
