//! Signals between requests, the worker and the shutdown.

use tokio::sync::{Notify, watch};

/// Signals that tell the worker that there are new e-mails, or that it must stop.
#[derive(Debug, Default)]
pub(super) struct Outbox {
    posted: Notify,
    closed: watch::Sender<bool>,
}

impl Outbox {
    pub(super) fn wake(&self) {
        self.posted.notify_one();
    }

    pub(super) async fn woken(&self) {
        self.posted.notified().await;
    }

    /// Tells the worker to stop.
    pub(super) fn close(&self) {
        self.closed.send_replace(true);
    }

    pub(super) fn is_closed(&self) -> bool {
        *self.closed.borrow()
    }

    pub(super) async fn closed(&self) {
        // Fails only if the outbox was dropped.
        let _ = self.closed.subscribe().wait_for(|is_closed| *is_closed).await;
    }
}
