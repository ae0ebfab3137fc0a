//! Encrypts values that must stay secret from readers of the database: AES-256-GCM with keys derived
//! from the secret.

use aws_lc_rs::{
    aead::{AES_256_GCM, Aad, Nonce, RandomizedNonceKey},
    error::Unspecified,
    hkdf,
};
use secrecy::{ExposeSecret as _, SecretString};

const NONCE_BYTES: usize = 12;
const KEY_BYTES: usize = 32;

/// A key for one purpose. Not `Debug`, because it holds a key.
pub(crate) struct Seal(RandomizedNonceKey);

/// Encrypted with another secret, for another purpose, or not by this service.
#[derive(Debug, thiserror::Error)]
#[error(
    "BETTER_AUTH_SECRET cannot decrypt the data in the database: it is not the secret that encrypted it"
)]
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

    /// Encrypts a value. Returns nonce, ciphertext and tag. `owner` is authenticated, so that values
    /// cannot be swapped between rows.
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

/// Derives a key for a purpose (RFC 5869); the secret itself only signs cookies.
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
