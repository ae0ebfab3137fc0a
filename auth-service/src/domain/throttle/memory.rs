//! Counts in memory, in a map of bounded size.

use std::{collections::HashMap, time::Duration};

use chrono::{DateTime, Utc};
use parking_lot::Mutex;

use super::{
    key::Key,
    rule::{Rule, Tries},
};

/// Maximum number of counts in the map.
const CAPACITY: usize = 65_536;
/// Minimum number of counts that are evicted together, oldest first, so that evictions are rare.
const EVICTED: usize = CAPACITY / 4;

#[derive(Default)]
pub(super) struct Memory(Mutex<HashMap<Key, Tries>>);

impl Memory {
    pub(super) fn count(
        &self,
        key: Key,
        rule: Rule,
        now: DateTime<Utc>,
    ) -> Result<Tries, Duration> {
        let mut all = self.0.lock();
        let tries = rule.judge(all.get(&key).copied(), 1, now)?;
        if all.len() >= CAPACITY && !all.contains_key(&key) {
            evict(&mut all);
        }
        all.insert(key, tries);
        Ok(tries)
    }

    pub(super) fn find(&self, key: Key) -> Option<Tries> {
        self.0.lock().get(&key).copied()
    }

    /// Refuses further attempts until a window that begins now has passed.
    pub(super) fn exhaust(&self, key: Key, now: DateTime<Utc>) {
        let mut all = self.0.lock();
        all.insert(key, Tries { count: u32::MAX, last_at: now });
    }

    pub(super) fn forget(&self, key: Key) {
        self.0.lock().remove(&key);
    }
}

fn evict(all: &mut HashMap<Key, Tries>) {
    let mut times: Vec<_> = all.values().map(|tries| tries.last_at).collect();
    let (_, newest_to_go, _) = times.select_nth_unstable(EVICTED);
    let newest_to_go = *newest_to_go;
    all.retain(|_, tries| tries.last_at > newest_to_go);
}

#[cfg(test)]
mod tests {
    use super::*;

    const WINDOW: Rule = Rule::Window { max: 3, window: Duration::from_secs(10), share_every: 1 };
    const BACK_OFF: Rule =
        Rule::BackOff { free: 2, first: Duration::from_secs(1), longest: Duration::from_secs(5) };

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_767_322_800 + seconds, 0).unwrap()
    }

    #[test]
    fn a_window_begins_with_its_first_attempt_and_nothing_extends_it() {
        let memory = Memory::default();
        let key = Key::of(&["somebody"]);
        for second in [0, 4, 8] {
            assert!(memory.count(key, WINDOW, at(second)).is_ok());
        }
        assert_eq!(memory.count(key, WINDOW, at(8)), Err(Duration::from_secs(2)));
        assert_eq!(memory.count(key, WINDOW, at(9)), Err(Duration::from_secs(1)));
        assert_eq!(memory.count(key, WINDOW, at(10)).map(|tries| tries.count), Ok(1));
    }

    #[test]
    fn clock_skew_between_replicas_causes_no_wait() {
        let memory = Memory::default();
        let key = Key::of(&["somebody"]);
        for second in [1, 0, 0] {
            assert!(memory.count(key, WINDOW, at(second)).is_ok());
        }
        assert_eq!(memory.count(key, WINDOW, at(0)), Err(Duration::from_secs(11)));
    }

    #[test]
    fn memory_is_bounded_and_keeps_the_latest() {
        let memory = Memory::default();
        let total = i64::try_from(CAPACITY).unwrap() * 2;
        let key = |number: i64| Key::of(&[&number.to_string()]);
        for number in 0..total {
            memory.count(key(number), BACK_OFF, at(number / 10)).unwrap();
        }
        assert!(memory.0.lock().len() <= CAPACITY);
        let latest = memory.count(key(total - 1), BACK_OFF, at(total / 10));
        assert_eq!(latest.map(|tries| tries.count), Ok(2));
    }
}
