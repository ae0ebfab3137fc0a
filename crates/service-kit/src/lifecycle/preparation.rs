//! What must be done before a service can work, and what it waits for meanwhile.

use std::{error::Error, future, time::Duration};

use futures_util::{FutureExt as _, future::LocalBoxFuture};
use tokio::time;
use tracing::{info, warn};

use crate::telemetry::Chain;

/// The pause after a first failure; it doubles with each.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// Work that is under way, or what came of it.
#[expect(missing_debug_implementations, reason = "futures have none")]
pub enum Preparation<T, E> {
    UnderWay(LocalBoxFuture<'static, Result<T, E>>),
    Done(T),
}

impl<T: 'static, E: Error + 'static> Preparation<T, E> {
    /// Tries until it succeeds, or fails in a way that does not pass by itself. Nothing happens
    /// before it is waited for.
    pub fn new(
        attempt: impl AsyncFn() -> Result<T, E> + 'static,
        is_temporary: impl Fn(&E) -> bool + 'static,
    ) -> Self {
        Self::UnderWay(persist(attempt, is_temporary).boxed_local())
    }
}

impl<T, E> Preparation<T, E> {
    /// Waits until all is prepared, or never will be.
    pub async fn done(&mut self) -> Result<(), E> {
        if let Self::UnderWay(work) = self {
            *self = Self::Done(work.await?);
        }
        Ok(())
    }

    /// Prepares, and comes back only if that fails.
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

/// Says once what it waits for, and again when that changes.
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
                    warn!("waits until it can work: {reason}");
                    said = reason;
                }
            }
            outcome => {
                if outcome.is_ok() && !said.is_empty() {
                    info!("can work now");
                }
                return outcome;
            }
        }
        time::sleep(pause).await;
        pause = pause.saturating_mul(2).min(LONGEST_PAUSE);
    }
}
