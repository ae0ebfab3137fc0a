//! Work beside the requests, which ends in order when the process does.

use std::time::Duration;

use actix_web::rt::{self, task::JoinHandle};
use tokio::{select, sync::watch, time};

/// What is cut off is done again after the next start.
const STOP_TIMEOUT: Duration = Duration::from_secs(5);

/// Something that is done again and again until it is told to stop.
#[derive(Debug)]
pub struct Worker {
    stop: watch::Sender<()>,
    task: JoinHandle<()>,
}

impl Worker {
    /// Does `work`, then waits for `woken`, but no longer than `pause`.
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

    /// Lets it finish what it is doing, if that does not take long.
    pub async fn stop(mut self) {
        drop(self.stop);
        if time::timeout(STOP_TIMEOUT, &mut self.task).await.is_err() {
            self.task.abort();
        }
    }
}
