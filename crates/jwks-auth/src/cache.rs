//! Bounded, sharded cache of verified tokens, keyed by their SHA-256 digest. After a hit, the
//! verifier still checks the token's key, dates and revocation.

mod key;
mod shard;

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use crate::{
    claims::RegisteredClaims,
    stats::CacheStats,
    verified::{Accepted, AnyAccepted, Facts},
};
use key::{CacheKey, Digest, sha256};
pub(crate) use shard::Limits;
use shard::Shard;

const MAX_SHARDS: usize = 64;
const MIN_ENTRIES_PER_SHARD: usize = 64;
const MIN_BYTES_PER_SHARD: usize = 64 * 1024;
/// Estimated size in bytes of an entry's key, slot and registered claims. The length of the token
/// is added as an estimate of the other claims.
const ENTRY_BYTES: usize = 512;

/// A period between two invalidations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Epoch(u64);

pub(crate) struct TokenCache {
    shards: Box<[Shard]>,
    epoch: AtomicU64,
}

impl TokenCache {
    pub(crate) fn new(limits: Limits) -> Self {
        let shards = (limits.entries / MIN_ENTRIES_PER_SHARD)
            .min(limits.bytes / MIN_BYTES_PER_SHARD)
            .clamp(1, MAX_SHARDS);
        let limits = Limits { entries: limits.entries / shards, bytes: limits.bytes / shards };
        let shards = (0..shards).map(|_| Shard::new(limits)).collect();
        Self { shards, epoch: AtomicU64::new(0) }
    }

    /// Returns the current epoch. Read it before verifying a token and pass it to [`Self::insert`].
    pub(crate) fn epoch(&self) -> Epoch {
        Epoch(self.epoch.load(Ordering::SeqCst))
    }

    pub(crate) fn key<C: 'static>(token: &str) -> CacheKey {
        CacheKey::of::<C>(token)
    }

    /// Returns the cached token if `is_still_good` accepts it, and counts a hit or a miss.
    pub(crate) fn get<C: Send + Sync + 'static>(
        &self,
        key: &CacheKey,
        is_still_good: impl FnOnce(&Facts) -> bool,
    ) -> Option<Arc<Accepted<C>>> {
        let shard = self.shard(&key.digest)?;
        let cached = shard.get(key).and_then(|accepted| accepted.into_any().downcast().ok());
        let valid = cached.filter(|accepted: &Arc<Accepted<C>>| is_still_good(&accepted.facts));
        shard.count(valid.is_some());
        valid
    }

    /// Caches a token whose verification began in `epoch`. Does nothing if there has been an
    /// invalidation since, because the invalidation might have applied to this token.
    pub(crate) fn insert(
        &self,
        key: CacheKey,
        token: &str,
        accepted: Arc<dyn AnyAccepted>,
        epoch: Epoch,
    ) {
        if let Some(shard) = self.shard(&key.digest) {
            let bytes = ENTRY_BYTES + token.len();
            shard.insert(key, accepted, bytes, || self.epoch() == epoch);
        }
    }

    pub(crate) fn remove_token(&self, token: &str) {
        let digest = sha256(token);
        self.next_epoch();
        if let Some(shard) = self.shard(&digest) {
            shard.remove_where(|key, _| key.digest == digest);
        }
    }

    pub(crate) fn remove_where(&self, is_meant: impl Fn(&RegisteredClaims) -> bool) {
        self.next_epoch();
        for shard in &self.shards {
            shard.remove_where(|_, facts| is_meant(&facts.registered));
        }
    }

    /// Starts a new epoch. Called before entries are removed, so that the removal finds every entry
    /// inserted earlier, and every later insertion notices the new epoch.
    fn next_epoch(&self) {
        self.epoch.fetch_add(1, Ordering::SeqCst);
    }

    pub(crate) fn stats(&self) -> CacheStats {
        let mut stats = CacheStats::default();
        for shard in &self.shards {
            shard.add_to(&mut stats);
        }
        stats
    }

    fn shard(&self, digest: &Digest) -> Option<&Shard> {
        let [first, ..] = *digest;
        self.shards.get(usize::from(first) % self.shards.len())
    }
}
