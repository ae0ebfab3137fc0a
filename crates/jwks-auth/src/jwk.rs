//! A JWK set (RFC 7517 §5), parsed entry by entry; unusable keys are ignored.

use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
};

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::value::RawValue;

use crate::PublicKey;

/// The usable keys of an issuer.
pub(crate) struct KeySet {
    by_kid: HashMap<String, Arc<PublicKey>>,
    /// Keys without a `kid`.
    nameless: Vec<Arc<PublicKey>>,
}

/// A JWK set. Its entries are parsed separately, so that one that is nested too deeply does not
/// invalidate the others.
#[derive(Deserialize)]
struct Document {
    keys: Vec<Box<RawValue>>,
}

/// An entry of a JWK set. RFC 8037 §2 defines the parameters of the key, RFC 7517 §4 the others.
#[derive(Deserialize)]
struct Jwk {
    kid: Option<String>,
    kty: String,
    crv: String,
    x: String,
    alg: Option<String>,
    #[serde(rename = "use")]
    usage: Option<String>,
    key_ops: Option<Vec<String>>,
}

impl KeySet {
    /// Parses a document. Returns `None` if it is not a JWK set.
    pub(crate) fn parse(document: &[u8]) -> Option<Self> {
        let document: Document = from_object(str::from_utf8(document).ok()?)?;
        let (mut by_kid, mut nameless) = (HashMap::with_capacity(document.keys.len()), Vec::new());
        for entry in document.keys {
            let Some(jwk) = from_object::<Jwk>(entry.get()) else { continue };
            let Some(key) = jwk.public_key().map(Arc::new) else { continue };
            match jwk.kid {
                Some(kid) => drop(by_kid.entry(kid).or_insert(key)),
                None => nameless.push(key),
            }
        }
        Some(Self { by_kid, nameless })
    }

    /// Returns the key with this `kid`. Without a `kid`, returns the only key of the set; `None` if
    /// the number of keys is not one.
    pub(crate) fn get(&self, kid: Option<&str>) -> Option<&Arc<PublicKey>> {
        match kid {
            Some(kid) => self.by_kid.get(kid),
            None if self.len() == 1 => self.by_kid.values().chain(&self.nameless).next(),
            None => None,
        }
    }

    /// Returns the set without the keys whose `kid` is in `revoked`.
    pub(crate) fn without(&self, revoked: &VecDeque<String>) -> Self {
        let is_valid = |kid: &String| !revoked.contains(kid);
        let by_kid = self.by_kid.iter().filter(|(kid, _)| is_valid(kid));
        Self {
            by_kid: by_kid.map(|(kid, key)| (kid.clone(), Arc::clone(key))).collect(),
            nameless: self.nameless.clone(),
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.by_kid.len() + self.nameless.len()
    }
}

/// Parses a JSON object. Rejects an array of the same values, which serde would accept.
fn from_object<T: DeserializeOwned>(json: &str) -> Option<T> {
    let is_object = json.trim_ascii_start().starts_with('{');
    is_object.then(|| serde_json::from_str(json).ok()).flatten()
}

/// Returns the sorted `kid`s of those keys in a JWK set that a verifier would use; `None` if the
/// document is not a JWK set. Intended for diagnostics.
pub fn usable_kids(document: &[u8]) -> Option<Vec<String>> {
    let keys = KeySet::parse(document)?;
    let mut kids: Vec<_> = keys.by_kid.into_keys().collect();
    kids.sort_unstable();
    Some(kids)
}

/// Returns whether `alg` can stand for Ed25519 signatures: either as `EdDSA`, the name of the
/// algorithm (RFC 8037 §3.1), or as `Ed25519`, the name of the curve (RFC 9864 §2.2).
pub(crate) fn is_ed25519(alg: &str) -> bool {
    matches!(alg, "EdDSA" | "Ed25519")
}

impl Jwk {
    fn public_key(&self) -> Option<PublicKey> {
        let is_for_us = self.kty == "OKP"
            && self.crv == "Ed25519"
            && self.alg.as_deref().is_none_or(is_ed25519)
            && self.usage.as_deref().is_none_or(|usage| usage == "sig")
            && self.key_ops.as_ref().is_none_or(|ops| ops.iter().any(|op| op == "verify"));
        if !is_for_us {
            return None;
        }
        PublicKey::from_bytes(&BASE64_URL_SAFE_NO_PAD.decode(&self.x).ok()?)
    }
}
