//! Statements sent to the thread that owns a connection, and their results.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::mpsc,
    time::{Duration, Instant},
};

use diesel::{
    QueryResult, SqliteConnection,
    result::{DatabaseErrorKind, Error},
};
use tokio::sync::oneshot;

/// Maximum time for which a transaction waits for its next step.
pub(super) const IDLE_TIMEOUT: Duration = Duration::from_secs(10);

type Run = Box<dyn FnOnce(QueryResult<&mut SqliteConnection>) -> Executed + Send>;

/// One unit of work for a connection.
pub(super) struct Statement {
    run: Run,
    pub(super) submitted: Instant,
    /// Whether SQLite itself undoes all of the work on failure, as it does for a single SQL
    /// statement.
    pub(super) is_atomic: bool,
    /// Whether to check the file first, even if it was checked recently.
    pub(super) checks_file: bool,
}

pub(super) enum Job {
    Statement(Statement),
    /// A transaction, which the writer rolls back if the sender is dropped before the commit.
    Transaction {
        steps: mpsc::Receiver<Step>,
        submitted: Instant,
    },
}

/// A message from a request to the thread that runs its transaction.
pub(super) enum Step {
    Statement(Statement),
    /// Removes the time limit of the transaction.
    LiftLimits,
    Commit(oneshot::Sender<QueryResult<()>>),
}

/// A callback that reports the result of a statement or a commit to its request. If the argument is
/// an error, it reports that error instead, because the effect may not be stored.
pub(super) type Reply = Box<dyn FnOnce(QueryResult<()>) + Send>;

/// A statement that has run, but whose result has not been reported yet.
pub(super) struct Executed {
    pub(super) effect: Effect,
    pub(super) reply: Reply,
}

/// Effect of a statement on its transaction.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Effect {
    Applied,
    /// The statement failed or was skipped, and the transaction continues.
    Refused,
    /// The statement failed, and SQLite may have rolled back the whole transaction.
    Unknown,
}

impl Statement {
    pub(super) fn new<R: Send + 'static>(
        is_atomic: bool,
        work: impl FnOnce(&mut SqliteConnection) -> QueryResult<R> + Send + 'static,
    ) -> (Self, oneshot::Receiver<QueryResult<R>>) {
        let (sender, receiver) = oneshot::channel();
        let run = move |conn: QueryResult<&mut SqliteConnection>| {
            // Skips a statement whose request has ended.
            if sender.is_closed() {
                return Executed { effect: Effect::Refused, reply: Box::new(drop) };
            }
            let result = conn.and_then(work);
            let effect = Effect::of(&result);
            let reply: Reply = Box::new(move |outcome| {
                // The request may have ended in the meantime.
                let _ = sender.send(outcome.and(result));
            });
            Executed { effect, reply }
        };
        let (submitted, checks_file) = (Instant::now(), false);
        (Self { run: Box::new(run), submitted, is_atomic, checks_file }, receiver)
    }

    /// Runs the statement. A panic does not end the thread; the request sees it as an outage.
    pub(super) fn run(self, conn: &mut SqliteConnection) -> Executed {
        let run = self.run;
        catch_unwind(AssertUnwindSafe(|| run(Ok(conn))))
            .unwrap_or_else(|_panic| Executed { effect: Effect::Unknown, reply: Box::new(drop) })
    }

    /// Reports `error` to the request instead of running the statement.
    pub(super) fn refuse(self, error: Error) {
        let executed = (self.run)(Err(error));
        (executed.reply)(Ok(()));
    }
}

impl Job {
    pub(super) fn submitted(&self) -> Instant {
        match self {
            Self::Statement(statement) => statement.submitted,
            Self::Transaction { submitted, .. } => *submitted,
        }
    }

    pub(super) fn checks_file(&self) -> bool {
        matches!(self, Self::Statement(statement) if statement.checks_file)
    }

    /// Reports `error` to the request instead of running the job.
    pub(super) fn refuse(self, error: &Error) {
        match self {
            Self::Statement(statement) => statement.refuse(copy(error)),
            Self::Transaction { steps, .. } => refuse_steps(&steps, error),
        }
    }
}

/// Rejects every step of a transaction that could not begin, until the request drops its sender or
/// pauses for too long.
pub(super) fn refuse_steps(steps: &mpsc::Receiver<Step>, error: &Error) {
    // The request sees the error at its first step and drops its sender.
    while let Ok(step) = steps.recv_timeout(IDLE_TIMEOUT) {
        match step {
            Step::Statement(statement) => statement.refuse(copy(error)),
            Step::LiftLimits => {}
            Step::Commit(committed) => {
                let _ = committed.send(Err(copy(error)));
            }
        }
    }
}

impl Effect {
    fn of<R>(result: &QueryResult<R>) -> Self {
        use DatabaseErrorKind::{
            CheckViolation, ForeignKeyViolation, NotNullViolation, UniqueViolation,
        };
        match result {
            Ok(_) => Self::Applied,
            // On a constraint violation, SQLite undoes the statement and keeps the transaction.
            Err(Error::DatabaseError(
                CheckViolation | ForeignKeyViolation | NotNullViolation | UniqueViolation,
                _,
            )) => Self::Refused,
            Err(Error::DatabaseError(..)) => Self::Unknown,
            Err(_) => Self::Refused,
        }
    }
}

/// Returns the error for a database that is temporarily unavailable.
pub(super) fn outage(reason: &(impl ToString + ?Sized)) -> Error {
    Error::DatabaseError(DatabaseErrorKind::UnableToSendCommand, Box::new(reason.to_string()))
}

/// Converts an error, which is not `Clone`, to an outage with the same message, so that it can be
/// reported to several statements.
pub(super) fn copy(error: &Error) -> Error {
    outage(error)
}
