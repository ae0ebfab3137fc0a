//! Counters and schedule of the fetches.

use std::time::Duration;

use tokio::time::Instant;

/// Delay before the first retry while no set has been fetched; it doubles with each failure, up to
/// the cool-down.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// A set is refreshed after four fifths of its lifetime; the rest leaves time for the fetch.
const REFRESH_NUMERATOR: u32 = 4;
const REFRESH_DENOMINATOR: u32 = 5;

#[derive(Clone, Copy, Debug)]
pub(crate) struct Timing {
    pub(crate) cache_ttl: Duration,
    pub(crate) cooldown: Duration,
    pub(crate) fetch_timeout: Duration,
    pub(crate) max_stale: Duration,
}

/// Cause of a fetch.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum FetchTrigger {
    Schedule,
    /// A token names an unknown key. Any client can send one, so such fetches need a cool-down.
    UnknownKey,
    /// An event names an unknown key. The issuer sent it, so the set must be out of date.
    #[cfg(feature = "events")]
    Event,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Status {
    /// Number of completed fetches, successful or not. It tells a waiting caller whether another
    /// fetch has completed in the meantime.
    pub(super) attempts: u64,
    /// Number of failed fetches.
    pub(super) failed: u64,
    /// Number of failures since the last success.
    pub(super) failures: u32,
    /// End of the cool-down, during which [`FetchTrigger::UnknownKey`] causes no fetch.
    cooling_until: Instant,
    /// Time of the next scheduled fetch.
    pub(super) due_at: Instant,
}

impl Status {
    /// Returns the status before the first fetch, which is due now.
    pub(super) fn new(now: Instant) -> Self {
        Self { attempts: 0, failed: 0, failures: 0, cooling_until: now, due_at: now }
    }

    pub(super) fn after_success(
        self,
        now: Instant,
        timing: &Timing,
        trigger: FetchTrigger,
    ) -> Self {
        let is_unknown = trigger == FetchTrigger::UnknownKey;
        Self {
            attempts: self.attempts + 1,
            failures: 0,
            due_at: now + timing.cache_ttl * REFRESH_NUMERATOR / REFRESH_DENOMINATOR,
            cooling_until: if is_unknown { now + timing.cooldown } else { self.cooling_until },
            ..self
        }
    }

    pub(super) fn after_failure(self, now: Instant, timing: &Timing, has_set: bool) -> Self {
        let cooldown = timing.cooldown;
        let doubled = FIRST_PAUSE.saturating_mul(1 << self.failures.min(16));
        Self {
            attempts: self.attempts + 1,
            failed: self.failed + 1,
            failures: self.failures.saturating_add(1),
            due_at: now + if has_set { cooldown } else { doubled.min(cooldown) },
            cooling_until: now + cooldown,
        }
    }

    /// Returns whether the cool-down prevents a fetch with this trigger. The cool-down applies only
    /// to unknown keys in tokens.
    pub(super) fn is_cooling(&self, trigger: FetchTrigger) -> bool {
        trigger == FetchTrigger::UnknownKey && self.cooling_until > Instant::now()
    }
}
