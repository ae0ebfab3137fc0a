//! A part of the cache with its own lock. It evicts entries with the CLOCK algorithm: a hand moves
//! around the entries, and evicts those that were not used since it last passed them. A flood of
//! new tokens therefore mainly evicts its own entries, rather than those of tokens in use.

use std::{
    collections::HashMap,
    sync::{
        Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use super::key::CacheKey;
use crate::{
    stats::CacheStats,
    verified::{AnyAccepted, Facts},
};

/// The limits of a cache or of one of its shards.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    pub(crate) entries: usize,
    pub(crate) bytes: usize,
}

/// Aligned to cache lines to avoid false sharing between shards.
#[repr(align(128))]
pub(super) struct Shard {
    limits: Limits,
    slots: RwLock<Slots>,
    hits: AtomicU64,
    misses: AtomicU64,
    evictions: AtomicU64,
}

#[derive(Default)]
struct Slots {
    index: HashMap<CacheKey, usize>,
    ring: Vec<Option<Slot>>,
    /// Indexes of the empty slots of the ring.
    free: Vec<usize>,
    hand: usize,
    bytes: usize,
}

struct Slot {
    key: CacheKey,
    accepted: Arc<dyn AnyAccepted>,
    bytes: usize,
    is_used: AtomicBool,
}

impl Shard {
    pub(super) fn new(limits: Limits) -> Self {
        let [hits, misses, evictions] = [(); 3].map(|()| AtomicU64::new(0));
        Self { limits, slots: RwLock::default(), hits, misses, evictions }
    }

    pub(super) fn get(&self, key: &CacheKey) -> Option<Arc<dyn AnyAccepted>> {
        let slots = self.read();
        let slot = slots.ring.get(*slots.index.get(key)?)?.as_ref()?;
        // Written at most once per round of the hand, so that readers do not contend for the cache
        // line.
        if !slot.is_used.load(Ordering::Relaxed) {
            slot.is_used.store(true, Ordering::Relaxed);
        }
        Some(Arc::clone(&slot.accepted))
    }

    /// Inserts an entry, unless the shard is too small for it or `is_current` returns false under
    /// the lock.
    pub(super) fn insert(
        &self,
        key: CacheKey,
        accepted: Arc<dyn AnyAccepted>,
        bytes: usize,
        is_current: impl Fn() -> bool,
    ) {
        if bytes > self.limits.bytes || self.limits.entries == 0 {
            return;
        }
        let mut slots = self.write();
        if !is_current() {
            return;
        }
        slots.remove(&key);
        let mut evictions = 0;
        while slots.index.len() >= self.limits.entries || slots.bytes + bytes > self.limits.bytes {
            slots.evict();
            evictions += 1;
        }
        slots.put(Slot { key, accepted, bytes, is_used: AtomicBool::new(false) });
        drop(slots);
        self.evictions.fetch_add(evictions, Ordering::Relaxed);
    }

    pub(super) fn remove_where(&self, is_meant: impl Fn(&CacheKey, &Facts) -> bool) {
        let mut slots = self.write();
        let meant: Vec<CacheKey> = slots
            .ring
            .iter()
            .flatten()
            .filter(|slot| is_meant(&slot.key, slot.accepted.facts()))
            .map(|slot| slot.key)
            .collect();
        for key in meant {
            slots.remove(&key);
        }
    }

    /// Counts a look-up. A hit is a token that is still valid.
    pub(super) fn count(&self, is_hit: bool) {
        let counter = if is_hit { &self.hits } else { &self.misses };
        counter.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn add_to(&self, stats: &mut CacheStats) {
        let slots = self.read();
        stats.entries += slots.index.len();
        stats.bytes += slots.bytes;
        stats.hits += self.hits.load(Ordering::Relaxed);
        stats.misses += self.misses.load(Ordering::Relaxed);
        stats.evictions += self.evictions.load(Ordering::Relaxed);
    }

    fn read(&self) -> RwLockReadGuard<'_, Slots> {
        self.slots.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Slots> {
        self.slots.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Slots {
    fn put(&mut self, slot: Slot) {
        let key = slot.key;
        self.bytes += slot.bytes;
        let place = self.free.pop().unwrap_or(self.ring.len());
        match self.ring.get_mut(place) {
            Some(empty) => *empty = Some(slot),
            None => self.ring.push(Some(slot)),
        }
        self.index.insert(key, place);
    }

    fn remove(&mut self, key: &CacheKey) {
        if let Some(place) = self.index.remove(key)
            && let Some(slot) = self.ring.get_mut(place).and_then(Option::take)
        {
            self.bytes -= slot.bytes;
            self.free.push(place);
        }
    }

    /// Moves the hand to the next entry that was not used since the hand last passed it, and
    /// removes this entry. Takes at most two rounds.
    fn evict(&mut self) {
        for _ in 0..=2 * self.ring.len() {
            self.hand = if self.hand + 1 < self.ring.len() { self.hand + 1 } else { 0 };
            let Some(Some(slot)) = self.ring.get(self.hand) else { continue };
            if !slot.is_used.swap(false, Ordering::Relaxed) {
                let key = slot.key;
                self.remove(&key);
                return;
            }
        }
    }
}
