//! What a verifier has done so far, for whatever metrics an application has.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use crate::error::{Error, Refusal};

/// Totals since the verifier was built, and how things stand now.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// Tokens that were good, from the cache or not.
    pub accepted: u64,
    /// Tokens that had been good once.
    pub expired: u64,
    /// Tokens that nobody could tell about, because the keys were out of reach.
    pub unavailable: u64,
    /// Other refused tokens by kind, those kinds that occurred, in the order of the checks.
    pub refused: Vec<(Refusal, u64)>,
    /// The cache of verified tokens.
    pub cache: CacheStats,
    /// One for each trusted issuer, the primary first.
    pub issuers: Vec<IssuerStats>,
}

/// The cache of verified tokens; all zero when it is off.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct CacheStats {
    /// Tokens that were found.
    pub hits: u64,
    /// Tokens that were not.
    pub misses: u64,
    /// Tokens that made room for others.
    pub evictions: u64,
    /// Tokens in the cache now.
    pub entries: usize,
    /// What they take, as counted by the limit, in bytes.
    pub bytes: usize,
}

/// The keys of one issuer.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct IssuerStats {
    /// Its `iss`.
    pub issuer: String,
    /// Fetches that brought a key set.
    pub fetches_ok: u64,
    /// Fetches that did not.
    pub fetches_failed: u64,
    /// Usable keys in the set.
    pub keys: usize,
    /// How long ago the set was fetched; `None` if it never was.
    pub keys_age: Option<Duration>,
    /// Whether the set is there and younger than `max_stale`.
    pub is_ready: bool,
}

/// How verifications ended, apart from the hits that the cache counts.
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
            Err(Error::Missing | Error::NotConfigured) => None,
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
        }
    }
}
