//! Background work with an orderly shutdown.

use std::time::Duration;

use actix_web::rt::{self, task::JoinHandle};
use tokio::{select, sync::watch, time};

/// Time limit for stopping. Interrupted work is repeated after the next start.
const STOP_TIMEOUT: Duration = Duration::from_secs(5);

/// Background work that runs until it is stopped.
#[derive(Debug)]
pub struct Worker {
    stop: watch::Sender<()>,
    task: JoinHandle<()>,
}

/// Tells the work of a [`Worker`] when to stop.
#[derive(Debug)]
pub struct StopSignal(watch::Receiver<()>);

impl StopSignal {
    /// Waits for `event`. Returns `None`, and drops `event`, if the worker is stopped first.
    pub async fn or<T>(&mut self, event: impl Future<Output = T>) -> Option<T> {
        select! {
            biased;
            _ = self.0.changed() => None,
            outcome = event => Some(outcome),
        }
    }
}

impl Worker {
    /// Runs `work`, which must return soon after the signal to stop.
    pub fn start(work: impl AsyncFnOnce(StopSignal) + 'static) -> Self {
        let (stop, stopped) = watch::channel(());
        let task = rt::spawn(async move { work(StopSignal(stopped)).await });
        Self { stop, task }
    }

    /// Runs `work` in a loop with a pause after each run.
    pub fn every(pause: Duration, work: impl AsyncFn() + 'static) -> Self {
        Self::start(async move |mut stop| {
            loop {
                work().await;
                if stop.or(time::sleep(pause)).await.is_none() {
                    break;
                }
            }
        })
    }

    /// Waits for the current run of the work to finish, and aborts it after a time limit.
    pub async fn stop(mut self) {
        drop(self.stop);
        if time::timeout(STOP_TIMEOUT, &mut self.task).await.is_err() {
            self.task.abort();
        }
    }
}
