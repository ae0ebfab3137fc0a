//! The hashes that this service creates: passlib's `bcrypt_sha256` version 2, which is bcrypt over
//! the base64 of HMAC-SHA256 of the NFKC-normalized password, keyed with the salt. Plain bcrypt
//! reads only 72 bytes of a password, but passwords may have up to 128 UTF-16 units.
//!
//! `$bcrypt-sha256$v=2,t=2b,r=12$<salt>$<digest>`

use aws_lc_rs::{constant_time, hmac};
use base64::{Engine as _, prelude::BASE64_STANDARD};

use super::{
    bcrypt_encoding::{BCRYPT_BASE64, BCRYPT_COSTS, BCRYPT_DIGEST_BYTES},
    normalization::nfkc,
    unusable_hash::UnusableHash,
};

const NAME: &str = "$bcrypt-sha256$";
const PREFIX: &str = "$bcrypt-sha256$v=2,t=2b,r=";

/// A parsed hash. Does not implement `Debug`, so that it cannot reach a log.
pub(super) struct BcryptSha256<'a> {
    pub(super) cost: u32,
    /// The encoded salt, which is the HMAC key.
    salt: &'a str,
    salt_bytes: [u8; 16],
    digest: &'a str,
}

impl<'a> BcryptSha256<'a> {
    /// Parses a hash. Returns `None` for a hash of another kind.
    pub(super) fn read(stored: &'a str) -> Option<Result<Self, UnusableHash>> {
        stored.starts_with(NAME).then(|| match Self::parts(stored) {
            Some(hash) if hash.cost > *BCRYPT_COSTS.end() => Err(UnusableHash::TooCostly),
            Some(hash) if hash.cost >= *BCRYPT_COSTS.start() => Ok(hash),
            _ => Err(UnusableHash::Malformed),
        })
    }

    fn parts(stored: &'a str) -> Option<Self> {
        let mut parts = stored.strip_prefix(PREFIX)?.split('$');
        let (cost, salt, digest) = (parts.next()?.parse().ok()?, parts.next()?, parts.next()?);
        let salt_bytes = BCRYPT_BASE64.decode(salt).ok()?.try_into().ok()?;
        let digest_bytes = BCRYPT_BASE64.decode(digest).ok()?.len();
        let is_whole = digest_bytes == BCRYPT_DIGEST_BYTES && parts.next().is_none();
        is_whole.then_some(Self { cost, salt, salt_bytes, digest })
    }

    pub(super) fn fits(&self, password: &str) -> bool {
        let digest = digest(password, self.salt, self.salt_bytes, self.cost);
        constant_time::verify_slices_are_equal(digest.as_bytes(), self.digest.as_bytes()).is_ok()
    }
}

/// Hashes a password with a random salt.
pub(super) fn hash(password: &str, cost: u32) -> String {
    let salt_bytes = rand::random();
    let salt = BCRYPT_BASE64.encode(salt_bytes);
    let digest = digest(password, &salt, salt_bytes, cost);
    format!("{PREFIX}{cost}${salt}${digest}")
}

/// Returns a hash that no password matches. Verifying it takes as long as verifying a real hash,
/// but creating it is fast.
pub(super) fn unmatchable(cost: u32) -> String {
    let salt = BCRYPT_BASE64.encode(rand::random::<[u8; 16]>());
    let digest = BCRYPT_BASE64.encode(rand::random::<[u8; BCRYPT_DIGEST_BYTES]>());
    format!("{PREFIX}{cost}${salt}${digest}")
}

fn digest(password: &str, salt: &str, salt_bytes: [u8; 16], cost: u32) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, salt.as_bytes());
    let password = nfkc(password);
    let mut input = BASE64_STANDARD.encode(hmac::sign(&key, password.as_bytes())).into_bytes();
    // bcrypt hashes a C string, including its terminating NUL.
    input.push(0);
    let digest = bcrypt::bcrypt(cost, salt_bytes, &input);
    BCRYPT_BASE64.encode(digest.get(..BCRYPT_DIGEST_BYTES).unwrap_or(&digest))
}

#[cfg(test)]
mod tests {
    use super::*;

    const COST: u32 = 4;

    fn fits(password: &str, stored: &str) -> bool {
        BcryptSha256::read(stored).is_some_and(|read| read.is_ok_and(|hash| hash.fits(password)))
    }

    #[test]
    fn a_hash_matches_its_password_only() {
        let stored = hash("correct horse 42", COST);
        assert!(fits("correct horse 42", &stored));
        for other in ["", "correct horse 4", "correct horse 42 ", "correct horse 42\0"] {
            assert!(!fits(other, &stored), "{other:?}");
        }
    }

    #[test]
    fn bytes_after_the_72nd_or_a_nul_are_significant() {
        for (password, twin) in
            [("a".repeat(72) + "b", "a".repeat(72) + "c"), ("a\0b".into(), "a\0c".into())]
        {
            let stored = hash(&password, COST);
            assert!(fits(&password, &stored));
            assert!(!fits(&twin, &stored));
        }
    }

    #[test]
    fn one_password_typed_in_two_ways_is_one_password() {
        let stored = hash("\u{212b}ngström 42", COST);
        for same in ["\u{c5}ngstr\u{f6}m 42", "A\u{30a}ngstro\u{308}m 42", "Åｎgström ４２"] {
            assert!(fits(same, &stored), "{same}");
        }
        assert!(!fits("Angstrom 42", &stored));
    }

    #[test]
    fn a_malformed_hash_matches_nothing() {
        let stored = hash("password", COST);
        let costly = stored.replace("r=4$", "r=17$");
        let other = |stored: &str| BcryptSha256::read(stored).is_none();
        assert!(other("") && other("$2b$04$abc"));
        for (stored, reason) in [
            ("$bcrypt-sha256$v=2,t=2b,r=4$short$digest", UnusableHash::Malformed),
            (&stored.replace("v=2", "v=3"), UnusableHash::Malformed),
            (&stored.replace("r=4$", "r=3$"), UnusableHash::Malformed),
            (&stored[..stored.len() - 1], UnusableHash::Malformed),
            (&(stored.clone() + "$"), UnusableHash::Malformed),
            (&costly, UnusableHash::TooCostly),
        ] {
            let read = BcryptSha256::read(stored).unwrap();
            assert_eq!(read.err(), Some(reason), "{stored}");
        }
    }
}
