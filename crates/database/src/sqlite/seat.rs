//! A database thread and its connection.

use std::{
    sync::{Arc, mpsc},
    time::{Duration, Instant},
};

use diesel::{QueryResult, SqliteConnection};
use tokio::sync::oneshot;

use super::{
    file::{Access, DatabaseFile, Opened},
    queue::Queue,
    statement::{Effect, IDLE_TIMEOUT, Job, Step, outage},
};
use crate::waits::Wait;

/// Maximum time for which a job may wait in the queue; later, it is rejected.
const POOL_WAIT: Duration = Duration::from_secs(5);
/// Time after which a thread checks again, before its next job, that its file has not been
/// replaced. The writer also checks after each commit.
const CHECK_INTERVAL: Duration = Duration::from_millis(100);

/// State of a database thread.
pub(super) struct Seat {
    pub(super) queue: Arc<Queue>,
    /// Index of the thread in its pool.
    pub(super) thread: usize,
    /// `None` for a connection outside of any pool.
    pub(super) file: Option<Arc<DatabaseFile>>,
    pub(super) access: Access,
    pub(super) wait: Arc<Wait>,
    pub(super) opened: Option<Opened>,
    /// Time at which the file was last checked; `None` if the next job requires a new check.
    pub(super) checked: Option<Instant>,
}

impl Seat {
    /// Creates the state for a connection outside of any pool.
    pub(super) fn foreign(queue: Arc<Queue>, conn: SqliteConnection) -> Self {
        let opened = Some(Opened::foreign(conn));
        let (access, wait) = (Access::Read, Arc::default());
        Self { queue, thread: 0, file: None, access, wait, opened, checked: None }
    }

    /// Records how long a job waited, and rejects it if it waited too long.
    pub(super) fn admit(&self, job: Job, now: Instant) -> Option<Job> {
        let waited = now.saturating_duration_since(job.submitted());
        let is_late = waited > POOL_WAIT;
        self.wait.record(waited, !is_late);
        if is_late {
            job.refuse(&outage("timeout while waiting for a database connection"));
            return None;
        }
        Some(job)
    }

    /// Returns the connection of this thread. Opens it if necessary, and checks its file unless a
    /// recent check found the file usable.
    pub(super) fn connection(&mut self, now: Instant) -> QueryResult<&mut Opened> {
        let is_fresh = |checked: Instant| now.saturating_duration_since(checked) < CHECK_INTERVAL;
        if let Some(file) = &self.file
            && (self.opened.is_none() || file.is_doubtful() || !self.checked.is_some_and(is_fresh))
        {
            self.checked = None;
            file.ensure(&mut self.opened, self.access)?;
            self.checked = Some(now);
        }
        self.opened.as_mut().ok_or_else(|| outage("no connection"))
    }
}

/// The way a transaction ended.
pub(super) struct Ended {
    /// The channel for the result of the commit; `None` if no commit was requested or possible.
    pub(super) commit: Option<oneshot::Sender<QueryResult<()>>>,
    pub(super) effect: Effect,
}

/// Runs the statements of a transaction until it ends.
pub(super) fn run_steps(conn: &mut SqliteConnection, steps: &mpsc::Receiver<Step>) -> Ended {
    let (mut limit, mut effect) = (Some(IDLE_TIMEOUT), Effect::Applied);
    loop {
        let step = match limit {
            Some(limit) => steps.recv_timeout(limit).ok(),
            None => steps.recv().ok(),
        };
        match step {
            None => return Ended { commit: None, effect },
            Some(Step::LiftLimits) => limit = None,
            // SQLite may have rolled back: later statements would not be part of the transaction.
            Some(Step::Statement(statement)) if effect == Effect::Unknown => {
                statement.refuse(outage("the transaction has failed"));
            }
            Some(Step::Statement(statement)) => {
                let executed = statement.run(conn);
                effect = executed.effect;
                (executed.reply)(Ok(()));
            }
            Some(Step::Commit(committed)) if effect == Effect::Unknown => {
                let _ = committed.send(Err(outage("the transaction has failed")));
                return Ended { commit: None, effect };
            }
            Some(Step::Commit(committed)) => return Ended { commit: Some(committed), effect },
        }
    }
}
