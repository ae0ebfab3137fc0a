//! Connection draining: no accepted client is disconnected without a response during shutdown.
//!
//! Closing a listener resets connections that are established but not yet accepted, and closing a
//! connection between two requests may race with the next request. Therefore, every response after
//! the signal closes its connection, and the listener is closed when all connections opened since the
//! signal have received their response and closed. `SHUTDOWN_DELAY` gives clients and load balancers
//! the time to stop opening connections.

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use actix_web::{
    dev::{Extensions, ResponseHead},
    http::ConnectionType,
};
use tokio::time;
use tracing::debug;

use crate::shutdown::is_stopping;

/// Number of open connections that were accepted after the signal.
static NEW_CONNECTIONS: AtomicUsize = AtomicUsize::new(0);

const POLL_INTERVAL: Duration = Duration::from_millis(20);
/// Number of consecutive polls that must find no connection accepted after the signal. A connection
/// is counted once a worker has accepted it, normally less than one poll interval after it is
/// established.
const EMPTY_POLLS: u32 = 10;
/// Time limit for draining. Clients that open connections all the time, in spite of `SHUTDOWN_DELAY`,
/// must not delay the shutdown.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(2);

/// An open connection, which is counted in [`NEW_CONNECTIONS`] until it is closed.
struct NewConnection;

impl NewConnection {
    fn count() -> Self {
        NEW_CONNECTIONS.fetch_add(1, Ordering::Relaxed);
        Self
    }
}

impl Drop for NewConnection {
    fn drop(&mut self) {
        NEW_CONNECTIONS.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Counts a new connection if the process is shutting down.
pub(super) fn on_connect(extensions: &mut Extensions) {
    if is_stopping() {
        extensions.insert(NewConnection::count());
    }
}

/// Closes the connection after this response if the process is shutting down (RFC 9112 §9.6).
pub(crate) fn close_while_stopping(response: &mut ResponseHead) {
    if is_stopping() {
        response.set_connection_type(ConnectionType::Close);
    }
}

/// Waits until all connections opened since the signal have closed, but for at most `limit` and
/// [`DRAIN_TIMEOUT`].
pub(crate) async fn drain(limit: Duration) {
    let empty = async {
        let mut polls = 0;
        while polls < EMPTY_POLLS {
            time::sleep(POLL_INTERVAL).await;
            let is_empty = NEW_CONNECTIONS.load(Ordering::Relaxed) == 0;
            polls = if is_empty { polls + 1 } else { 0 };
        }
    };
    if time::timeout(limit.min(DRAIN_TIMEOUT), empty).await.is_err() {
        debug!("connections still open after draining timed out");
    }
}
