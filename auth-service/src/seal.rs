//! Keeps what must be read again from whoever reads the database: AES-256-GCM under keys derived
//! from the secret.

use aws_lc_rs::{
    aead::{AES_256_GCM, Aad, Nonce, RandomizedNonceKey},
    error::Unspecified,
    hkdf,
};
use secrecy::{ExposeSecret as _, SecretString};

const NONCE_BYTES: usize = 12;
const KEY_BYTES: usize = 32;

/// One per purpose. Not `Debug`: it holds a key.
pub(crate) struct Seal(RandomizedNonceKey);

/// Sealed with another secret, for something else, or not by us.
#[derive(Debug, thiserror::Error)]
#[error("BETTER_AUTH_SECRET does not open what is sealed in the database")]
pub(crate) struct WrongSecret;

impl From<Unspecified> for WrongSecret {
    fn from(_: Unspecified) -> Self {
        Self
    }
}

impl Seal {
    pub(crate) fn new(secret: &SecretString, purpose: &str) -> Result<Self, Unspecified> {
        RandomizedNonceKey::new(&AES_256_GCM, &derived_key(secret, purpose)?).map(Self)
    }

    /// Nonce, ciphertext and tag. `owner` is bound in, so that rows cannot be swapped.
    pub(crate) fn close(&self, owner: &str, plain: &[u8]) -> Result<Vec<u8>, Unspecified> {
        let mut sealed = plain.to_vec();
        let aad = Aad::from(owner.as_bytes());
        let nonce = self.0.seal_in_place_append_tag(aad, &mut sealed)?;
        Ok([nonce.as_ref().as_slice(), &sealed].concat())
    }

    pub(crate) fn open(&self, owner: &str, sealed: &[u8]) -> Result<Vec<u8>, WrongSecret> {
        let (nonce, sealed) = sealed.split_at_checked(NONCE_BYTES).ok_or(WrongSecret)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce)?;
        let mut sealed = sealed.to_vec();
        let aad = Aad::from(owner.as_bytes());
        Ok(self.0.open_in_place(nonce, aad, &mut sealed)?.to_vec())
    }
}

/// Another purpose, another key (RFC 5869): the secret itself only signs cookies.
pub(crate) fn derived_key(
    secret: &SecretString,
    purpose: &str,
) -> Result<[u8; KEY_BYTES], Unspecified> {
    let salt = hkdf::Salt::new(hkdf::HKDF_SHA256, &[]);
    let mut key = [0; KEY_BYTES];
    salt.extract(secret.expose_secret().as_bytes())
        .expand(&[purpose.as_bytes()], &AES_256_GCM)?
        .fill(&mut key)?;
    Ok(key)
}
