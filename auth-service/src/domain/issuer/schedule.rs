//! Computes when keys sign and are published, and when the next key is due. Depends on neither the
//! database nor the clock.

use std::time::Duration;

use chrono::{DateTime, Utc};

use crate::{config::Config, store::SigningKey};

const FIRST_GENERATION: i32 = 1;

/// The settings of key rotation.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rotation {
    /// Time for which a key signs; `None` for no limit.
    pub(crate) interval: Option<Duration>,
    /// Time for which a key is published before it signs.
    pub(crate) publish_ahead: Duration,
    /// Time for which a key stays published after it has stopped signing.
    pub(crate) grace_period: Duration,
}

/// A key that must be created.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct NextKey {
    pub(crate) generation: i32,
    pub(crate) activates_at: DateTime<Utc>,
    /// Generation of the key that signs until the new one is activated; `None` if there is no such
    /// key.
    pub(crate) predecessor: Option<i32>,
}

/// State of a key at a given time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KeyState {
    /// Published, and will sign later.
    Next,
    Signing,
    /// No longer signs, but is still published, because tokens that it signed may still be valid.
    Retired,
    /// No longer published.
    Withdrawn,
    Revoked,
}

impl Rotation {
    pub(crate) fn new(config: &Config) -> Self {
        Self {
            interval: config.jwt_rotation_interval,
            publish_ahead: config.jwt_publish_ahead,
            grace_period: config.jwt_grace_period,
        }
    }

    /// Returns the time at which a key leaves the published set, unless it is revoked earlier.
    /// Returns `None` if the key never expires.
    pub(crate) fn withdrawal(&self, key: &SigningKey) -> Option<DateTime<Utc>> {
        key.expires_at.map(|at| at.0 + self.grace_period)
    }

    pub(crate) fn is_published(&self, key: &SigningKey, now: DateTime<Utc>) -> bool {
        key.revoked_at.is_none() && self.withdrawal(key).is_none_or(|at| now < at)
    }

    /// Returns the time at which the next key must be created, or `None` if there is no usable key
    /// or the newest one never expires.
    pub(crate) fn due_at(&self, keys: &[SigningKey]) -> Option<DateTime<Utc>> {
        let expires_at = usable(keys).next()?.expires_at?;
        Some(expires_at.0 - self.publish_ahead)
    }

    /// Returns the next key if it is due. Its predecessor signs until the next key has been
    /// published long enough, even if that is later than planned because no replica was running.
    /// Without a published predecessor, the next key signs at once.
    pub(crate) fn next(&self, keys: &[SigningKey], now: DateTime<Utc>) -> Option<NextKey> {
        let generation = next_generation(keys);
        let Some(newest) = usable(keys).next() else {
            return Some(NextKey { generation, activates_at: now, predecessor: None });
        };
        let expires_at = newest.expires_at?.0;
        if now < expires_at - self.publish_ahead {
            None
        } else if self.is_published(newest, now) {
            let activates_at = expires_at.max(now + self.publish_ahead);
            Some(NextKey { generation, activates_at, predecessor: Some(newest.generation) })
        } else {
            Some(NextKey { generation, activates_at: now, predecessor: None })
        }
    }

    pub(crate) fn state(
        &self,
        keys: &[SigningKey],
        key: &SigningKey,
        now: DateTime<Utc>,
    ) -> KeyState {
        if key.revoked_at.is_some() {
            KeyState::Revoked
        } else if signing(keys, now).is_some_and(|signing| signing.generation == key.generation) {
            KeyState::Signing
        } else if now < activation(key) {
            KeyState::Next
        } else if self.is_published(key, now) {
            KeyState::Retired
        } else {
            KeyState::Withdrawn
        }
    }
}

/// Returns the keys that are not revoked. `keys` must be ordered newest first, as in all functions
/// of this module.
pub(super) fn usable(keys: &[SigningKey]) -> impl Iterator<Item = &SigningKey> {
    keys.iter().filter(|key| key.revoked_at.is_none())
}

/// Returns the key that signs: the newest usable one that has been activated. If no key has been
/// activated, because the clock of this replica is behind, returns the oldest usable one.
pub(crate) fn signing(keys: &[SigningKey], now: DateTime<Utc>) -> Option<&SigningKey> {
    usable(keys).find(|key| activation(key) <= now).or_else(|| usable(keys).last())
}

/// Returns the time at which a key starts to sign.
pub(crate) fn activation(key: &SigningKey) -> DateTime<Utc> {
    key.activates_at.unwrap_or(key.created_at).0
}

/// Returns the generation of the next key. Revoked keys are counted too, because a generation is
/// never reused.
pub(super) fn next_generation(keys: &[SigningKey]) -> i32 {
    keys.first().map_or(FIRST_GENERATION, |newest| newest.generation.saturating_add(1))
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;
    use database::sql_types::DbTime;

    use super::*;

    const HOUR: i64 = 3600;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::seconds(seconds)
    }

    /// Returns a key that signs between these times, in seconds since the Unix epoch.
    fn key(generation: i32, from: i64, until: Option<i64>) -> SigningKey {
        SigningKey {
            generation,
            id: generation.to_string(),
            public_key: Vec::new(),
            sealed_private_key: Vec::new(),
            created_at: DbTime(at(from - HOUR)),
            expires_at: until.map(|until| DbTime(at(until))),
            activates_at: Some(DbTime(at(from))),
            revoked_at: None,
        }
    }

    fn revoked(key: SigningKey) -> SigningKey {
        SigningKey { revoked_at: Some(DbTime(at(1))), ..key }
    }

    fn rotation() -> Rotation {
        Rotation {
            interval: Some(Duration::from_hours(24)),
            publish_ahead: Duration::from_hours(1),
            grace_period: Duration::from_hours(48),
        }
    }

    fn next(keys: &[SigningKey], now: i64) -> Option<(i32, i64, Option<i32>)> {
        let next = rotation().next(keys, at(now))?;
        Some((next.generation, (next.activates_at - at(0)).num_seconds(), next.predecessor))
    }

    #[test]
    fn the_next_key_is_made_ahead_of_the_end_of_the_newest() {
        assert_eq!(next(&[], 5), Some((1, 5, None)));
        assert_eq!(next(&[key(1, 0, None)], 1_000_000), None);
        let keys = [key(1, 0, Some(24 * HOUR))];
        assert_eq!(rotation().due_at(&keys), Some(at(23 * HOUR)));
        assert_eq!(next(&keys, 23 * HOUR - 1), None);
        assert_eq!(next(&keys, 23 * HOUR), Some((2, 24 * HOUR, Some(1))));
        let keys = [key(2, 24 * HOUR, Some(48 * HOUR)), key(1, 0, Some(24 * HOUR))];
        assert_eq!(next(&keys, 25 * HOUR), None);
    }

    #[test]
    fn a_late_key_is_still_published_ahead() {
        let keys = [key(1, 0, Some(24 * HOUR))];
        assert_eq!(next(&keys, 24 * HOUR - 60), Some((2, 25 * HOUR - 60, Some(1))));
        assert_eq!(next(&keys, 71 * HOUR), Some((2, 72 * HOUR, Some(1))));
        assert_eq!(next(&keys, 72 * HOUR), Some((2, 72 * HOUR, None)), "no verifier knows the old");
    }

    #[test]
    fn a_revoked_key_neither_signs_nor_plans() {
        let keys = [revoked(key(2, 0, Some(1))), key(1, 0, Some(24 * HOUR))];
        assert_eq!(next(&keys, HOUR), None);
        assert_eq!(next(&keys, 23 * HOUR), Some((3, 24 * HOUR, Some(1))));
        assert_eq!(signing(&keys, at(HOUR)).map(|key| key.generation), Some(1));
        let keys = keys.map(revoked);
        assert_eq!(next(&keys, HOUR), Some((3, HOUR, None)));
        assert!(signing(&keys, at(HOUR)).is_none());
    }

    #[test]
    fn every_key_has_one_state() {
        use KeyState::{Next, Retired, Revoked, Signing, Withdrawn};
        let keys = [
            key(4, 24 * HOUR, Some(48 * HOUR)),
            key(3, 0, Some(24 * HOUR)),
            revoked(key(2, -HOUR, Some(1))),
            key(1, -2 * HOUR, Some(-HOUR)),
        ];
        let states = |now| keys.each_ref().map(|key| rotation().state(&keys, key, at(now)));
        assert_eq!(states(HOUR), [Next, Signing, Revoked, Retired]);
        assert_eq!(states(24 * HOUR), [Signing, Retired, Revoked, Retired]);
        assert_eq!(states(72 * HOUR), [Signing, Withdrawn, Revoked, Withdrawn]);
        assert_eq!(states(-100 * HOUR), [Next, Next, Revoked, Signing], "a clock that is behind");
    }
}
