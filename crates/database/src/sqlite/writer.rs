//! The writer thread and its group commit.
//!
//! A commit waits for the disk. Writes that arrive meanwhile share the next commit. Each of them
//! can fail alone, and none is acknowledged before the commit is on disk.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    time::{Duration, Instant},
};

use diesel::{QueryResult, SqliteConnection, connection::SimpleConnection as _};

use super::{
    seat::{Seat, run_steps},
    statement::{Effect, Executed, Job, Reply, Statement, Step, copy, outage, refuse_steps},
};

/// Maximum number of writes that share a commit.
const MAX_MEMBERS: usize = 256;
/// Time limit for collecting a group, so that its first write does not wait long.
const MAX_GATHERING: Duration = Duration::from_millis(5);

/// IMMEDIATE takes the write lock at the beginning, because taking it later can fail.
const BEGIN: &str = "BEGIN IMMEDIATE";
const BEGIN_MEMBER: &str = "SAVEPOINT member";
const END_MEMBER: &str = "RELEASE member";
const UNDO_MEMBER: &str = "ROLLBACK TO member; RELEASE member";

/// Runs jobs until the queue is closed. Sets `is_doubtful` when a write fails for a reason that may
/// affect other writes.
pub(super) fn serve(mut seat: Seat, is_doubtful: &AtomicBool) {
    let queue = Arc::clone(&seat.queue);
    let mut replies = Vec::new();
    while let Some(job) = queue.next(seat.thread) {
        let outcome = write_group(&mut seat, job, &mut replies, is_doubtful);
        if outcome.is_err() {
            is_doubtful.store(true, Ordering::Relaxed);
        }
        for reply in replies.drain(..) {
            reply(outcome.as_ref().map_err(copy).copied());
        }
    }
}

/// Runs a job together with queued ones and commits them. The result applies to all `replies`.
fn write_group(
    seat: &mut Seat,
    first: Job,
    replies: &mut Vec<Reply>,
    is_doubtful: &AtomicBool,
) -> QueryResult<()> {
    let started = Instant::now();
    let Some(first) = seat.admit(first, started) else { return Ok(()) };
    if let Err(error) = seat.connection(started).map(drop) {
        first.refuse(&error);
        return Err(error);
    }
    let Some(mut opened) = seat.opened.take() else { return Err(outage("no connection")) };
    let conn = &mut opened.conn;
    let committed = match (first, next_member(seat)) {
        // A single statement is a transaction of its own.
        (Job::Statement(statement), None) if statement.is_atomic => {
            Ok(run_statement(conn, statement, replies))
        }
        (first, second) => run_members(seat, conn, [Some(first), second], started, replies),
    };
    let outcome = committed.and_then(|effect| {
        if effect == Effect::Unknown {
            is_doubtful.store(true, Ordering::Relaxed);
        }
        seat.file.as_ref().map_or(Ok(()), |file| file.check(&opened))
    });
    seat.opened = Some(opened);
    outcome
}

/// Runs these jobs, and others that arrive meanwhile, in one transaction.
fn run_members(
    seat: &Seat,
    conn: &mut SqliteConnection,
    jobs: [Option<Job>; 2],
    started: Instant,
    replies: &mut Vec<Reply>,
) -> QueryResult<Effect> {
    let mut waiting = jobs.into_iter().flatten();
    if let Err(error) = conn.batch_execute(BEGIN) {
        for job in waiting {
            job.refuse(&error);
        }
        return Err(error);
    }
    let mut next = waiting.next();
    let mut effect = Effect::Applied;
    while let Some(job) = next {
        effect = run_member(conn, job, replies);
        if effect == Effect::Unknown {
            // SQLite may have rolled back. Nothing more may run until the outcome is known.
            break;
        }
        next = waiting.next();
        if next.is_none() && replies.len() < MAX_MEMBERS && started.elapsed() < MAX_GATHERING {
            next = next_member(seat);
        }
    }
    let committed = conn.batch_execute("COMMIT");
    if committed.is_err() {
        // Has no effect if SQLite has already rolled back.
        let _ = conn.batch_execute("ROLLBACK");
    }
    for job in waiting {
        seat.queue.give_back(seat.thread, job);
    }
    committed.map(|()| effect)
}

/// Returns the next queued job that has not waited too long.
fn next_member(seat: &Seat) -> Option<Job> {
    loop {
        let job = seat.queue.try_next(seat.thread)?;
        if let Some(job) = seat.admit(job, Instant::now()) {
            return Some(job);
        }
    }
}

fn run_member(conn: &mut SqliteConnection, job: Job, replies: &mut Vec<Reply>) -> Effect {
    match job {
        Job::Statement(statement) if statement.is_atomic => run_statement(conn, statement, replies),
        Job::Statement(statement) => run_work(conn, statement, replies),
        Job::Transaction { steps, .. } => run_transaction(conn, &steps, replies),
    }
}

fn run_statement(
    conn: &mut SqliteConnection,
    statement: Statement,
    replies: &mut Vec<Reply>,
) -> Effect {
    let Executed { effect, reply } = statement.run(conn);
    replies.push(reply);
    effect
}

/// Runs work that may consist of several SQL statements, in a savepoint.
fn run_work(conn: &mut SqliteConnection, work: Statement, replies: &mut Vec<Reply>) -> Effect {
    if let Err(error) = conn.batch_execute(BEGIN_MEMBER) {
        work.refuse(error);
        return Effect::Unknown;
    }
    let Executed { effect, reply } = work.run(conn);
    replies.push(reply);
    let end = if effect == Effect::Applied { END_MEMBER } else { UNDO_MEMBER };
    if conn.batch_execute(end).is_err() { Effect::Unknown } else { effect }
}

fn run_transaction(
    conn: &mut SqliteConnection,
    steps: &mpsc::Receiver<Step>,
    replies: &mut Vec<Reply>,
) -> Effect {
    if let Err(error) = conn.batch_execute(BEGIN_MEMBER) {
        refuse_steps(steps, &error);
        return Effect::Unknown;
    }
    let ended = run_steps(conn, steps);
    let Some(commit) = ended.commit else {
        let undone = conn.batch_execute(UNDO_MEMBER);
        return if undone.is_err() { Effect::Unknown } else { ended.effect };
    };
    match conn.batch_execute(END_MEMBER) {
        Ok(()) => {
            replies.push(Box::new(move |outcome| {
                let _ = commit.send(outcome);
            }));
            Effect::Applied
        }
        Err(error) => {
            let _ = commit.send(Err(error));
            Effect::Unknown
        }
    }
}
