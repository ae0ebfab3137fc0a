//! Encrypts values that must stay secret even from someone who can read the database: AES-256-GCM
//! with keys derived from the configured secrets.

use aws_lc_rs::{
    aead::{AES_256_GCM, Aad, Nonce, RandomizedNonceKey},
    error::Unspecified,
    hkdf,
};
use secrecy::{ExposeSecret as _, SecretString};

use crate::config::Secrets;

const NONCE_BYTES: usize = 12;
const KEY_BYTES: usize = 32;

/// The encryption keys for one purpose. Does not implement `Debug`, because it holds keys.
pub(crate) struct Seal {
    current: RandomizedNonceKey,
    /// Keys derived from older secrets, used only for decryption.
    older: Vec<RandomizedNonceKey>,
}

/// Error for a value that cannot be decrypted: it was encrypted with another secret or for another
/// purpose or owner, or was modified.
#[derive(Debug, thiserror::Error)]
#[error(
    "BETTER_AUTH_SECRET cannot decrypt the data in the database, which was encrypted with another secret; add that secret to BETTER_AUTH_SECRETS"
)]
pub(crate) struct WrongSecret;

impl Seal {
    pub(crate) fn new(secrets: &Secrets, purpose: &str) -> Result<Self, Unspecified> {
        let key = |secret: &SecretString| {
            RandomizedNonceKey::new(&AES_256_GCM, &derived_key(secret, purpose)?)
        };
        let older = secrets.older.iter().map(key).collect::<Result<_, _>>()?;
        Ok(Self { current: key(&secrets.current)?, older })
    }

    /// Encrypts a value. Returns the nonce, ciphertext and tag, concatenated. `owner` is
    /// authenticated, so that values cannot be swapped between rows.
    pub(crate) fn close(&self, owner: &str, plain: &[u8]) -> Result<Vec<u8>, Unspecified> {
        let mut sealed = plain.to_vec();
        let aad = Aad::from(owner.as_bytes());
        let nonce = self.current.seal_in_place_append_tag(aad, &mut sealed)?;
        Ok([nonce.as_ref().as_slice(), &sealed].concat())
    }

    pub(crate) fn open(&self, owner: &str, sealed: &[u8]) -> Result<Vec<u8>, WrongSecret> {
        let mut keys = [&self.current].into_iter().chain(&self.older);
        keys.find_map(|key| open_with(key, owner, sealed)).ok_or(WrongSecret)
    }

    /// Returns whether there are older secrets, so that values may have to be re-encrypted.
    pub(crate) fn has_older(&self) -> bool {
        !self.older.is_empty()
    }

    /// Returns whether a value was encrypted with an older secret.
    pub(crate) fn is_outdated(&self, owner: &str, sealed: &[u8]) -> bool {
        open_with(&self.current, owner, sealed).is_none()
            && self.older.iter().any(|key| open_with(key, owner, sealed).is_some())
    }

    /// Re-encrypts a value that was encrypted with an older secret. Returns `None` for other
    /// values.
    pub(crate) fn renewed(
        &self,
        owner: &str,
        sealed: &[u8],
    ) -> Result<Option<Vec<u8>>, Unspecified> {
        if !self.is_outdated(owner, sealed) {
            return Ok(None);
        }
        let plain = self.open(owner, sealed).map_err(|WrongSecret| Unspecified)?;
        self.close(owner, &plain).map(Some)
    }
}

fn open_with(key: &RandomizedNonceKey, owner: &str, sealed: &[u8]) -> Option<Vec<u8>> {
    let (nonce, sealed) = sealed.split_at_checked(NONCE_BYTES)?;
    let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
    let mut sealed = sealed.to_vec();
    let aad = Aad::from(owner.as_bytes());
    Some(key.open_in_place(nonce, aad, &mut sealed).ok()?.to_vec())
}

/// Derives a key for a purpose (RFC 5869). The secret itself is used only to sign cookies.
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
