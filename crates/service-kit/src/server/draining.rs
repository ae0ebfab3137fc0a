//! Connection draining: no accepted client is disconnected without a response during shutdown.
//!
//! Closing a listener resets connections that are established but not yet accepted, and closing a
//! connection between two requests may race with the next request. Therefore, every response after
//! the signal closes its connection. Before the listener is closed, new connections are refused
//! until all connections opened since the signal have received their response and closed.

use std::{
    net::TcpListener,
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
/// Number of consecutive polls that must find no open connection accepted after the signal. One
/// poll is not enough: a connection is counted only when a worker has accepted it, which normally
/// takes less than one poll interval after it is established.
const EMPTY_POLLS: u32 = 10;

/// A connection that was accepted after the signal. It is counted in [`NEW_CONNECTIONS`] until it
/// is closed.
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

/// Refuses new connections and waits until all connections opened since the signal have closed, but
/// for at most `limit`.
pub(crate) async fn drain(listener: TcpListener, limit: Duration) {
    refuse_connections(&listener);
    let empty = async {
        let mut polls = 0;
        while polls < EMPTY_POLLS {
            time::sleep(POLL_INTERVAL).await;
            let is_empty = NEW_CONNECTIONS.load(Ordering::Relaxed) == 0;
            polls = if is_empty { polls + 1 } else { 0 };
        }
    };
    if time::timeout(limit, empty).await.is_err() {
        debug!("connections still open after draining timed out");
    }
}

/// Drops every SYN, so that no connection can be established: clients retry after a second or more,
/// and are refused once the listener is closed. Established connections and handshakes in progress
/// are not affected.
#[cfg(target_os = "linux")]
fn refuse_connections(listener: &TcpListener) {
    use socket2::{SockFilter, SockRef};

    const LOAD_BYTE: u16 = 0x30;
    const JUMP_IF_ANY_BIT: u16 = 0x45;
    const RETURN: u16 = 0x06;
    const FLAGS: u32 = 13;
    const SYN: u32 = 0x02;
    /// A classic BPF program that reads the TCP header (RFC 9293 §3.1); see `linux/filter.h`.
    const PROGRAM: [SockFilter; 4] = [
        SockFilter::new(LOAD_BYTE, 0, 0, FLAGS),
        SockFilter::new(JUMP_IF_ANY_BIT, 0, 1, SYN),
        SockFilter::new(RETURN, 0, 0, 0),
        SockFilter::new(RETURN, 0, 0, u32::MAX),
    ];
    if let Err(error) = SockRef::from(listener).attach_filter(&PROGRAM) {
        debug!(%error, "cannot pause new connections");
    }
}

/// Does nothing. On other systems than Linux, a connection that is established while the listener
/// is being closed may therefore be reset.
#[cfg(not(target_os = "linux"))]
fn refuse_connections(_listener: &TcpListener) {}
