//! Counts attempts, and computes the wait before the next attempt is allowed.
//!
//! On PostgreSQL, replicas share their counts through the database; for a rule with a `share_every`
//! above one, each replica also counts in memory. On SQLite, all counts are in memory. The maps in
//! memory have a bounded size.

mod key;
mod memory;
mod rule;

pub(crate) use self::{key::Key, rule::Rule};

use std::time::Duration;

use chrono::{DateTime, Utc};
use database::{Conn, Database, Unavailable, sql_types::DbTime};
use service_kit::Clock;
use telemetry::metrics::{Counter, Sheet};

use self::{memory::Memory, rule::Tries};
use crate::store::{Attempt, StoreError};

/// Maximum number of times that a write is tried while other requests change the same count.
const MAX_RACES: usize = 32;
/// Wait that is required if all `MAX_RACES` writes fail, for a rule that shares each attempt.
const CROWDED: Duration = Duration::from_secs(1);

/// Reasons why an attempt was refused, or could not be counted.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ThrottleError {
    #[error("rate limit exceeded, retry in {wait:?}")]
    TooManyAttempts { wait: Duration },
    #[error("database unavailable")]
    Unavailable(#[from] Unavailable),
    #[error("database query failed")]
    Sql(#[from] StoreError),
}

type Result<T, E = ThrottleError> = std::result::Result<T, E>;

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

    /// Counts an attempt and returns the number of recent attempts, including this one. For a rule
    /// with a `share_every` above one, the number includes only attempts on this replica. An
    /// attempt that comes too early is refused and not counted.
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

    /// Returns the number of recent attempts without counting one. Returns an error if another
    /// attempt would be refused.
    pub(crate) async fn peek(&self, key: Key, rule: Rule) -> Result<u32> {
        let (tries, now) = match &self.shared {
            Some(database) => {
                let tries = find_shared(&mut database.read().await?, key).await?.1;
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

    fn refuse(&self, rule: Rule, wait: Duration) -> ThrottleError {
        match rule {
            Rule::Window { .. } => self.refusals.windows.count(),
            Rule::BackOff { .. } => self.refusals.back_offs.count(),
        }
        ThrottleError::TooManyAttempts { wait }
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

    pub(crate) async fn forget(&self, key: Key, rule: Rule) -> Result<()> {
        self.memory(rule).forget(key);
        if let Some(database) = &self.shared {
            Attempt::delete(&mut database.write().await?, &key.0).await?;
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

/// Adds `more` attempts to a shared count, or returns the time to wait. Tries again if another
/// request has written the count in the meantime. Returns `None` after `MAX_RACES` tries.
async fn count_shared(
    database: &Database,
    key: Key,
    rule: Rule,
    more: u32,
    now: DateTime<Utc>,
) -> Result<Option<Result<Tries, Duration>>> {
    let conn = &mut database.write().await?;
    for _ in 0..MAX_RACES {
        let (stored, tries) = find_shared(conn, key).await?;
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

async fn find_shared(conn: &mut Conn, key: Key) -> Result<(Option<Attempt>, Option<Tries>)> {
    let stored = Attempt::find(conn, &key.0).await?;
    let tries = stored
        .as_ref()
        .map(|row| Tries { count: row.count.unsigned_abs(), last_at: row.last_at.0 });
    Ok((stored, tries))
}
