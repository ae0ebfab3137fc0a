//! The issuer's keys: a snapshot that readers never wait for, and the rules of when to fetch.
//!
//! - A known key is found in memory, whatever the network does.
//! - The set is fetched again before its lifetime ends, so a withdrawn key dies on time.
//! - A failed or malformed fetch keeps the last good set, for `max_stale` at most.
//! - An unknown `kid` causes a fetch at most once per cool-down, and all who ask meanwhile share
//!   it: a `kid` chosen by a stranger buys nothing.

use std::{
    sync::{Arc, PoisonError, RwLock, Weak},
    time::Duration,
};

use arc_swap::ArcSwapOption;
use tokio::{
    sync::Mutex,
    time::{Instant, timeout},
};
use tracing::{Instrument as _, Span, debug, debug_span, field::Empty, info, warn};

use crate::{
    PublicKey,
    error::{Error, Refusal},
    jwk::KeySet,
    source::{FetchError, KeySource},
    stats::IssuerStats,
};

/// The largest JWK set that is read.
pub(crate) const MAX_DOCUMENT_BYTES: usize = 256 * 1024;
/// The first pause after a failure while there is no set at all; it doubles up to the cool-down.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// A set is fetched again when four fifths of its lifetime have passed; the rest is for the fetch.
const REFRESH_NUMERATOR: u32 = 4;
const REFRESH_DENOMINATOR: u32 = 5;

#[derive(Clone, Copy, Debug)]
pub(crate) struct Timing {
    pub(crate) cache_ttl: Duration,
    pub(crate) cooldown: Duration,
    pub(crate) fetch_timeout: Duration,
    pub(crate) max_stale: Duration,
}

/// The keys of one issuer.
pub(crate) struct Keys {
    issuer: String,
    source: Box<dyn KeySource>,
    timing: Timing,
    snapshot: ArcSwapOption<Snapshot>,
    status: RwLock<Status>,
    /// Held during a fetch: there is one at a time.
    fetching: Mutex<()>,
}

struct Snapshot {
    keys: KeySet,
    fetched_at: Instant,
}

/// What the last fetches came to.
#[derive(Clone, Copy, Debug)]
struct Status {
    /// Finished fetches, good and bad. Tells a waiter that somebody else's fetch has ended.
    attempts: u64,
    /// Those of them that failed.
    failed: u64,
    /// Failures since the last success.
    failures: u32,
    /// Until when an unknown `kid` causes no fetch.
    cooling_until: Instant,
    /// When the set is fetched next, asked for or not.
    due_at: Instant,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Occasion {
    Schedule,
    UnknownKey,
}

#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("the keys could not be fetched")]
    Source(#[from] FetchError),
    #[error("the fetch took too long")]
    Timeout(#[from] tokio::time::error::Elapsed),
    #[error("the document is not a JWK set of at most {MAX_DOCUMENT_BYTES} bytes")]
    NotAKeySet,
}

impl Keys {
    /// Starts to fetch at once, and goes on for as long as the source is in use.
    pub(crate) fn start(issuer: String, source: Box<dyn KeySource>, timing: Timing) -> Arc<Self> {
        let now = Instant::now();
        let keys = Arc::new(Self {
            issuer,
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
        });
        tokio::spawn(Self::keep_fresh(Arc::downgrade(&keys)));
        keys
    }

    async fn keep_fresh(keys: Weak<Self>) {
        while let Some(keys) = keys.upgrade() {
            let status = keys.status();
            if status.due_at <= Instant::now() {
                keys.fetch_once(status.attempts, Occasion::Schedule).await;
            }
            let due_at = keys.status().due_at;
            drop(keys);
            tokio::time::sleep_until(due_at).await;
        }
    }

    /// Whether there is a set young enough to go by.
    pub(crate) fn is_ready(&self) -> bool {
        self.current().is_some()
    }

    /// Whether the set names this very key by this `kid` now.
    pub(crate) fn has(&self, kid: &str, key: &PublicKey) -> bool {
        self.current().is_some_and(|set| set.keys.get(kid).is_some_and(|known| **known == *key))
    }

    /// The key that a token names.
    pub(crate) async fn find(self: &Arc<Self>, kid: &str) -> Result<Arc<PublicKey>, Error> {
        let before = self.status();
        if let Some(key) = self.current().and_then(|set| set.keys.get(kid).cloned()) {
            return Ok(key);
        }
        if before.cooling_until <= Instant::now() || self.fetching.try_lock().is_err() {
            let keys = Arc::clone(self);
            // A task of its own: a caller who hangs up must not take the fetch away from the
            // others who wait for it.
            let fetch = async move { keys.fetch_once(before.attempts, Occasion::UnknownKey).await };
            if let Err(error) = tokio::spawn(fetch.in_current_span()).await {
                warn!(%error, "a fetch of the issuer's keys did not end");
            }
        }
        let set = self.current().ok_or_else(|| self.unavailable())?;
        match set.keys.get(kid) {
            Some(key) => Ok(Arc::clone(key)),
            // A set that could not be renewed may lack this key; nobody can tell.
            None if self.status().failures > 0 => Err(self.unavailable()),
            None => Err(Refusal::UnknownKey.into()),
        }
    }

    /// Fetches, unless somebody else's fetch has ended since `seen` was read.
    async fn fetch_once(&self, seen: u64, occasion: Occasion) {
        let _one_at_a_time = self.fetching.lock().await;
        let status = self.status();
        let is_cooling = occasion == Occasion::UnknownKey && status.cooling_until > Instant::now();
        if status.attempts != seen || is_cooling {
            return;
        }
        // The `otel` fields are for whoever makes traces of spans.
        let span = debug_span!(
            "fetch_keys",
            jwks.issuer = self.issuer,
            otel.kind = "client",
            otel.status_code = Empty
        );
        async {
            let outcome = self.fetch().await;
            self.settle(status, occasion, outcome);
        }
        .instrument(span)
        .await;
    }

    async fn fetch(&self) -> Result<KeySet, Failure> {
        let document = timeout(self.timing.fetch_timeout, self.source.fetch()).await??;
        if document.len() > MAX_DOCUMENT_BYTES {
            return Err(Failure::NotAKeySet);
        }
        KeySet::parse(&document).ok_or(Failure::NotAKeySet)
    }

    fn settle(&self, before: Status, occasion: Occasion, outcome: Result<KeySet, Failure>) {
        let now = Instant::now();
        let Timing { cache_ttl, cooldown, .. } = self.timing;
        let mut status = Status { attempts: before.attempts + 1, ..before };
        match outcome {
            Ok(keys) => {
                if before.failures > 0 || self.snapshot.load().is_none() {
                    info!(
                        jwks.issuer = self.issuer,
                        jwks.keys = keys.len(),
                        "the issuer's keys are here"
                    );
                } else {
                    debug!(
                        jwks.issuer = self.issuer,
                        jwks.keys = keys.len(),
                        "the issuer's keys were renewed"
                    );
                }
                self.snapshot.store(Some(Arc::new(Snapshot { keys, fetched_at: now })));
                status.failures = 0;
                status.due_at = now + cache_ttl * REFRESH_NUMERATOR / REFRESH_DENOMINATOR;
                // Only what a stranger can provoke needs a pause.
                if occasion == Occasion::UnknownKey {
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

    pub(crate) fn stats(&self) -> IssuerStats {
        let (status, snapshot) = (self.status(), self.snapshot.load_full());
        IssuerStats {
            issuer: self.issuer.clone(),
            fetches_ok: status.attempts - status.failed,
            fetches_failed: status.failed,
            keys: snapshot.as_ref().map_or(0, |snapshot| snapshot.keys.len()),
            keys_age: snapshot.map(|snapshot| snapshot.fetched_at.elapsed()),
            is_ready: self.is_ready(),
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

/// An error with its causes: an HTTP client keeps the reason in them.
fn with_causes(error: &Failure) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}
