//! Rate limit per principal: a token bucket each (GCRA). Each replica counts separately, in bounded
//! memory.

use std::{
    collections::HashMap,
    fmt,
    hash::{BuildHasher as _, RandomState},
    str::FromStr,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use service_kit::{
    config::{duration, switch},
    metrics::{Counter, Sheet},
};
use shared_models::UserId;

const SHARDS: usize = 16;
const MAX_PER_SHARD: usize = 8192;

const LIMIT: HeaderName = HeaderName::from_static("ratelimit-limit");
const REMAINING: HeaderName = HeaderName::from_static("ratelimit-remaining");
const RESET: HeaderName = HeaderName::from_static("ratelimit-reset");

/// `on`, `off`, or a number of requests per duration: `100/10s`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RateLimit {
    Off,
    Of { requests: u32, window: Duration },
}

impl RateLimit {
    /// A small part of what one core can handle.
    pub const DEFAULT: Self = Self::Of { requests: 10_000, window: Duration::from_secs(10) };
}

impl FromStr for RateLimit {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match switch(text) {
            Ok(true) => return Ok(Self::DEFAULT),
            Ok(false) => return Ok(Self::Off),
            Err(_) => {}
        }
        let (requests, window) = text.split_once('/').unwrap_or_default();
        match (requests.parse(), duration(window)) {
            (Ok(requests @ 1..), Ok(window)) => Ok(Self::Of { requests, window }),
            _ => Err("expected on, off or a limit such as 100/10s".to_owned()),
        }
    }
}

impl fmt::Display for RateLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Off => f.write_str("off"),
            Self::Of { requests, window } => {
                write!(f, "{requests}/{}", humantime::format_duration(*window))
            }
        }
    }
}

/// State of a principal's limit after a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Standing {
    limit: u32,
    remaining: u32,
    /// Time until the bucket is full again.
    reset: Duration,
}

impl Standing {
    /// Writes the rate limit headers.
    pub(crate) fn write(self, headers: &mut HeaderMap) {
        headers.insert(LIMIT, HeaderValue::from(self.limit));
        headers.insert(REMAINING, HeaderValue::from(self.remaining));
        headers.insert(RESET, HeaderValue::from(whole_seconds(self.reset)));
    }
}

/// Rounds up to whole seconds.
pub(crate) fn whole_seconds(duration: Duration) -> u64 {
    duration.as_secs() + u64::from(duration.subsec_nanos() > 0)
}

pub(crate) struct RateLimiter {
    limit: RateLimit,
    hasher: RandomState,
    /// When each principal's bucket will be full again, in nanoseconds, by hash of the principal.
    shards: [Mutex<HashMap<u64, i64>>; SHARDS],
    refusals: Counter,
}

/// The request exceeds the limit.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TooMany {
    pub(crate) standing: Standing,
    pub(crate) retry_after: Duration,
}

impl TooMany {
    pub(crate) const EXAMPLE: Self = Self {
        standing: Standing { limit: 1, remaining: 0, reset: Duration::from_secs(1) },
        retry_after: Duration::from_secs(1),
    };
}

impl RateLimiter {
    pub(crate) fn new(limit: RateLimit) -> Self {
        let (hasher, shards) = (RandomState::new(), Default::default());
        Self { limit, hasher, shards, refusals: Counter::default() }
    }

    /// Counts a request at a monotonic time. Returns `None` if there is no limit.
    pub(crate) fn count(
        &self,
        principal: &UserId,
        now: Duration,
    ) -> Result<Option<Standing>, TooMany> {
        let RateLimit::Of { requests, window } = self.limit else { return Ok(None) };
        let nanos = |duration: Duration| i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX);
        let (step, window) = (nanos(window / requests).max(1), nanos(window));
        let now = nanos(now);

        let hash = self.hasher.hash_one(principal);
        let shard = usize::try_from(hash).unwrap_or_default() % SHARDS;
        let Some(shard) = self.shards.get(shard) else { return Ok(None) };
        let mut full_at = shard.lock().unwrap_or_else(PoisonError::into_inner);
        if full_at.len() >= MAX_PER_SHARD && !full_at.contains_key(&hash) {
            full_at.retain(|_, full_at| *full_at > now);
            if full_at.len() >= MAX_PER_SHARD {
                full_at.clear();
            }
        }
        let entry = full_at.entry(hash).or_insert(now);
        let before = (*entry).max(now);
        let after = before.saturating_add(step);
        let standing = |full_at: i64| {
            let missing = full_at - now;
            let remaining = (window - missing).max(0) / step;
            Standing {
                limit: requests,
                remaining: u32::try_from(remaining).unwrap_or(u32::MAX),
                reset: Duration::from_nanos(missing.unsigned_abs()),
            }
        };
        if after - now > window {
            self.refusals.count();
            let wait = after - now - window;
            return Err(TooMany {
                standing: standing(before),
                retry_after: Duration::from_nanos(wait.unsigned_abs()),
            });
        }
        *entry = after;
        Ok(Some(standing(after)))
    }

    pub(crate) fn show(&self, sheet: &mut Sheet) {
        sheet.counters(
            "rate_limit_refusals",
            "Requests that came too soon after others",
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
    fn a_limit_has_one_spelling() {
        assert_eq!("on".parse(), Ok(RateLimit::DEFAULT));
        assert_eq!("off".parse(), Ok(RateLimit::Off));
        let limit = RateLimit::Of { requests: 100, window: Duration::from_mins(1) };
        assert_eq!("100/1m".parse(), Ok(limit));
        assert_eq!(limit.to_string(), "100/1m");
        for text in ["", "100", "0/1s", "-1/1s", "1/0s", "1/", "/1s", "often", "1/1s/1"] {
            assert!(text.parse::<RateLimit>().is_err(), "{text}");
        }
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
        let standing = limiter.count(&ada, at(60_000)).unwrap().unwrap();
        assert_eq!(standing, Standing { limit: 3, remaining: 2, reset: Duration::from_secs(1) });
    }

    #[test]
    fn memory_is_bounded_for_any_number_of_users() {
        let limiter = RateLimiter::new(RateLimit::DEFAULT);
        for number in 0..SHARDS * MAX_PER_SHARD * 2 {
            limiter.count(&user(&number.to_string()), at(0)).unwrap();
        }
        let entries = limiter.shards.iter().map(|shard| shard.lock().unwrap().len());
        assert!(entries.sum::<usize>() <= SHARDS * MAX_PER_SHARD);
    }
}
