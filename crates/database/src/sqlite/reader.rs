//! Reader threads, and threads of connections outside of any pool. They run single statements, or
//! several statements on one snapshot.

use std::{sync::mpsc, time::Instant};

use diesel::{SqliteConnection, connection::SimpleConnection as _};

use super::{
    seat::{Seat, run_steps},
    statement::{Job, Step, refuse_steps},
};

/// Runs jobs until the queue is closed.
pub(super) fn serve(mut seat: Seat) {
    let queue = seat.queue.clone();
    while let Some(job) = queue.next(seat.thread) {
        let now = Instant::now();
        let Some(job) = seat.admit(job, now) else { continue };
        if job.checks_file() {
            seat.checked = None;
        }
        match seat.connection(now) {
            Ok(opened) => run(&mut opened.conn, job),
            Err(error) => job.refuse(&error),
        }
    }
}

fn run(conn: &mut SqliteConnection, job: Job) {
    match job {
        Job::Statement(statement) => {
            let executed = statement.run(conn);
            (executed.reply)(Ok(()));
        }
        Job::Transaction { steps, .. } => snapshot(conn, &steps),
    }
}

/// Runs statements on the snapshot that the first one takes. Other connections can write meanwhile.
fn snapshot(conn: &mut SqliteConnection, steps: &mpsc::Receiver<Step>) {
    if let Err(error) = conn.batch_execute("BEGIN") {
        return refuse_steps(steps, &error);
    }
    let ended = run_steps(conn, steps);
    let outcome = conn.batch_execute("COMMIT");
    if outcome.is_err() {
        let _ = conn.batch_execute("ROLLBACK");
    }
    if let Some(commit) = ended.commit {
        let _ = commit.send(outcome);
    }
}
