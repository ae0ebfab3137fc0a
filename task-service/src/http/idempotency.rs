//! `Idempotency-Key`: repeating a successful create request with the same key changes nothing and
//! returns the first response.

use std::{
    future::{Ready, ready},
    time::Duration,
};

use actix_web::{
    FromRequest, HttpRequest,
    dev::Payload,
    http::header::{HeaderMap, HeaderName},
};
use aws_lc_rs::digest;

use crate::http::error::{Error, InputError, Result};

/// Lifetime of a key.
pub(crate) const REMEMBERED: Duration = Duration::from_hours(24);
/// Header that marks a response as a replay of an earlier one.
pub(crate) const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

const NAME: HeaderName = HeaderName::from_static("idempotency-key");
const MAX_BYTES: usize = 255;

/// The key of a request, if it has one: 1 to 255 printable ASCII characters.
pub(crate) struct IdempotencyKey(pub(crate) Option<String>);

impl FromRequest for IdempotencyKey {
    type Error = Error;
    type Future = Ready<Result<Self>>;

    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Self::read(req.headers()))
    }
}

impl IdempotencyKey {
    fn read(headers: &HeaderMap) -> Result<Self> {
        let mut lines = headers.get_all(NAME);
        let Some(line) = lines.next() else { return Ok(Self(None)) };
        let is_key = |key: &&str| {
            let is_printable = |byte: u8| byte == b' ' || byte.is_ascii_graphic();
            (1..=MAX_BYTES).contains(&key.len()) && key.bytes().all(is_printable)
        };
        match line.to_str().ok().filter(is_key) {
            Some(key) if lines.next().is_none() => Ok(Self(Some(key.to_owned()))),
            _ => Err(Error::Invalid(vec![InputError {
                loc: vec!["header".into(), "Idempotency-Key".into()],
                msg: format!("Input should be one key of 1 to {MAX_BYTES} printable characters")
                    .into(),
                kind: "value_error",
            }])),
        }
    }
}

/// Returns the SHA-256 hash of the parts of a request. Each part is hashed with its presence and
/// its length, so that moving the boundary between two parts changes the hash.
pub(crate) fn request_hash(parts: &[Option<&[u8]>]) -> Vec<u8> {
    let mut hash = digest::Context::new(&digest::SHA256);
    for part in parts {
        hash.update(&[u8::from(part.is_some())]);
        let part = part.unwrap_or_default();
        hash.update(&part.len().to_be_bytes());
        hash.update(part);
    }
    hash.finish().as_ref().to_vec()
}
