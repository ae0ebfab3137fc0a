//! The shutdown state of this process: whether the shutdown has begun, and how much time is left.
//!
//! Global, because a signal applies to the whole process and shutdown happens once.

use std::{
    sync::{
        OnceLock,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use tokio::time::Instant;

static STOPPING: AtomicBool = AtomicBool::new(false);
/// Time of the forced exit.
static DEADLINE: OnceLock<Instant> = OnceLock::new();

/// Returns whether the process is shutting down.
pub fn is_stopping() -> bool {
    STOPPING.load(Ordering::Relaxed)
}

/// Begins the shutdown. Called once.
pub(crate) fn begin(deadline: Instant) {
    let _ = DEADLINE.set(deadline);
    STOPPING.store(true, Ordering::Relaxed);
}

/// Returns the time until the forced exit; `None` before the first signal.
pub(crate) fn time_left() -> Option<Duration> {
    Some(DEADLINE.get()?.saturating_duration_since(Instant::now()))
}
