//! Credentials of clients, as the database stores them.

use aws_lc_rs::digest;
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use rand::distr::{Alphanumeric, SampleString as _};

use super::public_key::PublicKey;

/// Length of a secret, which has more than 256 bits of randomness.
const SECRET_CHARS: usize = 48;
/// Precedes the hash of a secret. A public key is stored as a JWK.
const HASH_PREFIX: &str = "sha256:";

/// The proof of identity that a client is registered with. Does not implement `Debug`, because it
/// may hold the hash of a secret.
pub(crate) enum Credential {
    SecretHash(String),
    PublicKey(PublicKey),
}

/// Returns a random secret.
pub(crate) fn new_secret() -> String {
    Alphanumeric.sample_string(&mut rand::rng(), SECRET_CHARS)
}

impl Credential {
    /// Hashes a secret. A slow hash would protect a random secret no better, and would let callers
    /// waste the service's CPU time.
    pub(crate) fn of_secret(secret: &str) -> Self {
        let hash = digest::digest(&digest::SHA256, secret.as_bytes());
        Self::SecretHash(BASE64_URL_SAFE_NO_PAD.encode(hash))
    }

    /// Returns the form that the database stores.
    pub(crate) fn stored(&self) -> String {
        match self {
            Self::SecretHash(hash) => format!("{HASH_PREFIX}{hash}"),
            Self::PublicKey(key) => key.to_jwk(),
        }
    }

    /// Reads the stored form. Returns `None` if it is of an unknown type.
    pub(crate) fn read(stored: &str) -> Option<Self> {
        match stored.strip_prefix(HASH_PREFIX) {
            Some(hash) => Some(Self::SecretHash(hash.to_owned())),
            None => PublicKey::parse(stored).ok().map(Self::PublicKey),
        }
    }
}
