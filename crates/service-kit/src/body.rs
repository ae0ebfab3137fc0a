//! Reads request bodies with limits on size and time.

use std::time::Duration;

use actix_web::{
    HttpRequest,
    dev::Payload,
    http::header::{CONTENT_ENCODING, CONTENT_LENGTH},
    web::BytesMut,
};
use futures_util::StreamExt as _;

/// Time limit for receiving a body.
const BODY_TIMEOUT: Duration = Duration::from_secs(30);
/// Maximum number of bytes to read from an oversized body. Reading them lets the client receive the
/// response instead of a connection reset.
const DRAIN_LIMIT: usize = 32 * 1024 * 1024;

/// Reasons for rejecting a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BodyError {
    #[error("the body is too large")]
    TooLarge,
    #[error("compressed request body")]
    Encoded,
    #[error("timeout while reading the request body")]
    TimedOut,
    #[error("incomplete request body")]
    Incomplete,
}

/// Reads a whole body of at most `limit` bytes.
///
/// Rejects compressed bodies, because the limit would have to apply to the decompressed size.
pub async fn read(
    req: &HttpRequest,
    payload: &mut Payload,
    limit: usize,
) -> Result<BytesMut, BodyError> {
    if req.headers().contains_key(CONTENT_ENCODING) {
        return Err(BodyError::Encoded);
    }
    tokio::time::timeout(BODY_TIMEOUT, read_within(req, payload, limit))
        .await
        .unwrap_or(Err(BodyError::TimedOut))
}

async fn read_within(
    req: &HttpRequest,
    payload: &mut Payload,
    limit: usize,
) -> Result<BytesMut, BodyError> {
    let announced = req.headers().get(CONTENT_LENGTH).and_then(|value| value.to_str().ok());
    let announced = announced.and_then(|value| value.parse().ok()).unwrap_or(0);
    if announced > DRAIN_LIMIT {
        return Err(BodyError::TooLarge);
    }
    let mut body = BytesMut::with_capacity(announced.min(limit));
    let mut received = 0_usize;
    while let Some(chunk) = payload.next().await {
        let chunk =
            chunk.map_err(|_error: actix_web::error::PayloadError| BodyError::Incomplete)?;
        received = received.saturating_add(chunk.len());
        if received <= limit {
            body.extend_from_slice(&chunk);
        } else if received > DRAIN_LIMIT {
            break;
        }
    }
    if received > limit { Err(BodyError::TooLarge) } else { Ok(body) }
}
