//! Limits the number of entries about failures, because anybody can cause failures: equal failures
//! share one entry per hour, and the number of entries per hour is limited.

use std::collections::HashMap;

use database::sql_types::DbTime;
use parking_lot::Mutex;
use uuid::Uuid;

use crate::domain::throttle::Key;

/// Number of entries per hour and process beyond which failures share one entry. Half of them are
/// reserved for failures of existing users, so that guessing at unknown addresses does not hide an
/// attack on a user.
const MAX_ENTRIES: usize = 1000;
const HOUR_SECONDS: i64 = 3600;

/// The entries of the current hour.
#[derive(Default)]
pub(super) struct Failures(Mutex<Hour>);

#[derive(Default)]
struct Hour {
    /// Hours since the Unix epoch.
    number: i64,
    entry_ids: HashMap<Key, String>,
}

/// The entry in which a failure is counted.
pub(super) struct Slot {
    pub(super) entry_id: String,
    /// Whether the entry is the one for all failures beyond the limit.
    pub(super) is_shared: bool,
}

impl Failures {
    /// Returns the entry in which a failure is counted. Equal failures have the same key.
    /// `is_of_user` tells whether the failure concerns an existing user.
    pub(super) fn slot(&self, key: Key, is_of_user: bool, now: DbTime) -> Slot {
        let number = now.0.timestamp().div_euclid(HOUR_SECONDS);
        let mut hour = self.0.lock();
        if hour.number != number {
            *hour = Hour { number, entry_ids: HashMap::new() };
        }
        let limit = if is_of_user { MAX_ENTRIES } else { MAX_ENTRIES / 2 };
        let is_shared = hour.entry_ids.len() >= limit && !hour.entry_ids.contains_key(&key);
        let key = if is_shared { Key::of(&[]) } else { key };
        let entry_id = hour.entry_ids.entry(key).or_insert_with(|| Uuid::now_v7().to_string());
        Slot { entry_id: entry_id.clone(), is_shared }
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;

    fn at(seconds: i64) -> DbTime {
        DbTime(DateTime::from_timestamp(1_767_322_800 + seconds, 0).unwrap())
    }

    #[test]
    fn equal_failures_share_an_entry_for_an_hour() {
        let failures = Failures::default();
        let key = Key::of(&["ada"]);
        let first = failures.slot(key, true, at(0)).entry_id;
        assert_eq!(failures.slot(key, true, at(3599)).entry_id, first);
        assert_ne!(failures.slot(Key::of(&["bob"]), true, at(3599)).entry_id, first);
        assert_ne!(failures.slot(key, true, at(3600)).entry_id, first);
    }

    #[test]
    fn unknown_addresses_use_up_half_of_the_entries() {
        let failures = Failures::default();
        let slot = |number: usize, is_of_user| {
            failures.slot(Key::of(&[&number.to_string()]), is_of_user, at(0))
        };
        let entries = |is_of_user, from: usize| {
            (from..from + 2 * MAX_ENTRIES).filter(|n| !slot(*n, is_of_user).is_shared).count()
        };
        assert_eq!(entries(false, 0), MAX_ENTRIES / 2);
        assert!(!slot(0, false).is_shared, "it has an entry already");
        // The shared entry counts towards the limit.
        assert_eq!(entries(true, 2 * MAX_ENTRIES), MAX_ENTRIES / 2 - 1);
        assert_eq!(slot(99_998, true).entry_id, slot(99_999, false).entry_id);
    }
}
