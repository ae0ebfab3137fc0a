//! The job queue of a thread pool.

use std::{collections::VecDeque, sync::Arc};

use diesel::QueryResult;
use parking_lot::{Condvar, Mutex, MutexGuard};

use super::statement::{Job, outage};

/// Maximum number of queued jobs. Further jobs would probably not start within their time limit.
const MAX_QUEUED: usize = 4096;

/// The queued jobs of a thread pool. A thread takes jobs meant for it alone before those for any
/// thread.
pub(super) struct Queue {
    state: Mutex<State>,
    wakeup: Condvar,
}

struct State {
    jobs: VecDeque<Job>,
    /// Jobs for a specific thread, by the index of the thread.
    own: Vec<VecDeque<Job>>,
    is_closed: bool,
}

impl Queue {
    pub(super) fn new(threads: usize) -> Self {
        let own = (0..threads).map(|_| VecDeque::new()).collect();
        let state = State { jobs: VecDeque::new(), own, is_closed: false };
        Self { state: Mutex::new(state), wakeup: Condvar::new() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock()
    }

    pub(super) fn push(&self, job: Job) -> QueryResult<()> {
        let mut state = self.state();
        if state.is_closed {
            return Err(outage("the database is closed"));
        }
        if state.jobs.len() >= MAX_QUEUED {
            return Err(outage("too many statements in flight"));
        }
        state.jobs.push_back(job);
        drop(state);
        self.wakeup.notify_one();
        Ok(())
    }

    /// Queues a separate job for each thread.
    pub(super) fn push_to_each(&self, mut job: impl FnMut() -> Job) {
        let mut state = self.state();
        for jobs in &mut state.own {
            jobs.push_back(job());
        }
        drop(state);
        self.wakeup.notify_all();
    }

    /// Puts a job back at the front of a thread's queue.
    pub(super) fn give_back(&self, thread: usize, job: Job) {
        if let Some(jobs) = self.state().own.get_mut(thread) {
            jobs.push_front(job);
        }
    }

    /// Waits for a thread's next job. Returns `None` when the queue is closed and empty.
    pub(super) fn next(&self, thread: usize) -> Option<Job> {
        let mut state = self.state();
        loop {
            if let Some(job) = state.take(thread) {
                return Some(job);
            }
            if state.is_closed {
                return None;
            }
            self.wakeup.wait(&mut state);
        }
    }

    /// Returns a thread's next job without waiting, or `None` if no job is queued for it.
    pub(super) fn try_next(&self, thread: usize) -> Option<Job> {
        self.state().take(thread)
    }

    fn close(&self) {
        self.state().is_closed = true;
        self.wakeup.notify_all();
    }
}

impl State {
    fn take(&mut self, thread: usize) -> Option<Job> {
        let own = self.own.get_mut(thread).and_then(VecDeque::pop_front);
        own.or_else(|| self.jobs.pop_front())
    }
}

/// The owner of a queue. When it is dropped, the threads finish the queued jobs and exit.
pub(super) struct Threads(pub(super) Arc<Queue>);

impl Drop for Threads {
    fn drop(&mut self) {
        self.0.close();
    }
}
