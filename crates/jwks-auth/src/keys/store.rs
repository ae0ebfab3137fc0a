//! The key set in use, without the revoked keys.

use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use arc_swap::ArcSwapOption;
use tokio::time::Instant;

use crate::{PublicKey, jwk::KeySet};

/// Maximum number of revoked keys to remember. Older ones can be forgotten, because the issuer has
/// stopped publishing them by then.
#[cfg(feature = "events")]
pub(super) const MAX_REVOKED: usize = 64;

#[derive(Default)]
pub(super) struct KeyStore {
    snapshot: ArcSwapOption<Snapshot>,
    /// The `kid`s of revoked keys, oldest first. Locked while the snapshot is replaced, so that a
    /// fetch cannot restore a revoked key.
    revoked: Mutex<VecDeque<String>>,
}

/// An immutable copy of the key set.
pub(super) struct Snapshot {
    pub(super) keys: KeySet,
    pub(super) fetched_at: Instant,
    /// Sequence number of the snapshot in its store, starting at 1.
    generation: u64,
}

impl Snapshot {
    /// Returns whether `kid` identifies this key. Searches for it only if `seen` is not the
    /// generation of this snapshot, and stores the generation there if the key was found.
    pub(super) fn has(&self, kid: Option<&str>, key: &Arc<PublicKey>, seen: &AtomicU64) -> bool {
        if seen.load(Ordering::Relaxed) == self.generation {
            return true;
        }
        let has_key = self.keys.has(kid, key);
        if has_key {
            seen.store(self.generation, Ordering::Relaxed);
        }
        has_key
    }
}

impl KeyStore {
    /// Reads the current set, if there is one that is no older than `max_age`.
    pub(super) fn read<T>(
        &self,
        max_age: Duration,
        read: impl FnOnce(&Snapshot) -> T,
    ) -> Option<T> {
        let snapshot = self.snapshot.load();
        let snapshot = snapshot.as_deref()?;
        (snapshot.fetched_at.elapsed() <= max_age).then(|| read(snapshot))
    }

    /// Returns the current set, however old it is.
    pub(super) fn newest(&self) -> Option<Arc<Snapshot>> {
        self.snapshot.load_full()
    }

    /// Replaces the set. Omits revoked keys.
    pub(super) fn replace(&self, keys: &KeySet, fetched_at: Instant) {
        self.store(&self.revoked(), keys, fetched_at);
    }

    /// Removes a key from the set and prevents later sets from restoring it. Returns false if the
    /// key was already revoked.
    #[cfg(feature = "events")]
    pub(super) fn revoke(&self, kid: &str) -> bool {
        let mut revoked = self.revoked();
        if revoked.iter().any(|known| known == kid) {
            return false;
        }
        revoked.push_back(kid.to_owned());
        if revoked.len() > MAX_REVOKED {
            revoked.pop_front();
        }
        if let Some(snapshot) = self.newest() {
            self.store(&revoked, &snapshot.keys, snapshot.fetched_at);
        }
        true
    }

    pub(super) fn is_revoked(&self, kid: &str) -> bool {
        self.revoked().iter().any(|known| known == kid)
    }

    /// Stores a new snapshot. Must be called while `revoked` is locked, so that no two snapshots
    /// have the same generation.
    fn store(&self, revoked: &VecDeque<String>, keys: &KeySet, fetched_at: Instant) {
        let generation = self.newest().map_or(0, |snapshot| snapshot.generation) + 1;
        let keys = keys.without(revoked);
        self.snapshot.store(Some(Arc::new(Snapshot { keys, fetched_at, generation })));
    }

    fn revoked(&self) -> MutexGuard<'_, VecDeque<String>> {
        self.revoked.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
