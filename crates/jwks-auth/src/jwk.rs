//! A JWK set (RFC 7517 §5), read entry by entry: what we cannot use, we do not see.

use std::{collections::HashMap, sync::Arc};

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use ed25519_dalek::VerifyingKey;
use jsonwebtoken::{Algorithm, DecodingKey};
use serde::Deserialize;
use serde_json::Value;

/// An Ed25519 public key that may verify signatures.
pub(crate) struct Key(DecodingKey);

/// The usable keys of an issuer, by `kid`.
pub(crate) struct KeySet(HashMap<String, Arc<Key>>);

#[derive(Deserialize)]
struct Document {
    keys: Vec<Value>,
}

/// RFC 8037 §2 for the key, RFC 7517 §4 for the rest.
#[derive(Deserialize)]
struct Jwk {
    kid: String,
    kty: String,
    crv: String,
    x: String,
    alg: Option<String>,
    #[serde(rename = "use")]
    usage: Option<String>,
    key_ops: Option<Vec<String>>,
}

impl KeySet {
    /// `None` when the document is no JWK set at all.
    pub(crate) fn parse(document: &[u8]) -> Option<Self> {
        let document: Document = serde_json::from_slice(document).ok()?;
        let mut keys = HashMap::with_capacity(document.keys.len());
        for entry in document.keys {
            if let Ok(jwk) = serde_json::from_value::<Jwk>(entry)
                && let Some(key) = Key::from_jwk(&jwk)
            {
                keys.entry(jwk.kid).or_insert_with(|| Arc::new(key));
            }
        }
        Some(Self(keys))
    }

    pub(crate) fn get(&self, kid: &str) -> Option<Arc<Key>> {
        self.0.get(kid).cloned()
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }
}

impl Key {
    fn from_jwk(jwk: &Jwk) -> Option<Self> {
        let is_for_us = jwk.kty == "OKP"
            && jwk.crv == "Ed25519"
            && jwk.alg.as_deref().is_none_or(|alg| alg == "EdDSA")
            && jwk.usage.as_deref().is_none_or(|usage| usage == "sig")
            && jwk.key_ops.as_ref().is_none_or(|ops| ops.iter().any(|op| op == "verify"));
        if !is_for_us {
            return None;
        }
        let point = BASE64_URL_SAFE_NO_PAD.decode(&jwk.x).ok()?.try_into().ok()?;
        // A point of small order verifies signatures that nobody made.
        let is_sound = VerifyingKey::from_bytes(&point).is_ok_and(|key| !key.is_weak());
        is_sound.then(|| DecodingKey::from_ed_der(&point)).map(Self)
    }

    /// Strict verification (RFC 8032 §5.1.7): AWS-LC refuses a malleable S and compares the
    /// encoded points; a small-order R is refused here.
    pub(crate) fn verifies(&self, message: &str, signature: &str) -> bool {
        let Ok(bytes) = BASE64_URL_SAFE_NO_PAD.decode(signature) else { return false };
        let Ok(r) = <[u8; 32]>::try_from(bytes.get(..32).unwrap_or_default()) else { return false };
        bytes.len() == 64
            && VerifyingKey::from_bytes(&r).is_ok_and(|point| !point.is_weak())
            && jsonwebtoken::crypto::verify(
                signature,
                message.as_bytes(),
                &self.0,
                Algorithm::EdDSA,
            )
            .unwrap_or(false)
    }
}
