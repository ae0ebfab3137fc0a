//! Password hashing: bcrypt off the async threads, bounded, and of equal cost for everybody.
//!
//! bcrypt reads 72 bytes, the contract allows 128 UTF-16 units. So hashes are passlib's
//! `bcrypt_sha256` version 2: bcrypt over the base64 of HMAC-SHA256 of the password, keyed with
//! the salt. `$bcrypt-sha256$v=2,t=2b,r=12$<salt>$<digest>`

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
    /// The hash of no password, verified when there is no user: an unknown address must cost as
    /// much as a wrong password.
    dummy: String,
}

impl Passwords {
    pub(crate) fn new(cost: u32) -> Result<Self> {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Ok(Self {
            cost,
            running: Semaphore::new(cores),
            places: Semaphore::new(cores + MAX_WAITING),
            dummy: hash("", cost)?,
        })
    }

    pub(crate) async fn hash(&self, password: String) -> Result<String> {
        let cost = self.cost;
        self.queue(move || hash(&password, cost)).await
    }

    /// Whether the password fits the stored hash. Without one it never does, at the same cost.
    pub(crate) async fn verify(&self, password: String, stored: Option<String>) -> Result<bool> {
        let is_known = stored.is_some();
        let stored = stored.unwrap_or_else(|| self.dummy.clone());
        let fits = self.queue(move || verify(&password, &stored)).await?;
        Ok(fits && is_known)
    }

    async fn queue<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let full = |_| Error::TooManyPasswords;
        let _place = self.places.try_acquire().map_err(full)?;
        let _turn = self.running.acquire().await.map_err(|_| Error::TooManyPasswords)?;
        web::block(work).await?
    }
}

/// A new hash with a salt of its own.
fn hash(password: &str, cost: u32) -> Result<String> {
    let salt = BCRYPT_BASE64.encode(rand::random::<[u8; 16]>());
    let digest = digest(password, &salt, cost)?.ok_or(Error::PasswordTooLong)?;
    Ok(format!("{PREFIX}{cost}${salt}${digest}"))
}

/// A hash that cannot be read fits nothing.
pub(crate) fn verify(password: &str, stored: &str) -> Result<bool> {
    let Some((cost, salt, expected)) = parts(stored) else { return Ok(false) };
    let digest = digest(password, salt, cost)?;
    Ok(digest.is_some_and(|digest| {
        constant_time::verify_slices_are_equal(digest.as_bytes(), expected.as_bytes()).is_ok()
    }))
}

fn parts(stored: &str) -> Option<(u32, &str, &str)> {
    let mut parts = stored.strip_prefix(PREFIX)?.split('$');
    let parts = (parts.next()?.parse().ok()?, parts.next()?, parts.next()?);
    Some(parts)
}

/// `None` when the salt is none.
fn digest(password: &str, salt: &str, cost: u32) -> Result<Option<String>> {
    let Some(salt_bytes) =
        BCRYPT_BASE64.decode(salt).ok().and_then(|salt| <[u8; 16]>::try_from(salt).ok())
    else {
        return Ok(None);
    };
    let key = hmac::Key::new(hmac::HMAC_SHA256, salt.as_bytes());
    let mut input = BASE64_STANDARD.encode(hmac::sign(&key, password.as_bytes())).into_bytes();
    // bcrypt hashes a C string, terminator included.
    input.push(0);
    let digest = bcrypt::bcrypt(cost, salt_bytes, &input);
    Ok(Some(BCRYPT_BASE64.encode(digest.get(..DIGEST_BYTES).unwrap_or(&digest))))
}

#[cfg(test)]
mod tests {
    use super::*;

    const COST: u32 = 4;

    #[test]
    fn a_hash_fits_its_password_and_no_other() {
        let stored = hash("correct horse 42", COST).unwrap();
        assert!(verify("correct horse 42", &stored).unwrap());
        for other in ["", "correct horse 4", "correct horse 42 ", "correct horse 42\0"] {
            assert!(!verify(other, &stored).unwrap(), "{other:?}");
        }
    }

    #[test]
    fn what_follows_byte_72_or_a_nul_counts() {
        for (password, twin) in
            [("a".repeat(72) + "b", "a".repeat(72) + "c"), ("a\0b".into(), "a\0c".into())]
        {
            let stored = hash(&password, COST).unwrap();
            assert!(verify(&password, &stored).unwrap());
            assert!(!verify(&twin, &stored).unwrap());
        }
    }

    #[test]
    fn a_hash_that_cannot_be_read_fits_nothing() {
        for stored in ["", "$2b$04$abc", "$bcrypt-sha256$v=2,t=2b,r=4$short$digest"] {
            assert!(!verify("password", stored).unwrap(), "{stored}");
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
