//! Credentials of clients: their creation, stored form and verification.

use aws_lc_rs::{constant_time::verify_slices_are_equal, digest};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use database::sql_types::DbTime;
use rand::distr::{Alphanumeric, SampleString as _};

use super::public_key::PublicKey;
use crate::store::OauthClient;

/// Length of a secret, which has more than 256 bits of randomness.
const SECRET_CHARS: usize = 48;
/// Prefix of the stored hash of a secret. A public key is stored as a JWK.
const HASH_PREFIX: &str = "sha256:";

/// A stored credential of a client. Does not implement `Debug`, because it may hold the hash of a
/// secret.
pub(crate) enum Credential {
    SecretHash(String),
    PublicKey(PublicKey),
}

pub(crate) fn new_secret() -> String {
    Alphanumeric.sample_string(&mut rand::rng(), SECRET_CHARS)
}

impl Credential {
    /// Hashes a secret. A slow hash would not protect a random secret better, and would let callers
    /// use up the service's CPU time.
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

    /// Returns a client's valid credentials: the current one and, for some time after a rotation,
    /// the previous one.
    pub(super) fn valid(client: &OauthClient, now: DbTime) -> impl Iterator<Item = Self> {
        let is_in_overlap = client.old_credential_expires_at.is_some_and(|end| now.0 < end.0);
        let old = client.old_credential.as_deref().filter(|_| is_in_overlap);
        [Some(client.credential.as_str()), old].into_iter().flatten().filter_map(Self::read)
    }

    /// Returns whether this is the hash of `secret`. The comparison takes constant time.
    pub(super) fn is_secret(&self, secret: &str) -> bool {
        match (self, Self::of_secret(secret)) {
            (Self::SecretHash(hash), Self::SecretHash(sent)) => {
                verify_slices_are_equal(hash.as_bytes(), sent.as_bytes()).is_ok()
            }
            _ => false,
        }
    }

    /// Returns whether this is a public key that verifies `signature`.
    pub(super) fn verifies(&self, algorithm: &str, message: &[u8], signature: &[u8]) -> bool {
        match self {
            Self::PublicKey(key) => key.verifies(algorithm, message, signature),
            Self::SecretHash(_) => false,
        }
    }
}
