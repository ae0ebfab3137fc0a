//! Request bodies, read within limits of size and time.

use std::time::Duration;

use actix_web::{
    HttpRequest,
    dev::Payload,
    http::header::{CONTENT_ENCODING, CONTENT_LENGTH},
    web::BytesMut,
};
use futures_util::StreamExt as _;

/// How long a client may take to send a body.
const BODY_TIMEOUT: Duration = Duration::from_secs(30);
/// How much of a body that is too large is still read, so that the client gets to see its answer
/// instead of a broken connection.
const DRAIN_LIMIT: usize = 32 * 1024 * 1024;

/// A body that was not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BodyError {
    #[error("the body is too large")]
    TooLarge,
    #[error("the body is compressed")]
    Encoded,
    #[error("the body did not arrive in time")]
    TimedOut,
    #[error("the body is incomplete")]
    Incomplete,
}

/// Reads a whole body of at most `limit` bytes.
///
/// A compressed body is refused: its limit would have to hold for what comes out of it.
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
