//! Startup work that must finish before a service is ready, such as migrations.

use std::{error::Error, future, time::Duration};

use futures_util::{FutureExt as _, future::LocalBoxFuture};
use telemetry::Chain;
use tokio::time;
use tracing::{info, warn};

/// Pause after the first failure; it doubles with each further failure, up to `LONGEST_PAUSE`.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// Startup work that has not finished, or its result.
pub(crate) enum Preparation<T, E> {
    UnderWay(LocalBoxFuture<'static, Result<T, E>>),
    Done(T),
}

impl<T: 'static, E: Error + 'static> Preparation<T, E> {
    /// Creates work that is retried until it succeeds or fails permanently. It starts when it is
    /// first awaited.
    pub(crate) fn new(
        attempt: impl AsyncFn() -> Result<T, E> + 'static,
        is_temporary: impl Fn(&E) -> bool + 'static,
    ) -> Self {
        Self::UnderWay(persist(attempt, is_temporary).boxed_local())
    }
}

impl<T, E> Preparation<T, E> {
    /// Waits until the work has succeeded or failed permanently.
    pub(crate) async fn done(&mut self) -> Result<(), E> {
        if let Self::UnderWay(work) = self {
            *self = Self::Done(work.await?);
        }
        Ok(())
    }

    /// Runs the work, and returns only if it fails.
    pub(super) async fn failure(&mut self) -> E {
        match self.done().await {
            Ok(()) => future::pending().await,
            Err(failure) => failure,
        }
    }

    pub(super) fn into_result(self) -> Option<T> {
        if let Self::Done(result) = self { Some(result) } else { None }
    }
}

/// Repeats `attempt` until it succeeds or fails permanently. Logs the reason for a failure once,
/// and again whenever it changes.
async fn persist<T, E: Error + 'static>(
    attempt: impl AsyncFn() -> Result<T, E>,
    is_temporary: impl Fn(&E) -> bool,
) -> Result<T, E> {
    let (mut pause, mut said) = (FIRST_PAUSE, String::new());
    loop {
        match attempt().await {
            Err(failure) if is_temporary(&failure) => {
                let reason = Chain(&failure).to_string();
                if reason != said {
                    warn!(error = %reason, "not ready, retrying");
                    said = reason;
                }
            }
            outcome => {
                if outcome.is_ok() && !said.is_empty() {
                    info!("ready");
                }
                return outcome;
            }
        }
        time::sleep(pause).await;
        pause = pause.saturating_mul(2).min(LONGEST_PAUSE);
    }
}
