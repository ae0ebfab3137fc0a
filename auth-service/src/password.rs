//! Password hashing: bcrypt off the async threads, bounded, and of equal cost for everybody.
//!
//! bcrypt reads 72 bytes, the contract allows 128 UTF-16 units. So hashes are passlib's
//! `bcrypt_sha256` version 2: bcrypt over the base64 of HMAC-SHA256 of the password, keyed with
//! the salt. `$bcrypt-sha256$v=2,t=2b,r=12$<salt>$<digest>`

use std::{hint::black_box, ops::RangeInclusive};

use actix_web::web;
use aws_lc_rs::{constant_time, hmac};
use base64::{
    Engine as _, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
    prelude::BASE64_STANDARD,
};
use tokio::sync::Semaphore;

use crate::error::{Error, Result};

/// In UTF-16 code units, as JavaScript counts.
const MIN_UNITS: usize = 8;
const MAX_UNITS: usize = 128;

/// How many passwords may wait to be hashed before clients are sent away.
const MAX_WAITING: usize = 256;

/// What bcrypt can count to.
const COSTS: RangeInclusive<u32> = 4..=31;
const PREFIX: &str = "$bcrypt-sha256$v=2,t=2b,r=";
/// Of bcrypt's 24 bytes only 23 are kept, by tradition.
const DIGEST_BYTES: usize = 23;
const BCRYPT_BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::BCRYPT,
    GeneralPurposeConfig::new()
        .with_encode_padding(false)
        .with_decode_padding_mode(DecodePaddingMode::RequireNone)
        .with_decode_allow_trailing_bits(true),
);

/// Refuses what is longer than any password, before anything is hashed.
pub(crate) fn check_max_length(password: &str) -> Result<()> {
    if password.encode_utf16().nth(MAX_UNITS).is_some() {
        return Err(Error::PasswordTooLong);
    }
    Ok(())
}

/// Refuses what cannot become a password.
pub(crate) fn check_length(password: &str) -> Result<()> {
    if password.encode_utf16().nth(MIN_UNITS - 1).is_none() {
        return Err(Error::PasswordTooShort);
    }
    check_max_length(password)
}

/// Hashes and verifies, at most one password per core at a time.
pub(crate) struct Passwords {
    cost: u32,
    running: Semaphore,
    places: Semaphore,
    /// A hash of no password at all, verified when there is no user: an unknown address must
    /// cost as much as a wrong password.
    dummy: String,
}

impl Passwords {
    pub(crate) fn new(cost: u32) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Self {
            cost,
            running: Semaphore::new(cores),
            places: Semaphore::new(cores + MAX_WAITING),
            dummy: unmatchable(cost),
        }
    }

    pub(crate) async fn hash(&self, password: String) -> Result<String> {
        let cost = self.cost;
        self.queue(move || hash(&password, cost)).await
    }

    /// Whether the password fits the stored hash. Without one it never does, at the same cost.
    pub(crate) async fn verify(&self, password: String, stored: Option<String>) -> Result<bool> {
        let is_known = stored.is_some();
        let stored = stored.unwrap_or_else(|| self.dummy.clone());
        let cost = self.cost;
        let fits = self.queue(move || {
            let fits = verify(&password, &stored);
            make_up_for(&stored, cost);
            fits
        });
        Ok(fits.await? && is_known)
    }

    async fn queue<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T> {
        let full = |_error| Error::TooManyPasswords;
        let _place = self.places.try_acquire().map_err(full)?;
        let _turn = self.running.acquire().await.map_err(|_error| Error::TooManyPasswords)?;
        Ok(web::block(work).await?)
    }
}

/// A new hash with a salt of its own.
fn hash(password: &str, cost: u32) -> String {
    let salt_bytes = rand::random();
    let salt = BCRYPT_BASE64.encode(salt_bytes);
    let digest = digest(password, &salt, salt_bytes, cost);
    format!("{PREFIX}{cost}${salt}${digest}")
}

/// Looks like a hash and costs as much to verify; made without any work, so that a start is fast.
fn unmatchable(cost: u32) -> String {
    let salt = BCRYPT_BASE64.encode(rand::random::<[u8; 16]>());
    let digest = BCRYPT_BASE64.encode(rand::random::<[u8; DIGEST_BYTES]>());
    format!("{PREFIX}{cost}${salt}${digest}")
}

/// Whether a password fits a stored hash. A hash that cannot be read fits nothing.
fn verify(password: &str, stored: &str) -> bool {
    let Some((cost, salt, expected)) = parts(stored) else { return false };
    let salt_bytes = BCRYPT_BASE64.decode(salt).ok().and_then(|bytes| bytes.try_into().ok());
    salt_bytes.is_some_and(|salt_bytes| {
        let digest = digest(password, salt, salt_bytes, cost);
        constant_time::verify_slices_are_equal(digest.as_bytes(), expected.as_bytes()).is_ok()
    })
}

/// A hash from before the cost was raised verifies faster than the dummy, which would tell known
/// addresses from unknown ones. Each step doubles the work, so one more of each step adds up.
fn make_up_for(stored: &str, cost: u32) {
    let spent = parts(stored).map_or(0, |(cost, ..)| cost);
    for missing in spent.max(*COSTS.start())..cost {
        black_box(bcrypt::bcrypt(missing, [0; 16], &[0]));
    }
}

/// Cost, salt and digest of a stored hash.
fn parts(stored: &str) -> Option<(u32, &str, &str)> {
    let mut parts = stored.strip_prefix(PREFIX)?.split('$');
    let cost = parts.next()?.parse().ok().filter(|cost| COSTS.contains(cost))?;
    Some((cost, parts.next()?, parts.next()?))
}

fn digest(password: &str, salt: &str, salt_bytes: [u8; 16], cost: u32) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, salt.as_bytes());
    let mut input = BASE64_STANDARD.encode(hmac::sign(&key, password.as_bytes())).into_bytes();
    // bcrypt hashes a C string, terminator included.
    input.push(0);
    let digest = bcrypt::bcrypt(cost, salt_bytes, &input);
    BCRYPT_BASE64.encode(digest.get(..DIGEST_BYTES).unwrap_or(&digest))
}

#[cfg(test)]
mod tests {
    use super::*;

    const COST: u32 = 4;

    #[test]
    fn a_hash_fits_its_password_and_no_other() {
        let stored = hash("correct horse 42", COST);
        assert!(verify("correct horse 42", &stored));
        for other in ["", "correct horse 4", "correct horse 42 ", "correct horse 42\0"] {
            assert!(!verify(other, &stored), "{other:?}");
        }
    }

    #[test]
    fn what_follows_byte_72_or_a_nul_counts() {
        for (password, twin) in
            [("a".repeat(72) + "b", "a".repeat(72) + "c"), ("a\0b".into(), "a\0c".into())]
        {
            let stored = hash(&password, COST);
            assert!(verify(&password, &stored));
            assert!(!verify(&twin, &stored));
        }
    }

    #[test]
    fn a_hash_that_cannot_be_read_fits_nothing() {
        for stored in ["", "$2b$04$abc", "$bcrypt-sha256$v=2,t=2b,r=4$short$digest"] {
            assert!(!verify("password", stored), "{stored}");
        }
    }

    #[test]
    fn lengths_are_counted_in_utf16_units() {
        assert!(matches!(check_length("1234567"), Err(Error::PasswordTooShort)));
        assert!(check_length("🔑🔑🔑🔑").is_ok());
        assert!(check_length(&"🔑".repeat(64)).is_ok());
        assert!(matches!(check_length(&("🔑".repeat(64) + "1")), Err(Error::PasswordTooLong)));
    }
}
