//! Revocations in bounded memory: about 20 to 40 bytes for each revoked session, token or user.

#[cfg(test)]
mod tests;

use std::{
    collections::HashMap,
    hash::{BuildHasher as _, RandomState},
    sync::{
        PoisonError, RwLock, RwLockWriteGuard,
        atomic::{AtomicU64, Ordering},
    },
};

use super::{EventKind, SecurityEvent};
use crate::claims::RegisteredClaims;

/// Maximum number of revocations. A hash table of this size takes 18 MB.
const MAX_ENTRIES: usize = 900_000;
/// Assumed lifetime of tokens in seconds, for events that do not say when the tokens expire.
const TOKEN_LIFETIME: u32 = 24 * 60 * 60;

/// Revocations of one issuer. Entries are identified by a keyed 64-bit hash, for which outsiders
/// cannot construct collisions. Even if the table is full, only about one valid token in 5 × 10¹²
/// is rejected by accident.
pub(crate) struct Revocations {
    hasher: RandomState,
    max_entries: usize,
    entries: RwLock<Entries>,
    /// Incremented when events change the revocations. While it is unchanged, a token that was
    /// accepted need not be looked up again.
    generation: AtomicU64,
}

#[derive(Default)]
struct Entries {
    by_hash: HashMap<u64, Entry>,
    /// Time in seconds since the epoch. Tokens issued up to this time are rejected, because
    /// revocations were evicted from the full table; 0 if none was evicted.
    all_until: u32,
}

/// Times are in seconds since the epoch.
#[derive(Clone, Copy)]
struct Entry {
    happened: u32,
    /// Time by which all affected tokens have expired.
    forget_at: u32,
}

/// Scope of a revocation.
#[derive(Clone, Copy, Hash)]
enum Key<'a> {
    Session(&'a str),
    Token(&'a str),
    /// Tokens of a subject that were issued no later than the event.
    Subject(&'a str),
    /// All tokens of a subject, whenever they were issued, until the subject is enabled again.
    DisabledSubject(&'a str),
    /// All tokens of a subject, whenever they were issued. A token may have a later date than the
    /// event: it may come from another machine of the issuer, whose clock is ahead, or may have
    /// been issued between the time of the event and its publication.
    DeletedSubject(&'a str),
}

impl Default for Revocations {
    fn default() -> Self {
        Self::with_room_for(MAX_ENTRIES)
    }
}

impl Revocations {
    fn with_room_for(max_entries: usize) -> Self {
        Self {
            hasher: RandomState::new(),
            max_entries,
            entries: RwLock::default(),
            generation: AtomicU64::new(1),
        }
    }

    /// Returns the generation, which is never 0.
    pub(crate) fn generation(&self) -> u64 {
        self.generation.load(Ordering::Acquire)
    }

    pub(crate) fn len(&self) -> usize {
        self.entries.read().unwrap_or_else(PoisonError::into_inner).by_hash.len()
    }

    /// Returns whether a token must be rejected: the token, its session or its subject was revoked,
    /// or the token may have been issued before a revocation that was evicted from the full table.
    /// The revocation of a subject applies only to tokens that may have been issued before it,
    /// unless the subject is disabled or was deleted.
    pub(crate) fn has(&self, claims: &RegisteredClaims) -> bool {
        let [session, token] = [
            claims.sid.as_deref().map(|sid| self.hash(Key::Session(sid))),
            claims.jti.as_deref().map(|jti| self.hash(Key::Token(jti))),
        ];
        let subject = self.hash(Key::Subject(&claims.sub));
        let disabled = Some(self.hash(Key::DisabledSubject(&claims.sub)));
        let deleted = Some(self.hash(Key::DeletedSubject(&claims.sub)));
        let entries = self.entries.read().unwrap_or_else(PoisonError::into_inner);
        // A token without `iat` may have been issued at any time.
        let is_from_before = |time: u32| claims.iat.is_none_or(|iat| iat <= f64::from(time));
        [session, token, disabled, deleted]
            .into_iter()
            .flatten()
            .any(|hash| entries.by_hash.contains_key(&hash))
            || entries.by_hash.get(&subject).is_some_and(|entry| is_from_before(entry.happened))
            || (entries.all_until > 0 && is_from_before(entries.all_until))
    }

    /// Applies events. `now` is in seconds since the epoch.
    pub(crate) fn add(&self, events: &[SecurityEvent], now: u64) {
        let mut entries = self.entries.write().unwrap_or_else(PoisonError::into_inner);
        let mut is_changed = false;
        for event in events {
            if event.kind == EventKind::AccountEnabled {
                is_changed |= self.enable(&mut entries, event);
            }
            let Some(key) = key(event) else { continue };
            let happened = seconds(event.happened);
            let forget_at = match event.tokens_expire_by {
                Some(time) => seconds(time),
                None => happened.saturating_add(TOKEN_LIFETIME),
            };
            if u64::from(forget_at) <= now {
                continue;
            }
            self.make_room(&mut entries, now);
            let entry =
                entries.by_hash.entry(self.hash(key)).or_insert(Entry { happened, forget_at });
            entry.happened = entry.happened.max(happened);
            entry.forget_at = entry.forget_at.max(forget_at);
            is_changed = true;
        }
        drop(entries);
        if is_changed {
            self.generation.fetch_add(1, Ordering::Release);
        }
    }

    /// Accepts the tokens that a user obtains after being enabled. Revoked tokens that were issued
    /// in an earlier second than the event stay rejected. Tokens from the same second are accepted,
    /// because times are in whole seconds, and the user may have been disabled, enabled and given a new token within
    /// one second. Returns false if there is no revocation of the user.
    fn enable(&self, entries: &mut Entries, event: &SecurityEvent) -> bool {
        let Some(user) = &event.subject.user else { return false };
        let until = seconds(event.happened).saturating_sub(1);
        let subject = self.hash(Key::Subject(user));
        let disabled = entries.by_hash.remove(&self.hash(Key::DisabledSubject(user)));
        if let Some(Entry { forget_at, .. }) = disabled {
            let entry = Entry { happened: until, forget_at };
            let entry = entries.by_hash.entry(subject).or_insert(entry);
            entry.happened = until;
            entry.forget_at = entry.forget_at.max(forget_at);
            return true;
        }
        let Some(entry) = entries.by_hash.get_mut(&subject) else { return false };
        entry.happened = entry.happened.min(until);
        true
    }

    /// Removes revocations whose tokens have expired.
    pub(crate) fn prune(&self, now: u64) {
        let mut entries = self.entries.write().unwrap_or_else(PoisonError::into_inner);
        entries.by_hash.retain(|_, entry| u64::from(entry.forget_at) > now);
    }

    /// If the table is full, removes the expired entries. If no entry has expired, removes at least
    /// the older half of all entries. In the latter case, all tokens issued up to the latest removed
    /// revocation are rejected, and clients have to obtain new ones.
    fn make_room(&self, entries: &mut RwLockWriteGuard<'_, Entries>, now: u64) {
        if entries.by_hash.len() < self.max_entries {
            return;
        }
        entries.by_hash.retain(|_, entry| u64::from(entry.forget_at) > now);
        if entries.by_hash.len() < self.max_entries {
            return;
        }
        let mut times: Vec<_> = entries.by_hash.values().map(|entry| entry.happened).collect();
        let middle = times.len() / 2;
        let (_, latest, _) = times.select_nth_unstable(middle);
        let latest = *latest;
        entries.by_hash.retain(|_, entry| entry.happened > latest);
        entries.all_until = entries.all_until.max(latest);
    }

    fn hash(&self, key: Key<'_>) -> u64 {
        self.hasher.hash_one(key)
    }
}

/// Returns the narrowest scope that an event revokes; `None` if it revokes no session, token or
/// subject.
fn key(event: &SecurityEvent) -> Option<Key<'_>> {
    let subject = &event.subject;
    let user = || subject.user.as_deref().map(Key::Subject);
    match event.kind {
        EventKind::SessionRevoked => {
            let session = subject.session.as_deref().map(Key::Session);
            subject.token.as_deref().map(Key::Token).or(session).or_else(user)
        }
        EventKind::AccountDisabled => subject.user.as_deref().map(Key::DisabledSubject),
        EventKind::AccountPurged => subject.user.as_deref().map(Key::DeletedSubject),
        EventKind::AccountEnabled | EventKind::KeyRevoked | EventKind::Other => None,
    }
}

fn seconds(time: i64) -> u32 {
    u32::try_from(time.max(0)).unwrap_or(u32::MAX)
}
