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
use reqwest::StatusCode;
use tokio::{sync::Mutex, time::Instant};
use tracing::{debug, info, warn};
use url::Url;

use crate::{
    error::{Error, Refusal},
    jwk::{Key, KeySet},
};

/// The largest JWK set that is read.
const MAX_DOCUMENT_BYTES: usize = 256 * 1024;
/// The first pause after a failure while there is no set at all; it doubles up to the cool-down.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// A set is fetched again when four fifths of its lifetime have passed; the rest is for the fetch.
const REFRESH_NUMERATOR: u32 = 4;
const REFRESH_DENOMINATOR: u32 = 5;

#[derive(Clone, Copy, Debug)]
pub(crate) struct Timing {
    pub(crate) cache_ttl: Duration,
    pub(crate) cooldown: Duration,
    pub(crate) max_stale: Duration,
}

pub(crate) struct KeySource {
    http: reqwest::Client,
    url: Url,
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

impl From<reqwest::Error> for FetchError {
    fn from(error: reqwest::Error) -> Self {
        // The address may hold credentials.
        Self::Http(error.without_url())
    }
}

#[derive(Debug, thiserror::Error)]
enum FetchError {
    #[error("the issuer did not answer")]
    Http(#[source] reqwest::Error),
    #[error("the answer was {0}")]
    Status(StatusCode),
    #[error("the document is larger than {MAX_DOCUMENT_BYTES} bytes")]
    TooLarge,
    #[error("the document is not a JWK set")]
    NotAKeySet,
}

impl KeySource {
    /// Starts to fetch at once, and goes on for as long as the source is in use.
    pub(crate) fn start(http: reqwest::Client, url: Url, timing: Timing) -> Arc<Self> {
        let now = Instant::now();
        let source = Arc::new(Self {
            http,
            url,
            timing,
            snapshot: ArcSwapOption::empty(),
            status: RwLock::new(Status {
                attempts: 0,
                failures: 0,
                cooling_until: now,
                due_at: now,
            }),
            fetching: Mutex::new(()),
        });
        tokio::spawn(Self::keep_fresh(Arc::downgrade(&source)));
        source
    }

    async fn keep_fresh(source: Weak<Self>) {
        while let Some(source) = source.upgrade() {
            let status = source.status();
            if status.due_at <= Instant::now() {
                source.fetch_once(status.attempts, Occasion::Schedule).await;
            }
            let due_at = source.status().due_at;
            drop(source);
            tokio::time::sleep_until(due_at).await;
        }
    }

    /// Whether there is a set young enough to go by.
    pub(crate) fn is_ready(&self) -> bool {
        self.current().is_some()
    }

    /// The key that a token names.
    pub(crate) async fn find(self: &Arc<Self>, kid: &str) -> Result<Arc<Key>, Error> {
        let before = self.status();
        if let Some(key) = self.current().and_then(|snapshot| snapshot.keys.get(kid)) {
            return Ok(key);
        }
        if before.cooling_until <= Instant::now() || self.fetching.try_lock().is_err() {
            let source = Arc::clone(self);
            // A task of its own: a caller who hangs up must not take the fetch away from the
            // others who wait for it.
            let fetch =
                async move { source.fetch_once(before.attempts, Occasion::UnknownKey).await };
            if let Err(error) = tokio::spawn(fetch).await {
                warn!(%error, "a fetch of the issuer's keys did not end");
            }
        }
        match self.current() {
            Some(snapshot) => match snapshot.keys.get(kid) {
                Some(key) => Ok(key),
                // A set that could not be renewed may lack this key; nobody can tell.
                None if self.status().failures > 0 => Err(self.unavailable()),
                None => Err(Refusal::UnknownKey.into()),
            },
            None => Err(self.unavailable()),
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
        let outcome = self.fetch().await;
        self.settle(status, occasion, outcome);
    }

    async fn fetch(&self) -> Result<KeySet, FetchError> {
        let mut response = self.http.get(self.url.clone()).send().await?;
        if response.status() != StatusCode::OK {
            return Err(FetchError::Status(response.status()));
        }
        let mut document = Vec::new();
        while let Some(chunk) = response.chunk().await? {
            if document.len() + chunk.len() > MAX_DOCUMENT_BYTES {
                return Err(FetchError::TooLarge);
            }
            document.extend_from_slice(&chunk);
        }
        KeySet::parse(&document).ok_or(FetchError::NotAKeySet)
    }

    fn settle(&self, before: Status, occasion: Occasion, outcome: Result<KeySet, FetchError>) {
        let now = Instant::now();
        let Timing { cache_ttl, cooldown, .. } = self.timing;
        let mut status = Status { attempts: before.attempts + 1, ..before };
        match outcome {
            Ok(keys) => {
                if before.failures > 0 || self.snapshot.load().is_none() {
                    info!(jwks.keys = keys.len(), "the issuer's keys are here");
                } else {
                    debug!(jwks.keys = keys.len(), "the issuer's keys were renewed");
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
                    error = %with_causes(&error),
                    jwks.failures = before.failures + 1,
                    "the issuer's keys could not be fetched"
                );
                status.failures = before.failures.saturating_add(1);
                let has_set = self.snapshot.load().is_some();
                let doubled = FIRST_PAUSE.saturating_mul(1 << before.failures.min(16));
                status.due_at = now + if has_set { cooldown } else { doubled.min(cooldown) };
                status.cooling_until = now + cooldown;
            }
        }
        *self.status.write().unwrap_or_else(PoisonError::into_inner) = status;
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

/// An error with its causes: `reqwest` keeps the reason in them.
fn with_causes(error: &FetchError) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}
