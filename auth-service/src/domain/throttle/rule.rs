//! Limits on attempts.

use std::time::Duration;

use chrono::{DateTime, Utc};

#[derive(Clone, Copy, Debug)]
pub(crate) enum Rule {
    /// Allows `max` attempts in a fixed window that begins with the first of them. Each replica
    /// adds its attempts to the shared count `share_every` at a time.
    Window { max: u32, window: Duration, share_every: u32 },
    /// Allows `free` attempts, then requires waits that double from `first` to `longest`.
    BackOff { free: u32, first: Duration, longest: Duration },
}

/// Tolerated clock difference between replicas. A time further in the future means that the clock
/// was set back.
const MAX_SKEW: Duration = Duration::from_secs(5);
/// Time without attempts after which a back-off is forgotten.
const BACK_OFF_MEMORY: Duration = Duration::from_hours(24);

impl Rule {
    /// Returns the wait after `count` attempts, measured from `last_at`.
    pub(super) fn pause_after(self, count: u32) -> Duration {
        match self {
            Self::Window { max, window, .. } if count >= max => window,
            Self::BackOff { free, first, longest } if count >= free => {
                let doublings = 2_u32.saturating_pow(count.saturating_sub(free));
                first.saturating_mul(doublings).min(longest)
            }
            _ => Duration::ZERO,
        }
    }

    pub(super) fn memory(self) -> Duration {
        match self {
            Self::Window { window, .. } => window,
            Self::BackOff { .. } => BACK_OFF_MEMORY,
        }
    }

    /// Returns the number of attempts that a replica counts locally before it shares them. If it is
    /// more than one, most requests write nothing, but the replicas together may allow a few
    /// attempts more than `max`.
    pub(super) fn share_every(self) -> u32 {
        match self {
            Self::Window { share_every, .. } => share_every,
            Self::BackOff { .. } => 1,
        }
    }

    /// Counts `more` attempts, or returns the time to wait.
    pub(super) fn judge(
        self,
        tries: Option<Tries>,
        more: u32,
        now: DateTime<Utc>,
    ) -> Result<Tries, Duration> {
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
        // `last_at` may be slightly ahead of this clock, which makes the difference positive even
        // without a pause. Such a difference is not a wait.
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
pub(super) struct Tries {
    pub(super) count: u32,
    /// Time of the first attempt in a window, or of the last attempt in a back-off.
    pub(super) last_at: DateTime<Utc>,
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
    fn pauses_double_until_they_are_long_enough() {
        let pauses: Vec<_> = (0..7).map(|count| BACK_OFF.pause_after(count).as_secs()).collect();
        assert_eq!(pauses, [0, 0, 1, 2, 4, 5, 5]);
        assert_eq!(BACK_OFF.pause_after(u32::MAX), Duration::from_secs(5));
    }
}
