//! The clock of a service: the current time, and the time since the start.

use std::{
    fmt,
    sync::Arc,
    time::{Duration, Instant},
};

use chrono::{DateTime, Utc};
use parking_lot::Mutex;

/// Source of the current time; tests provide their own.
#[derive(Clone)]
pub struct Clock {
    now: Arc<dyn Fn() -> DateTime<Utc> + Send + Sync>,
    elapsed: Arc<dyn Fn() -> Duration + Send + Sync>,
}

impl Clock {
    /// Creates a clock from a function. [`Self::elapsed`] advances when the returned time moves
    /// forward, and stands still when it is set back.
    pub fn new(now: impl Fn() -> DateTime<Utc> + Send + Sync + 'static) -> Self {
        let now: Arc<dyn Fn() -> DateTime<Utc> + Send + Sync> = Arc::new(now);
        let last = Mutex::new((now(), Duration::ZERO));
        let elapsed = {
            let now = Arc::clone(&now);
            move || {
                let mut last = last.lock();
                let (seen, passed) = &mut *last;
                let now = now();
                *passed += (now - *seen).to_std().unwrap_or_default();
                *seen = now;
                *passed
            }
        };
        Self { now, elapsed: Arc::new(elapsed) }
    }

    pub fn now(&self) -> DateTime<Utc> {
        (self.now)()
    }

    /// Returns the time since the clock was created. Unlike [`Self::now`], it is monotonic, even if
    /// the system clock is changed.
    pub fn elapsed(&self) -> Duration {
        (self.elapsed)()
    }
}

impl Default for Clock {
    #[expect(clippy::disallowed_methods, reason = "this is the clock")]
    fn default() -> Self {
        let start = Instant::now();
        Self { now: Arc::new(Utc::now), elapsed: Arc::new(move || start.elapsed()) }
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Clock({})", self.now())
    }
}
