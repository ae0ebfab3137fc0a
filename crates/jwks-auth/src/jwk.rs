//! A JWK set (RFC 7517 §5), read entry by entry: what we cannot use, we do not see.

use std::{collections::HashMap, sync::Arc};

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use serde::Deserialize;
use serde_json::Value;

use crate::PublicKey;

/// The usable keys of an issuer, by `kid`.
pub(crate) struct KeySet(HashMap<String, Arc<PublicKey>>);

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
                && let Some(key) = jwk.public_key()
            {
                keys.entry(jwk.kid).or_insert_with(|| Arc::new(key));
            }
        }
        Some(Self(keys))
    }

    pub(crate) fn get(&self, kid: &str) -> Option<&Arc<PublicKey>> {
        self.0.get(kid)
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }
}

/// The `kid`s of the keys in a JWK set that a verifier would use, in alphabetical order; `None` when
/// the document is no JWK set at all. For people who look for what is wrong with one.
pub fn usable_kids(document: &[u8]) -> Option<Vec<String>> {
    let KeySet(keys) = KeySet::parse(document)?;
    let mut kids: Vec<_> = keys.into_keys().collect();
    kids.sort_unstable();
    Some(kids)
}

impl Jwk {
    fn public_key(&self) -> Option<PublicKey> {
        let is_for_us = self.kty == "OKP"
            && self.crv == "Ed25519"
            && self.alg.as_deref().is_none_or(|alg| alg == "EdDSA")
            && self.usage.as_deref().is_none_or(|usage| usage == "sig")
            && self.key_ops.as_ref().is_none_or(|ops| ops.iter().any(|op| op == "verify"));
        if !is_for_us {
            return None;
        }
        PublicKey::from_bytes(&BASE64_URL_SAFE_NO_PAD.decode(&self.x).ok()?)
    }
}
