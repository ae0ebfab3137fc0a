//! Statistics of a verifier, to be exported by any metrics library.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use crate::error::{Error, Refusal};

/// Totals since the verifier was built, and the current state.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// Accepted tokens, whether cached or not.
    pub accepted: u64,
    /// Expired tokens that have a valid signature and otherwise valid claims.
    pub expired: u64,
    /// Tokens that could not be verified because the keys were unavailable or because a required
    /// feed of security events was silent.
    pub unavailable: u64,
    /// Other rejected tokens by reason, in the order of [`Refusal::ALL`]; only reasons that
    /// occurred.
    pub refused: Vec<(Refusal, u64)>,
    /// The cache of verified tokens.
    pub cache: CacheStats,
    /// Key statistics per trusted issuer, the primary one first.
    pub issuers: Vec<IssuerStats>,
    /// The feed of security events, if one is followed.
    #[cfg(feature = "events")]
    pub feed: Option<FeedStats>,
}

/// State of the feed of security events, and totals.
#[cfg(feature = "events")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct FeedStats {
    /// Whether revocations are up to date, within the tolerated silence.
    pub is_current: bool,
    /// Whether tokens are rejected while revocations are not up to date.
    pub is_required: bool,
    /// Whether the wait for past revocations is over: they have been received, or they did not
    /// arrive within the tolerated silence.
    pub has_begun: bool,
    /// Time since the feed's last response that left no more events to fetch; before the first one,
    /// time since the start.
    pub silent_for: Duration,
    /// Number of revocations in memory.
    pub revocations: usize,
    /// Number of events received.
    pub events: u64,
    /// Number of failed requests, including those whose response was invalid.
    pub failures: u64,
}

/// Statistics of the cache of verified tokens. All values are zero if it is off.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct CacheStats {
    /// Lookups that found a token that is still valid.
    pub hits: u64,
    /// All other lookups.
    pub misses: u64,
    /// Tokens evicted because the cache was full.
    pub evictions: u64,
    /// Number of cached tokens. A token whose claims were read as several types counts once for
    /// each type.
    pub entries: usize,
    /// Size in bytes, counted as in
    /// [`VerifierBuilder::token_cache_bytes`](crate::VerifierBuilder::token_cache_bytes).
    pub bytes: usize,
}

/// State of the keys of one issuer, and totals.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct IssuerStats {
    /// The `iss` of the issuer.
    pub issuer: String,
    /// Number of successful fetches.
    pub fetches_ok: u64,
    /// Number of failed fetches.
    pub fetches_failed: u64,
    /// Number of usable keys in the set.
    pub keys: usize,
    /// Age of the set; `None` if it was never fetched.
    pub keys_age: Option<Duration>,
    /// Whether there is a set that is no older than `max_stale`.
    pub is_ready: bool,
    /// The proxy through which the keys are fetched, if there is one, without its credentials.
    pub proxy: Option<String>,
}

/// Counters of verification results, except the hits that the cache counts.
#[derive(Debug)]
pub(crate) struct Outcomes {
    verified: AtomicU64,
    expired: AtomicU64,
    unavailable: AtomicU64,
    refused: Vec<AtomicU64>,
}

impl Default for Outcomes {
    fn default() -> Self {
        let refused = Refusal::ALL.iter().map(|_| AtomicU64::new(0)).collect();
        let [verified, expired, unavailable] = [(); 3].map(|()| AtomicU64::new(0));
        Self { verified, expired, unavailable, refused }
    }
}

impl Outcomes {
    pub(crate) fn count<T>(&self, outcome: &Result<T, Error>) {
        let counter = match outcome {
            Ok(_) => Some(&self.verified),
            Err(Error::Expired) => Some(&self.expired),
            Err(Error::Unavailable { .. }) => Some(&self.unavailable),
            Err(Error::Refused(refusal)) => {
                let index = Refusal::ALL.iter().position(|one| one == refusal);
                index.and_then(|index| self.refused.get(index))
            }
            Err(Error::Missing | Error::NotConfigured | Error::InsufficientScope { .. }) => None,
        };
        if let Some(counter) = counter {
            counter.fetch_add(1, Ordering::Relaxed);
        }
    }

    pub(crate) fn stats(&self, cache: CacheStats, issuers: Vec<IssuerStats>) -> Stats {
        let refused = Refusal::ALL.iter().zip(&self.refused);
        let refused = refused.map(|(refusal, count)| (*refusal, count.load(Ordering::Relaxed)));
        Stats {
            accepted: self.verified.load(Ordering::Relaxed) + cache.hits,
            expired: self.expired.load(Ordering::Relaxed),
            unavailable: self.unavailable.load(Ordering::Relaxed),
            refused: refused.filter(|(_, count)| *count > 0).collect(),
            cache,
            issuers,
            #[cfg(feature = "events")]
            feed: None,
        }
    }
}
