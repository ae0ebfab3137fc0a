//! Background work with an orderly shutdown.

use std::time::Duration;

use actix_web::rt::{self, task::JoinHandle};
use tokio::{select, sync::watch, time};

/// Time limit for stopping. Interrupted work is repeated after the next start.
const STOP_TIMEOUT: Duration = Duration::from_secs(5);

/// A task that repeats its work until it is stopped.
#[derive(Debug)]
pub struct Worker {
    stop: watch::Sender<()>,
    task: JoinHandle<()>,
}

impl Worker {
    /// Runs `work` in a loop. After each run, waits for `woken`, but for at most `pause`.
    pub fn start(
        pause: Duration,
        work: impl AsyncFn() + 'static,
        woken: impl AsyncFn() + 'static,
    ) -> Self {
        let (stop, mut stopped) = watch::channel(());
        let task = rt::spawn(async move {
            loop {
                work().await;
                select! {
                    () = woken() => {}
                    () = time::sleep(pause) => {}
                    _ = stopped.changed() => break,
                }
            }
        });
        Self { stop, task }
    }

    /// Waits for the current run of the work to finish, and aborts it after a time limit.
    pub async fn stop(mut self) {
        drop(self.stop);
        if time::timeout(STOP_TIMEOUT, &mut self.task).await.is_err() {
            self.task.abort();
        }
    }
}
