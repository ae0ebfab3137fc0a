//! Splits the body of a response into small parts.
//!
//! actix-http copies each part into its write buffer and keeps the original until the client has
//! read it: a single part of ten megabytes would be in memory twice.

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
};

use actix_http::body::{BodySize, BoxBody, EitherBody, MessageBody};
use actix_web::web::Bytes;

/// Maximum size of a part in bytes.
const PART_BYTES: usize = 32 * 1024;

/// A body in small parts.
#[derive(Debug)]
pub(crate) struct Outgoing {
    source: BoxBody,
    /// The rest of a part that exceeded the limit.
    rest: Bytes,
    /// Whether the request is a HEAD. Its response states the size of the body, but has no body.
    is_head: bool,
}

/// Returns the body to send. Small bodies are returned unchanged, unless the request is a HEAD.
pub(crate) fn outgoing<B: MessageBody + 'static>(
    body: B,
    is_head: bool,
) -> EitherBody<B, Outgoing> {
    let is_small = match body.size() {
        BodySize::None => true,
        BodySize::Sized(bytes) => usize::try_from(bytes).is_ok_and(|bytes| bytes <= PART_BYTES),
        BodySize::Stream => false,
    };
    if is_small && !is_head {
        EitherBody::left(body)
    } else {
        EitherBody::right(Outgoing { source: body.boxed(), rest: Bytes::new(), is_head })
    }
}

impl MessageBody for Outgoing {
    type Error = Box<dyn std::error::Error>;

    fn size(&self) -> BodySize {
        self.source.size()
    }

    fn poll_next(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Self::Error>>> {
        let this = self.get_mut();
        if this.is_head {
            return Poll::Ready(None);
        }
        if this.rest.is_empty() {
            match ready!(this.source.as_pin_mut().poll_next(cx)) {
                Some(Ok(part)) => this.rest = part,
                end => return Poll::Ready(end),
            }
        }
        Poll::Ready(Some(Ok(this.rest.split_to(this.rest.len().min(PART_BYTES)))))
    }
}
