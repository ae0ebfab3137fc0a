//! Time limits for the last log lines and traces of a process.

use std::time::Duration;

/// A function that returns the time until the process is forced to exit, or `None` if it is not
/// shutting down.
pub type TimeLeft = fn() -> Option<Duration>;

/// Returns the time limit for one of the final steps: `limit`, or half of the remaining time if
/// that is less.
pub(super) fn share(time_left: TimeLeft, limit: Duration) -> Duration {
    time_left().map_or(limit, |left| limit.min(left / 2))
}
