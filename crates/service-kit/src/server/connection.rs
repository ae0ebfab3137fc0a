//! A client connection that ignores protocol upgrades, and is closed if the client does not read a
//! response.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use actix_web::rt::net::TcpStream;
use socket2::SockRef;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::{Sleep, sleep},
};
use tracing::debug;

use super::upgrade_offers::UpgradeOffers;
use crate::shutdown::is_stopping;

pub(super) struct Connection {
    stream: TcpStream,
    offers: UpgradeOffers,
    write_timeout: Duration,
    /// Deadline for the client to read, set from the first blocked write until the write buffer is
    /// empty. A client that reads single bytes does not extend it; otherwise, it could keep the
    /// rest of a response in memory forever.
    deadline: Option<Pin<Box<Sleep>>>,
    last: Event,
}

/// The last event of a connection.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Event {
    Read,
    Written,
    /// One side closed the connection, or it failed.
    Ended,
}

/// Response to a request whose body has invalid framing.
const BAD_REQUEST: &[u8] =
    b"HTTP/1.1 400 Bad Request\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";

impl Connection {
    pub(super) fn new(stream: TcpStream, write_timeout: Duration) -> Self {
        // Without this, a response in several parts waits for a delayed acknowledgement (40 ms).
        if let Err(error) = stream.set_nodelay(true) {
            debug!(%error, "cannot set TCP_NODELAY");
        }
        Self {
            stream,
            offers: UpgradeOffers::default(),
            write_timeout,
            deadline: None,
            last: Event::Written,
        }
    }

    /// Sets the deadline unless it is already set, and completes with an error once it has passed.
    fn poll_deadline(&mut self, cx: &mut Context<'_>) -> Poll<io::Error> {
        let timeout = self.write_timeout;
        let deadline = self.deadline.get_or_insert_with(|| Box::pin(sleep(timeout)));
        ready!(deadline.as_mut().poll(cx));
        debug!("client does not read the response, disconnected");
        // Without this, the kernel would keep sending the rest of the response.
        let _ = SockRef::from(&self.stream).set_linger(Some(Duration::ZERO));
        self.last = Event::Ended;
        Poll::Ready(io::ErrorKind::TimedOut.into())
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buf.filled().len();
        let read = ready!(Pin::new(&mut this.stream).poll_read(cx, buf));
        let is_end = read.is_err() || buf.filled().len() == before;
        this.last = if is_end { Event::Ended } else { Event::Read };
        read?;
        this.offers.hide(buf.filled_mut().get_mut(before..).unwrap_or_default());
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Connection {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        match Pin::new(&mut this.stream).poll_write(cx, buf) {
            Poll::Pending => this.poll_deadline(cx).map(Err),
            Poll::Ready(written) => {
                this.last = if this.last == Event::Ended { Event::Ended } else { Event::Written };
                Poll::Ready(written)
            }
        }
    }

    /// Clears the deadline, because this is only called once the write buffer is empty.
    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        this.deadline = None;
        Pin::new(&mut this.stream).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        this.last = Event::Ended;
        Pin::new(&mut this.stream).poll_shutdown(cx)
    }
}

impl Drop for Connection {
    /// Responds if the last bytes received had no response, because actix-http drops the connection
    /// without one after a malformed chunk (RFC 9112 §7.1).
    fn drop(&mut self) {
        if self.last == Event::Read && !is_stopping() {
            let _ = self.stream.try_write(BAD_REQUEST);
        }
    }
}
