//! Counts attempts, and computes the wait before the next attempt is allowed.
//!
//! On PostgreSQL, replicas share their counts through the database. On SQLite, the counts are in
//! memory, in maps of bounded size.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use aws_lc_rs::digest;
use chrono::{DateTime, Utc};
use service_kit::{
    Clock,
    db::{Conn, Database},
    metrics::{Counter, Sheet},
    sql_types::DbTime,
};

use crate::{
    http::error::{Error, Result},
    store::Attempt,
};

/// Maximum number of counts in each in-memory map.
const CAPACITY: usize = 65_536;
/// Number of oldest counts that are evicted together, so that evictions are rare.
const EVICTED: usize = CAPACITY / 4;
/// Maximum number of times that a write is tried while other requests change the same count.
const MAX_RACES: usize = 32;
/// Wait that is required if all `MAX_RACES` writes fail.
const CROWDED: Duration = Duration::from_secs(1);

/// A limit on attempts.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Rule {
    /// Allows `max` attempts in a fixed window that begins with the first of them. Each replica
    /// adds its attempts to the shared count `share_every` at a time.
    Window { max: u32, window: Duration, share_every: u32 },
    /// Allows `free` attempts, then requires waits that double from `first` to `longest`.
    BackOff { free: u32, first: Duration, longest: Duration },
}

/// Clock difference between replicas that is tolerated. A time further in the future means that the
/// clock was set back.
const MAX_SKEW: Duration = Duration::from_secs(5);
/// Time without attempts after which a back-off is forgotten.
const BACK_OFF_MEMORY: Duration = Duration::from_hours(24);

impl Rule {
    /// Returns the wait after `count` attempts, measured from `last_at`.
    fn pause_after(self, count: u32) -> Duration {
        match self {
            Self::Window { max, window, .. } if count >= max => window,
            Self::BackOff { free, first, longest } if count >= free => {
                let doublings = 2_u32.saturating_pow(count.saturating_sub(free));
                first.saturating_mul(doublings).min(longest)
            }
            _ => Duration::ZERO,
        }
    }

    fn memory(self) -> Duration {
        match self {
            Self::Window { window, .. } => window,
            Self::BackOff { .. } => BACK_OFF_MEMORY,
        }
    }

    /// Returns the number of attempts that a replica counts locally before it shares them. If it is
    /// more than one, most requests write nothing, but the replicas together may allow a few more
    /// attempts.
    fn share_every(self) -> u32 {
        match self {
            Self::Window { share_every, .. } => share_every,
            Self::BackOff { .. } => 1,
        }
    }

    /// Counts `more` attempts, or returns the time to wait.
    fn judge(self, tries: Option<Tries>, more: u32, now: DateTime<Utc>) -> Result<Tries, Duration> {
        let Some(tries) = tries.filter(|tries| now < tries.last_at + self.memory()) else {
            return Ok(Tries { count: more, last_at: now });
        };
        if tries.last_at > now + MAX_SKEW {
            // The clock was set back after `last_at`, which may therefore be far in the future.
            let count = match self {
                Self::Window { .. } => more,
                Self::BackOff { .. } => tries.count.saturating_add(more),
            };
            return Ok(Tries { count, last_at: now });
        }
        let (pause, last_at) = (self.pause_after(tries.count), tries.last_at);
        // The clock may be behind `last_at`, so a positive difference is a wait only if the rule
        // requires one.
        match (last_at + pause - now).to_std() {
            Ok(wait) if !pause.is_zero() && !wait.is_zero() => Err(wait),
            _ => Ok(Tries {
                count: tries.count.saturating_add(more),
                last_at: match self {
                    Self::Window { .. } => last_at,
                    Self::BackOff { .. } => now.max(last_at),
                },
            }),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Tries {
    count: u32,
    /// Time of the first attempt in a window, or of the last attempt in a back-off.
    last_at: DateTime<Utc>,
}

/// Identifier of a count, such as the number of sign-in attempts by one client on one account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Key(pub(crate) [u8; 16]);

impl Key {
    /// Hashes the parts, so that addresses and accounts are not stored in plain text.
    pub(crate) fn of(parts: &[&str]) -> Self {
        let mut context = digest::Context::new(&digest::SHA256);
        for part in parts {
            context.update(part.as_bytes());
            context.update(&[0]);
        }
        let mut key = [0; 16];
        key.iter_mut().zip(context.finish().as_ref()).for_each(|(byte, hashed)| *byte = *hashed);
        Self(key)
    }
}

pub(crate) struct Attempts {
    clock: Clock,
    windows: Memory,
    back_offs: Memory,
    shared: Option<Database>,
    refusals: Refusals,
}

/// Counts of refused attempts, by kind of rule.
#[derive(Default)]
struct Refusals {
    windows: Counter,
    back_offs: Counter,
}

impl Attempts {
    pub(crate) fn new(database: &Database, clock: Clock) -> Self {
        Self {
            clock,
            windows: Memory::default(),
            back_offs: Memory::default(),
            shared: matches!(database, Database::Postgres(_)).then(|| database.clone()),
            refusals: Refusals::default(),
        }
    }

    /// Counts an attempt and returns the number of recent attempts, including this one. An attempt
    /// that comes too early is refused and not counted.
    pub(crate) async fn count(&self, key: Key, rule: Rule) -> Result<u32> {
        let (now, uptime) = (self.clock.now(), self.uptime());
        let judged = match (&self.shared, rule.share_every()) {
            (None, _) => self.memory(rule).count(key, rule, uptime),
            (Some(database), 1) => {
                count_shared(database, key, rule, 1, now).await?.unwrap_or(Err(CROWDED))
            }
            (Some(database), every) => match self.memory(rule).count(key, rule, uptime) {
                Ok(tries) if tries.count.is_multiple_of(every) => {
                    match count_shared(database, key, rule, every, now).await? {
                        Some(Err(wait)) => {
                            self.memory(rule).exhaust(key, uptime);
                            Err(wait)
                        }
                        Some(Ok(_)) | None => Ok(tries),
                    }
                }
                judged => judged,
            },
        };
        judged.map(|tries| tries.count).map_err(|wait| self.refuse(rule, wait))
    }

    /// Returns the number of recent attempts without counting one. Fails if another attempt would be
    /// refused.
    pub(crate) async fn peek(&self, key: Key, rule: Rule) -> Result<u32> {
        let (tries, now) = match &self.shared {
            Some(database) => {
                let tries = find_shared(&mut database.read().await?.conn(), key).await?.1;
                (tries, self.clock.now())
            }
            None => (self.memory(rule).find(key), self.uptime()),
        };
        let judged = rule.judge(tries, 0, now);
        judged.map(|tries| tries.count).map_err(|wait| self.refuse(rule, wait))
    }

    /// Returns the monotonic time for counts in memory.
    fn uptime(&self) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + self.clock.elapsed()
    }

    fn refuse(&self, rule: Rule, wait: Duration) -> Error {
        match rule {
            Rule::Window { .. } => self.refusals.windows.count(),
            Rule::BackOff { .. } => self.refusals.back_offs.count(),
        }
        Error::TooManyRequests { wait }
    }

    pub(crate) fn show(&self, sheet: &mut Sheet) {
        let Refusals { windows, back_offs } = &self.refusals;
        sheet.counters(
            "rate_limit_refusals",
            "Requests refused and e-mails deferred by a rate limit",
            [("window", windows), ("back-off", back_offs)]
                .map(|(limit, refusals)| (vec![("limit", limit.to_owned())], refusals.total())),
        );
    }

    /// Resets a count.
    pub(crate) async fn forget(&self, key: Key, rule: Rule) -> Result<()> {
        self.memory(rule).forget(key);
        if let Some(database) = &self.shared {
            Attempt::delete(&mut database.write().await?.conn(), &key.0).await?;
        }
        Ok(())
    }

    fn memory(&self, rule: Rule) -> &Memory {
        match rule {
            Rule::Window { .. } => &self.windows,
            Rule::BackOff { .. } => &self.back_offs,
        }
    }
}

#[derive(Default)]
struct Memory(Mutex<HashMap<Key, Tries>>);

impl Memory {
    fn count(&self, key: Key, rule: Rule, now: DateTime<Utc>) -> Result<Tries, Duration> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let tries = rule.judge(all.get(&key).copied(), 1, now)?;
        if all.len() >= CAPACITY && !all.contains_key(&key) {
            evict(&mut all);
        }
        all.insert(key, tries);
        Ok(tries)
    }

    fn find(&self, key: Key) -> Option<Tries> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&key).copied()
    }

    /// Exhausts a window: refuses further attempts until it has passed.
    fn exhaust(&self, key: Key, now: DateTime<Utc>) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.insert(key, Tries { count: u32::MAX, last_at: now });
    }

    fn forget(&self, key: Key) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&key);
    }
}

fn evict(all: &mut HashMap<Key, Tries>) {
    let mut times: Vec<_> = all.values().map(|tries| tries.last_at).collect();
    let (_, newest_to_go, _) = times.select_nth_unstable(EVICTED);
    let newest_to_go = *newest_to_go;
    all.retain(|_, tries| tries.last_at > newest_to_go);
}

/// Reads a count, checks it and writes it. Tries again if another request has written the count in
/// the meantime. Returns `None` after too many concurrent writes.
async fn count_shared(
    database: &Database,
    key: Key,
    rule: Rule,
    more: u32,
    now: DateTime<Utc>,
) -> Result<Option<Result<Tries, Duration>>> {
    let mut pooled = database.write().await?;
    let conn = &mut pooled.conn();
    for _ in 0..MAX_RACES {
        let stored = Attempt::find(conn, &key.0).await?;
        let tries = stored
            .as_ref()
            .map(|row| Tries { count: row.count.unsigned_abs(), last_at: row.last_at.0 });
        let tries = match rule.judge(tries, more, now) {
            Ok(tries) => tries,
            Err(wait) => return Ok(Some(Err(wait))),
        };
        let row = Attempt {
            key: key.0.to_vec(),
            count: i32::try_from(tries.count).unwrap_or(i32::MAX),
            last_at: DbTime(tries.last_at),
            forget_at: DbTime(tries.last_at + rule.memory()),
        };
        if row.replace(conn, stored.as_ref()).await? == 1 {
            return Ok(Some(Ok(tries)));
        }
    }
    Ok(None)
}

async fn find_shared(conn: &mut Conn<'_>, key: Key) -> Result<(Option<Attempt>, Option<Tries>)> {
    let stored = Attempt::find(conn, &key.0).await?;
    let tries = stored
        .as_ref()
        .map(|row| Tries { count: row.count.unsigned_abs(), last_at: row.last_at.0 });
    Ok((stored, tries))
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
    fn setting_the_clock_back_delays_attempts_only_briefly() {
        let before = Some(Tries { count: 3, last_at: at(3600) });
        let window = WINDOW.judge(before, 1, at(0));
        assert_eq!(window, Ok(Tries { count: 1, last_at: at(0) }));
        // The count is kept, and the next wait begins now.
        let back_off = BACK_OFF.judge(before, 1, at(0));
        assert_eq!(back_off, Ok(Tries { count: 4, last_at: at(0) }));
        assert!(BACK_OFF.judge(back_off.ok(), 1, at(1)).is_err());
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
    fn pauses_double_until_they_are_long_enough() {
        let pauses: Vec<_> = (0..7).map(|count| BACK_OFF.pause_after(count).as_secs()).collect();
        assert_eq!(pauses, [0, 0, 1, 2, 4, 5, 5]);
        assert_eq!(BACK_OFF.pause_after(u32::MAX), Duration::from_secs(5));
    }

    #[test]
    fn memory_is_bounded_and_keeps_the_latest() {
        let memory = Memory::default();
        let total = i64::try_from(CAPACITY).unwrap() * 2;
        let key = |number: i64| Key::of(&[&number.to_string()]);
        for number in 0..total {
            memory.count(key(number), BACK_OFF, at(number / 10)).unwrap();
        }
        assert!(memory.0.lock().unwrap().len() <= CAPACITY);
        let latest = memory.count(key(total - 1), BACK_OFF, at(total / 10));
        assert_eq!(latest.map(|tries| tries.count), Ok(2));
    }
}
