//! Concurrent writers, and the writes that were acknowledged.

use std::{
    sync::{
        Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread::{scope, sleep},
    time::{Duration, Instant},
};

const WRITERS: usize = 4;
const POLL: Duration = Duration::from_millis(10);
/// Time limit for a condition. It is generous, because the machine may be busy and only a failing
/// test waits that long.
const PATIENCE: Duration = Duration::from_mins(3);

/// The writes acknowledged so far.
#[derive(Debug)]
pub struct Acknowledged<T>(Mutex<Vec<T>>);

impl<T> Acknowledged<T> {
    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<T>> {
        self.0.lock().expect("no writer has panicked")
    }

    /// Waits for `count` more acknowledged writes.
    pub fn wait_for(&self, count: usize) {
        let goal = self.lock().len() + count;
        wait_until("writes are acknowledged", || self.lock().len() >= goal);
    }
}

/// Calls `write` from several threads, with a new number each time, until `during` returns. `write`
/// returns `None` for a write that was not acknowledged. Returns the acknowledged writes.
pub fn under_load<T: Send>(
    write: impl Fn(usize) -> Option<T> + Sync,
    during: impl FnOnce(&Acknowledged<T>),
) -> Vec<T> {
    under_load_of(WRITERS, write, during)
}

/// Like [`under_load`], with a given number of threads.
pub fn under_load_of<T: Send>(
    writers: usize,
    write: impl Fn(usize) -> Option<T> + Sync,
    during: impl FnOnce(&Acknowledged<T>),
) -> Vec<T> {
    let acknowledged = Acknowledged(Mutex::default());
    let next = AtomicUsize::new(0);
    let is_over = AtomicBool::new(false);
    scope(|scope| {
        for _ in 0..writers {
            scope.spawn(|| {
                while !is_over.load(Ordering::Relaxed) {
                    match write(next.fetch_add(1, Ordering::Relaxed)) {
                        Some(written) => acknowledged.lock().push(written),
                        None => sleep(POLL),
                    }
                }
            });
        }
        let _ends_the_writers = OnDrop(&is_over);
        during(&acknowledged);
    });
    acknowledged.0.into_inner().expect("no writer has panicked")
}

/// A guard that sets the flag on drop. The scope waits for the writers, so they must stop even if
/// `during` panics.
pub(crate) struct OnDrop<'a>(pub(crate) &'a AtomicBool);

impl Drop for OnDrop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Waits until `is_true` returns true. Panics after three minutes.
pub fn wait_until(what: &str, mut is_true: impl FnMut() -> bool) {
    let start = Instant::now();
    while !is_true() {
        assert!(start.elapsed() < PATIENCE, "waited in vain until {what}");
        sleep(POLL);
    }
}
