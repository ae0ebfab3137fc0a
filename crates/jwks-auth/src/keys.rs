//! The issuer's keys: a snapshot that is read without waiting, and the rules for fetching it.
//!
//! - A known key is read from memory, without using the network.
//! - The set is refreshed before its lifetime ends, so that a withdrawn key is dropped in time.
//! - If a fetch fails or returns a malformed set, the last valid set is kept for `max_stale` at
//!   most.
//! - Unknown `kid`s in clients' tokens cause at most one fetch per cool-down, shared by all
//!   concurrent callers, so that made-up `kid`s cannot cause load.
//! - A revoked key is dropped at once, and stays dropped even if a cache still serves it.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex as StdMutex, PoisonError, RwLock, Weak},
    time::Duration,
};

use arc_swap::ArcSwapOption;
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

/// Maximum size of a JWK set in bytes.
pub(crate) const MAX_DOCUMENT_BYTES: usize = 256 * 1024;
/// Maximum number of revoked keys to remember. Older ones can be forgotten, because the issuer has
/// stopped publishing them by then.
#[cfg(feature = "events")]
const MAX_REVOKED: usize = 64;
/// Delay before the first retry while no set has been fetched; it doubles with each failure, up to
/// the cool-down.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// A set is refreshed after four fifths of its lifetime; the rest leaves time for the fetch.
const REFRESH_NUMERATOR: u32 = 4;
const REFRESH_DENOMINATOR: u32 = 5;

#[derive(Clone, Copy, Debug)]
pub(crate) struct Timing {
    pub(crate) cache_ttl: Duration,
    pub(crate) cooldown: Duration,
    pub(crate) fetch_timeout: Duration,
    pub(crate) max_stale: Duration,
}

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
    snapshot: ArcSwapOption<Snapshot>,
    status: RwLock<Status>,
    /// Held during a fetch, so that there is only one at a time.
    fetching: Mutex<()>,
    /// The `kid`s of revoked keys, oldest first. Locked while the snapshot is replaced, so that a
    /// fetch cannot restore a revoked key.
    revoked: StdMutex<VecDeque<String>>,
}

struct Snapshot {
    keys: KeySet,
    fetched_at: Instant,
}

/// Counters and schedule of the fetches.
#[derive(Clone, Copy, Debug)]
struct Status {
    /// Number of completed fetches, successful or not. It tells a waiting caller whether another
    /// fetch has completed in the meantime.
    attempts: u64,
    /// Number of failed fetches.
    failed: u64,
    /// Number of failures since the last success.
    failures: u32,
    /// End of the cool-down, during which [`FetchTrigger::UnknownKey`] causes no fetch.
    cooling_until: Instant,
    /// Time of the next scheduled fetch.
    due_at: Instant,
}

/// Cause of a fetch.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum FetchTrigger {
    Schedule,
    /// A token names an unknown key. Any client can send such a token, so these fetches need a
    /// cool-down.
    UnknownKey,
    /// An event names an unknown key. The issuer sent the event, so the set must be out of date.
    #[cfg(feature = "events")]
    Event,
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
        let now = Instant::now();
        let keys = Arc::new(Self {
            issuer,
            policy,
            source,
            timing,
            snapshot: ArcSwapOption::empty(),
            status: RwLock::new(Status {
                attempts: 0,
                failed: 0,
                failures: 0,
                cooling_until: now,
                due_at: now,
            }),
            fetching: Mutex::new(()),
            revoked: StdMutex::default(),
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
        self.current().is_some()
    }

    /// Returns whether there is a set no older than `max_stale` in which `kid` still identifies
    /// this key.
    pub(crate) fn has(&self, kid: Option<&str>, key: &Arc<PublicKey>) -> bool {
        self.current().is_some_and(|set| set.keys.has(kid, key))
    }

    /// Returns the key that a token names, if it supports this algorithm. If the set does not
    /// contain the key, fetches the set first, unless the key is revoked or a cool-down prevents
    /// it.
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
        match self.current().map(|set| set.keys.find(kid, algorithm).cloned()) {
            None | Some(Err(Refusal::UnknownKey)) => {}
            Some(found) => return found.map_err(Error::from),
        }
        if kid.is_some_and(|kid| self.is_revoked(kid)) {
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
        let set = self.current().ok_or_else(|| self.unavailable())?;
        match set.keys.find(kid, algorithm) {
            Ok(key) => Ok(Arc::clone(key)),
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
        let Timing { cache_ttl, cooldown, .. } = self.timing;
        let mut status = Status { attempts: before.attempts + 1, ..before };
        match outcome {
            Ok(keys) => {
                if before.failures > 0 || self.snapshot.load().is_none() {
                    info!(jwks.issuer = self.issuer, jwks.keys = keys.len(), "key set fetched");
                } else {
                    debug!(jwks.issuer = self.issuer, jwks.keys = keys.len(), "key set refreshed");
                }
                self.store(&keys, now);
                status.failures = 0;
                status.due_at = now + cache_ttl * REFRESH_NUMERATOR / REFRESH_DENOMINATOR;
                if trigger == FetchTrigger::UnknownKey {
                    status.cooling_until = now + cooldown;
                }
            }
            Err(error) => {
                warn!(
                    jwks.issuer = self.issuer,
                    error = %with_causes(&error),
                    jwks.failures = before.failures + 1,
                    "the issuer's keys could not be fetched"
                );
                Span::current().record("otel.status_code", "ERROR");
                status.failed = before.failed + 1;
                status.failures = before.failures.saturating_add(1);
                let has_set = self.snapshot.load().is_some();
                let doubled = FIRST_PAUSE.saturating_mul(1 << before.failures.min(16));
                status.due_at = now + if has_set { cooldown } else { doubled.min(cooldown) };
                status.cooling_until = now + cooldown;
            }
        }
        *self.status.write().unwrap_or_else(PoisonError::into_inner) = status;
    }

    /// Removes a key from the set and prevents later fetches from restoring it.
    #[cfg(feature = "events")]
    pub(crate) fn revoke(&self, kid: &str) {
        let mut revoked = self.revoked.lock().unwrap_or_else(PoisonError::into_inner);
        if revoked.iter().any(|known| known == kid) {
            return;
        }
        info!(jwks.issuer = self.issuer, jwks.kid = kid, "key revoked");
        revoked.push_back(kid.to_owned());
        if revoked.len() > MAX_REVOKED {
            revoked.pop_front();
        }
        if let Some(snapshot) = self.snapshot.load_full() {
            let keys = snapshot.keys.without(&revoked);
            let fetched_at = snapshot.fetched_at;
            self.snapshot.store(Some(Arc::new(Snapshot { keys, fetched_at })));
        }
    }

    fn is_revoked(&self, kid: &str) -> bool {
        let revoked = self.revoked.lock().unwrap_or_else(PoisonError::into_inner);
        revoked.iter().any(|known| known == kid)
    }

    fn store(&self, keys: &KeySet, fetched_at: Instant) {
        let revoked = self.revoked.lock().unwrap_or_else(PoisonError::into_inner);
        let keys = keys.without(&revoked);
        self.snapshot.store(Some(Arc::new(Snapshot { keys, fetched_at })));
    }

    pub(crate) fn stats(&self) -> IssuerStats {
        let (status, snapshot) = (self.status(), self.snapshot.load_full());
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

    fn current(&self) -> Option<Arc<Snapshot>> {
        let is_young =
            |snapshot: &Arc<Snapshot>| snapshot.fetched_at.elapsed() <= self.timing.max_stale;
        self.snapshot.load_full().filter(is_young)
    }

    fn status(&self) -> Status {
        *self.status.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn unavailable(&self) -> Error {
        let due_in = self.status().due_at.saturating_duration_since(Instant::now());
        Error::Unavailable { retry_after: due_in.max(Duration::from_secs(1)) }
    }
}

impl Status {
    /// Returns whether a fetch with this cause has to wait for the end of the cool-down.
    fn is_cooling(&self, trigger: FetchTrigger) -> bool {
        trigger == FetchTrigger::UnknownKey && self.cooling_until > Instant::now()
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
