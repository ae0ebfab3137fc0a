//! PBKDF2 hashes (RFC 8018), such as those of Django, Keycloak, passlib and Werkzeug, in their
//! stored form:
//!
//! `$pbkdf2-<digest>$i=<iterations>$<salt>$<key>`

use std::num::NonZeroU32;

use aws_lc_rs::{
    digest::{SHA1_OUTPUT_LEN, SHA256_OUTPUT_LEN, SHA512_OUTPUT_LEN},
    pbkdf2::{self, Algorithm},
};

use super::{phc::salt_and_key, unusable_hash::UnusableHash};

/// Maximum number of HMAC rounds, which take about a second on a slow core. Django's default is
/// about a million.
const MAX_ROUNDS: u64 = 4_000_000;

/// A parsed hash. Does not implement `Debug`, so that it cannot reach a log.
pub(super) struct Pbkdf2 {
    algorithm: Algorithm,
    iterations: NonZeroU32,
    salt: Vec<u8>,
    pub(super) key: Vec<u8>,
}

impl Pbkdf2 {
    /// Parses a hash. `rest` is the part after `$pbkdf2-<digest>$`.
    pub(super) fn read(digest: &str, rest: &str) -> Result<Self, UnusableHash> {
        let (algorithm, block) = match digest {
            "sha1" => (pbkdf2::PBKDF2_HMAC_SHA1, SHA1_OUTPUT_LEN),
            "sha256" => (pbkdf2::PBKDF2_HMAC_SHA256, SHA256_OUTPUT_LEN),
            "sha512" => (pbkdf2::PBKDF2_HMAC_SHA512, SHA512_OUTPUT_LEN),
            _ => return Err(UnusableHash::Unknown),
        };
        let malformed = UnusableHash::Malformed;
        let (cost, rest) = rest.split_once('$').ok_or(malformed)?;
        let iterations = cost.strip_prefix("i=").and_then(|text| text.parse().ok());
        let iterations: NonZeroU32 = iterations.ok_or(malformed)?;
        let (salt, key) = salt_and_key(rest)?;
        // Each block of the derived key takes all iterations.
        let blocks = u64::try_from(key.len().div_ceil(block)).unwrap_or(u64::MAX);
        if u64::from(iterations.get()).saturating_mul(blocks) > MAX_ROUNDS {
            return Err(UnusableHash::TooCostly);
        }
        Ok(Self { algorithm, iterations, salt, key })
    }

    pub(super) fn key(&self, password: &str) -> Vec<u8> {
        let mut made = vec![0; self.key.len()];
        let password = password.as_bytes();
        pbkdf2::derive(self.algorithm, self.iterations, &self.salt, password, &mut made);
        made
    }
}
