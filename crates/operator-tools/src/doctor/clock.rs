//! Clock skew, measured with the `Date` header of a response.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use super::{Answer, Finding};

/// Uncertainty of a `Date` header: it has a resolution of one second, and servers may cache it for
/// a moment.
const RESOLUTION: TimeDelta = TimeDelta::seconds(2);
/// Skew above which a warning is reported, although nothing fails yet.
const WORTH_A_WORD: Duration = Duration::from_secs(5);

/// Time by which another clock is ahead of ours; negative if it is behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Skew(pub TimeDelta);

impl Skew {
    /// Returns the smallest skew that explains `date`, which the other clock showed after
    /// `asked_at` and before `answered_at`, both times by our clock.
    fn of(date: DateTime<Utc>, asked_at: DateTime<Utc>, answered_at: DateTime<Utc>) -> Self {
        let (least, most) = (date - answered_at, date + RESOLUTION - asked_at);
        Self(TimeDelta::zero().clamp(least.min(most), most))
    }

    fn size(self) -> Duration {
        Duration::from_secs(self.0.num_seconds().unsigned_abs())
    }
}

/// Compares our clock with that of `who`, which sent `answer`. `leeway` is the skew allowed between
/// the issuer and the verifier of tokens.
pub fn clocks(who: &str, answer: &Answer, leeway: Duration) -> (Finding, Option<Skew>) {
    let Some(date) = answer.date() else {
        return (Finding::skip("clock", format!("{who} sends no Date header")), None);
    };
    let skew = Skew::of(date, answer.asked_at, answer.answered_at);
    let (size, allowed) = (humantime::format_duration(skew.size()), leeway.as_secs());
    let apart = if skew.0 > TimeDelta::zero() { "ahead of" } else { "behind" };
    let difference = format!("the clock of {who} is {size} {apart} this machine's");
    let finding = if skew.size() > leeway {
        let advice = "synchronize both with NTP, or valid tokens are refused";
        Finding::fault(
            "clock",
            format!("{difference}, more than the {allowed} s allowed: {advice}"),
        )
    } else if skew.size() > WORTH_A_WORD {
        Finding::warn(
            "clock",
            format!("{difference}; {allowed} s are allowed: synchronize both with NTP"),
        )
    } else {
        Finding::ok("clock", format!("agrees with that of {who}"))
    };
    (finding, Some(skew))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn skew(date: &str, asked_at: &str, answered_at: &str) -> i64 {
        let time = |time: &str| format!("2026-01-02T03:{time}Z").parse().unwrap();
        Skew::of(time(date), time(asked_at), time(answered_at)).0.num_seconds()
    }

    #[test]
    fn ignores_skew_within_the_round_trip_and_resolution() {
        assert_eq!(skew("00:10", "00:10.9", "00:10.95"), 0);
        assert_eq!(skew("00:10", "00:11.9", "00:11.95"), 0);
        assert_eq!(skew("00:10", "00:05", "00:15"), 0);
    }

    #[test]
    fn reports_larger_skew() {
        assert_eq!(skew("00:10", "01:12", "01:13"), -60);
        assert_eq!(skew("01:13", "00:12", "00:13"), 60);
    }
}
