//! Keys of cached tokens.

use std::any::TypeId;

use aws_lc_rs::digest::{SHA256, SHA256_OUTPUT_LEN, digest};

pub(super) type Digest = [u8; SHA256_OUTPUT_LEN];

/// The digest of a token, and the Rust type that its claims were deserialized into.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct CacheKey {
    pub(super) digest: Digest,
    claims: TypeId,
}

impl CacheKey {
    pub(super) fn of<C: 'static>(token: &str) -> Self {
        Self { digest: sha256(token), claims: TypeId::of::<C>() }
    }
}

pub(super) fn sha256(token: &str) -> Digest {
    let mut bytes = [0; SHA256_OUTPUT_LEN];
    bytes.copy_from_slice(digest(&SHA256, token.as_bytes()).as_ref());
    bytes
}
