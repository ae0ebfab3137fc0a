//! Nobody who got in is sent away: how connections end when the process does.
//!
//! A listener that is simply closed resets those who are connected but not accepted yet, and a
//! connection that is closed between two requests may meet the next one on its way. So from the
//! signal on every answer says that it is the connection's last, and before the listener is closed
//! nobody new is let in until all who came since the signal have had their answer.

use std::{
    any::Any,
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

use super::is_stopping;

/// Connections that were opened since the process was told to end.
static NEWCOMERS: AtomicUsize = AtomicUsize::new(0);

const GLANCE: Duration = Duration::from_millis(20);
/// How often in a row nobody must be there. A connection counts as soon as a worker has it, which
/// takes less than a glance from the moment it is made.
const GLANCES: u32 = 10;

/// Lives as long as its connection.
struct Newcomer;

impl Newcomer {
    fn count() -> Self {
        NEWCOMERS.fetch_add(1, Ordering::Relaxed);
        Self
    }
}

impl Drop for Newcomer {
    fn drop(&mut self) {
        NEWCOMERS.fetch_sub(1, Ordering::Relaxed);
    }
}

/// For `HttpServer::on_connect`: remembers who comes when the process is about to end.
pub fn welcome(_connection: &dyn Any, extensions: &mut Extensions) {
    if is_stopping() {
        extensions.insert(Newcomer::count());
    }
}

/// Makes this answer the last of its connection if the process is about to end (RFC 9112 §9.6).
pub fn let_go(answer: &mut ResponseHead) {
    if is_stopping() {
        answer.set_connection_type(ConnectionType::Close);
    }
}

/// Lets nobody in any more and waits until all who came since the signal are gone, for `limit` at
/// the longest.
pub(super) async fn close(door: TcpListener, limit: Duration) {
    refuse(&door);
    let empty = async {
        let mut glances = 0;
        while glances < GLANCES {
            time::sleep(GLANCE).await;
            let is_empty = NEWCOMERS.load(Ordering::Relaxed) == 0;
            glances = if is_empty { glances + 1 } else { 0 };
        }
    };
    if time::timeout(limit, empty).await.is_err() {
        debug!("somebody has connected and asks for nothing");
    }
}

/// Drops every SYN, so that no connection can begin: whoever tries does so again in a second, and
/// is refused then. Connections that are made or being made are not affected.
#[cfg(target_os = "linux")]
fn refuse(door: &TcpListener) {
    use socket2::{SockFilter, SockRef};

    /// Classic BPF over the TCP header (RFC 9293 §3.1); see `linux/filter.h`.
    const LOAD_BYTE: u16 = 0x30;
    const JUMP_IF_ANY_BIT: u16 = 0x45;
    const RETURN: u16 = 0x06;
    const FLAGS: u32 = 13;
    const SYN: u32 = 0x02;
    const PROGRAM: [SockFilter; 4] = [
        SockFilter::new(LOAD_BYTE, 0, 0, FLAGS),
        SockFilter::new(JUMP_IF_ANY_BIT, 0, 1, SYN),
        SockFilter::new(RETURN, 0, 0, 0),
        SockFilter::new(RETURN, 0, 0, u32::MAX),
    ];
    if let Err(error) = SockRef::from(door).attach_filter(&PROGRAM) {
        debug!("new connections cannot be held off: {error}");
    }
}

/// Elsewhere whoever connects while the listener is being closed may be reset.
#[cfg(not(target_os = "linux"))]
fn refuse(_door: &TcpListener) {}
