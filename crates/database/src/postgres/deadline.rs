//! Deadlines of requests.

use tokio::time::{Instant, timeout_at};

use crate::Unavailable;

/// Waits for `work` until the deadline, if there is one.
pub(super) async fn before<T>(
    deadline: Option<Instant>,
    work: impl Future<Output = T>,
) -> Result<T, Unavailable> {
    match deadline {
        Some(deadline) => {
            timeout_at(deadline, work).await.map_err(|_elapsed| Unavailable::TimedOut)
        }
        None => Ok(work.await),
    }
}
