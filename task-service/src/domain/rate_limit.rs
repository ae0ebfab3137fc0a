//! Rate limit per principal, with one token bucket for each (GCRA). Each replica counts separately,
//! in bounded memory.

use std::{
    collections::HashMap,
    hash::{BuildHasher as _, RandomState},
    time::Duration,
};

use parking_lot::Mutex;
use shared_models::UserId;
use telemetry::metrics::{Counter, Sheet};

use crate::config::RateLimit;

const SHARDS: usize = 16;
const MAX_PER_SHARD: usize = 8192;

/// State of a principal's rate limit after a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RateLimitStatus {
    pub(crate) limit: u32,
    pub(crate) remaining: u32,
    /// Time until the bucket is full again.
    pub(crate) reset: Duration,
}

/// Returns a duration in seconds, rounded up.
pub(crate) fn whole_seconds(duration: Duration) -> u64 {
    duration.as_secs() + u64::from(duration.subsec_nanos() > 0)
}

pub(crate) struct RateLimiter {
    limit: RateLimit,
    hasher: RandomState,
    /// Time at which each principal's bucket will be full again, in nanoseconds, by hash of the
    /// principal.
    shards: [Mutex<HashMap<u64, i64>>; SHARDS],
    refusals: Counter,
}

/// Error for a request that exceeds the limit.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TooMany {
    pub(crate) status: RateLimitStatus,
    pub(crate) retry_after: Duration,
}

impl TooMany {
    pub(crate) const EXAMPLE: Self = Self {
        status: RateLimitStatus { limit: 1, remaining: 0, reset: Duration::from_secs(1) },
        retry_after: Duration::from_secs(1),
    };
}

impl RateLimiter {
    pub(crate) fn new(limit: RateLimit) -> Self {
        let (hasher, shards) = (RandomState::new(), Default::default());
        Self { limit, hasher, shards, refusals: Counter::default() }
    }

    /// Counts a request of the principal at the monotonic time `now`. Returns the principal's
    /// status, or `None` if rate limiting is off.
    pub(crate) fn count(
        &self,
        principal: &UserId,
        now: Duration,
    ) -> Result<Option<RateLimitStatus>, TooMany> {
        let RateLimit::Of { requests, window } = self.limit else { return Ok(None) };
        let nanos = |duration: Duration| i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX);
        let (step, window) = (nanos(window / requests).max(1), nanos(window));
        let now = nanos(now);

        let hash = self.hasher.hash_one(principal);
        let shard = usize::try_from(hash).unwrap_or_default() % SHARDS;
        let Some(shard) = self.shards.get(shard) else { return Ok(None) };
        let mut full_at = shard.lock();
        if full_at.len() >= MAX_PER_SHARD && !full_at.contains_key(&hash) {
            full_at.retain(|_, full_at| *full_at > now);
            if full_at.len() >= MAX_PER_SHARD {
                full_at.clear();
            }
        }
        let entry = full_at.entry(hash).or_insert(now);
        let before = (*entry).max(now);
        let after = before.saturating_add(step);
        let status = |full_at: i64| {
            let missing = full_at - now;
            let remaining = (window - missing).max(0) / step;
            RateLimitStatus {
                limit: requests,
                remaining: u32::try_from(remaining).unwrap_or(u32::MAX),
                reset: Duration::from_nanos(missing.unsigned_abs()),
            }
        };
        if after - now > window {
            self.refusals.count();
            let wait = after - now - window;
            return Err(TooMany {
                status: status(before),
                retry_after: Duration::from_nanos(wait.unsigned_abs()),
            });
        }
        *entry = after;
        Ok(Some(status(after)))
    }

    pub(crate) fn show(&self, sheet: &mut Sheet) {
        sheet.counters(
            "rate_limit_refusals",
            "Requests refused by the rate limit per user",
            [(vec![("limit", "user".to_owned())], self.refusals.total())],
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    fn user(name: &str) -> UserId {
        name.to_owned().try_into().unwrap()
    }

    #[test]
    fn a_bucket_is_emptied_and_fills_up_again() {
        let limiter = RateLimiter::new("3/3s".parse().unwrap());
        let ada = user("ada");
        for remaining in [2, 1, 0] {
            assert_eq!(limiter.count(&ada, at(0)).unwrap().unwrap().remaining, remaining);
        }
        assert_eq!(limiter.count(&ada, at(0)).unwrap_err().retry_after, Duration::from_secs(1));
        assert!(limiter.count(&user("bob"), at(0)).is_ok());
        assert!(limiter.count(&ada, at(999)).is_err());
        assert!(limiter.count(&ada, at(1000)).is_ok());
        assert!(limiter.count(&ada, at(1001)).is_err());
        let status = limiter.count(&ada, at(60_000)).unwrap().unwrap();
        assert_eq!(
            status,
            RateLimitStatus { limit: 3, remaining: 2, reset: Duration::from_secs(1) }
        );
    }

    #[test]
    fn memory_is_bounded_for_any_number_of_users() {
        let limiter = RateLimiter::new(RateLimit::DEFAULT);
        for number in 0..SHARDS * MAX_PER_SHARD * 2 {
            limiter.count(&user(&number.to_string()), at(0)).unwrap();
        }
        let entries = limiter.shards.iter().map(|shard| shard.lock().len());
        assert!(entries.sum::<usize>() <= SHARDS * MAX_PER_SHARD);
    }
}
