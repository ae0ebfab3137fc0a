//! Checks whether one of the configured secrets is that of a Better Auth server, by decrypting the
//! server's signing keys.
//!
//! Better Auth encrypts with XChaCha20-Poly1305 under the SHA-256 of its secret. It stores nonce,
//! ciphertext and tag as hexadecimal digits in a JSON string, after a prefix `$ba$<version>$` if
//! secrets were rotated.

use aws_lc_rs::digest;
use chacha20poly1305::{KeyInit as _, XChaCha20Poly1305, aead::Aead as _};
use data_encoding::HEXLOWER_PERMISSIVE;
use secrecy::ExposeSecret as _;

use super::ImportError;
use crate::config::Secrets;

const NONCE_BYTES: usize = 24;
const TAG_BYTES: usize = 16;

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Fit {
    Same,
    Other,
    /// There is no encrypted key to check.
    Unknown,
}

/// Checks whether one of the secrets decrypts one of `keys`, given in the form in which the source
/// stores them.
pub(super) fn fit(keys: &[String], secrets: &Secrets) -> Result<Fit, ImportError> {
    let encrypted: Vec<_> = keys.iter().filter_map(|key| encrypted_bytes(key)).collect();
    if encrypted.is_empty() {
        return Ok(Fit::Unknown);
    }
    for secret in secrets.iter() {
        let key = digest::digest(&digest::SHA256, secret.expose_secret().as_bytes());
        let cipher = XChaCha20Poly1305::new_from_slice(key.as_ref())
            .map_err(|_error| aws_lc_rs::error::Unspecified)?;
        let is_ours = |bytes: &Vec<u8>| {
            let nonce_and_rest = bytes.split_first_chunk::<NONCE_BYTES>();
            nonce_and_rest.is_some_and(|(nonce, rest)| cipher.decrypt(nonce.into(), rest).is_ok())
        };
        if encrypted.iter().any(is_ours) {
            return Ok(Fit::Same);
        }
    }
    Ok(Fit::Other)
}

/// Returns the nonce, ciphertext and tag of a stored key, or `None` if the key is not encrypted.
fn encrypted_bytes(stored: &str) -> Option<Vec<u8>> {
    let text: String = serde_json::from_str(stored).unwrap_or_else(|_error| stored.to_owned());
    let hex = match text.strip_prefix("$ba$") {
        Some(versioned) => versioned.split_once('$')?.1,
        None => &text,
    };
    let bytes = HEXLOWER_PERMISSIVE.decode(hex.as_bytes()).ok()?;
    (bytes.len() > NONCE_BYTES + TAG_BYTES).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use secrecy::SecretString;

    use super::*;

    const SECRET: &str = "example-secret-do-not-use-0000000000";
    /// Created by `symmetricEncrypt` of Better Auth 1.7.25 with [`SECRET`].
    const KEY: &str = "\"0ff008ec4aad6fb549ee6a9b664e58cc8b30925ec747946ac31658938c9e4cbd5b5a710c8032db53c4e866\
        18adcaa90807b57d32198bcfd12802ee59f0a4a208d08fa923363eaaadec1dc3cad4b4db57113df72890\"";

    #[test]
    fn the_old_servers_secret_is_distinguished_from_others() {
        let fit = |key: &str, secret: &str| {
            let secrets = SecretString::from(secret).into();
            fit(&[key.to_owned()], &secrets).unwrap()
        };
        assert_eq!(fit(KEY, SECRET), Fit::Same);
        assert_eq!(fit(&KEY.replacen('"', "\"$ba$2$", 1), SECRET), Fit::Same);
        assert_eq!(fit(KEY, "another-secret-do-not-use-0000000000"), Fit::Other);
        for plain in ["", "\"\"", "{\"kty\":\"OKP\",\"d\":\"x\"}", "00ff"] {
            assert_eq!(fit(plain, SECRET), Fit::Unknown, "{plain}");
        }
    }
}
