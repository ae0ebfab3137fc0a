//! Keys of cached tokens.

use std::{
    any::TypeId,
    hash::{Hash, Hasher},
};

use aws_lc_rs::digest::{SHA256, SHA256_OUTPUT_LEN, digest};

pub(super) type Digest = [u8; SHA256_OUTPUT_LEN];

/// The digest of a token, and the Rust type that its claims were deserialized into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct CacheKey {
    pub(super) digest: Digest,
    claims: TypeId,
}

impl CacheKey {
    pub(super) fn of<C: 'static>(token: &str) -> Self {
        Self { digest: sha256(token), claims: TypeId::of::<C>() }
    }
}

/// Hashes only part of the digest, because all of its bits are equally random.
impl Hash for CacheKey {
    fn hash<H: Hasher>(&self, state: &mut H) {
        if let Some(part) = self.digest.last_chunk() {
            state.write_u64(u64::from_ne_bytes(*part));
        }
    }
}

pub(super) fn sha256(token: &str) -> Digest {
    let mut bytes = [0; SHA256_OUTPUT_LEN];
    bytes.copy_from_slice(digest(&SHA256, token.as_bytes()).as_ref());
    bytes
}
