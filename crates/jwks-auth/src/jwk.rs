//! A JWK set (RFC 7517 §5), parsed entry by entry; unusable keys are ignored.

use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
};

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::value::RawValue;

use crate::{Algorithm, PublicKey, error::Refusal};

/// The usable keys of an issuer.
pub(crate) struct KeySet {
    /// Keys of different types may share a `kid` (RFC 7517 §4.5).
    by_kid: HashMap<String, Vec<Arc<PublicKey>>>,
    /// Keys without a `kid`.
    nameless: Vec<Arc<PublicKey>>,
}

/// A JWK set. Its entries are parsed separately, so that an entry that is nested too deeply does
/// not invalidate the others.
#[derive(Deserialize)]
struct Document {
    keys: Vec<Box<RawValue>>,
}

/// An entry of a JWK set. RFC 7518 §6 and RFC 8037 §2 define the parameters of the key, RFC 7517 §4
/// the others.
#[derive(Deserialize)]
struct Jwk {
    kid: Option<String>,
    kty: String,
    crv: Option<String>,
    x: Option<String>,
    y: Option<String>,
    n: Option<String>,
    e: Option<String>,
    alg: Option<String>,
    #[serde(rename = "use")]
    usage: Option<String>,
    key_ops: Option<Vec<String>>,
}

impl KeySet {
    /// Parses a document and keeps the keys for `allowed` algorithms. Returns `None` if it is not a
    /// JWK set.
    pub(crate) fn parse(document: &[u8], allowed: &[Algorithm]) -> Option<Self> {
        let document: Document = from_object(str::from_utf8(document).ok()?)?;
        let mut by_kid: HashMap<String, Vec<Arc<PublicKey>>> =
            HashMap::with_capacity(document.keys.len());
        let mut nameless = Vec::new();
        for entry in document.keys {
            let Some(jwk) = from_object::<Jwk>(entry.get()) else { continue };
            let Some(key) = jwk.public_key(allowed).map(Arc::new) else { continue };
            let Some(kid) = jwk.kid else {
                nameless.push(key);
                continue;
            };
            let named = by_kid.entry(kid).or_default();
            // If several keys have the same `kid` and algorithm, only the first one is used.
            if !key.algorithms().any(|algorithm| supporting(named, algorithm).is_some()) {
                named.push(key);
            }
        }
        Some(Self { by_kid, nameless })
    }

    /// Returns the key with this `kid` for this algorithm. Without a `kid`, returns the only key of
    /// the set, or an error if the set has no key or several.
    pub(crate) fn find(
        &self,
        kid: Option<&str>,
        algorithm: Algorithm,
    ) -> Result<&Arc<PublicKey>, Refusal> {
        let named = self.named(kid).ok_or(Refusal::UnknownKey)?;
        supporting(named, algorithm).ok_or(Refusal::WrongAlgorithm)
    }

    /// Returns whether the set contains this key with this `kid`.
    pub(crate) fn has(&self, kid: Option<&str>, key: &Arc<PublicKey>) -> bool {
        let is_same = |known: &Arc<PublicKey>| Arc::ptr_eq(known, key) || known == key;
        self.named(kid).is_some_and(|named| named.iter().any(is_same))
    }

    fn named(&self, kid: Option<&str>) -> Option<&[Arc<PublicKey>]> {
        match kid {
            Some(kid) => self.by_kid.get(kid).map(Vec::as_slice),
            None if self.len() == 1 => self
                .by_kid
                .values()
                .chain([&self.nameless])
                .find(|keys| !keys.is_empty())
                .map(Vec::as_slice),
            None => None,
        }
    }

    /// Returns the set without the keys whose `kid` is in `revoked`.
    pub(crate) fn without(&self, revoked: &VecDeque<String>) -> Self {
        let is_valid = |kid: &String| !revoked.contains(kid);
        let by_kid = self.by_kid.iter().filter(|(kid, _)| is_valid(kid));
        Self {
            by_kid: by_kid.map(|(kid, keys)| (kid.clone(), keys.clone())).collect(),
            nameless: self.nameless.clone(),
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.by_kid.values().map(Vec::len).sum::<usize>() + self.nameless.len()
    }
}

fn supporting(keys: &[Arc<PublicKey>], algorithm: Algorithm) -> Option<&Arc<PublicKey>> {
    keys.iter().find(|key| key.algorithms().any(|own| own == algorithm))
}

/// Parses a JSON object. Rejects an array of the same values, which serde would accept.
fn from_object<T: DeserializeOwned>(json: &str) -> Option<T> {
    let is_object = json.trim_ascii_start().starts_with('{');
    is_object.then(|| serde_json::from_str(json).ok()).flatten()
}

/// Returns the sorted `kid`s of those keys in a JWK set that a verifier would use for these
/// algorithms; `None` if the document is not a JWK set. Intended for diagnostics.
pub fn usable_kids(document: &[u8], allowed: &[Algorithm]) -> Option<Vec<String>> {
    let keys = KeySet::parse(document, allowed)?;
    let mut kids: Vec<_> = keys.by_kid.into_keys().collect();
    kids.sort_unstable();
    Some(kids)
}

impl PublicKey {
    /// Parses a JSON Web Key (RFC 7517 §4) for use with `allowed` algorithms only. Returns `None`
    /// if it cannot be used with any of them: because of its type, curve, size, `alg`, `use` or
    /// `key_ops`, or because it is malformed.
    pub fn from_jwk(jwk: &str, allowed: &[Algorithm]) -> Option<Self> {
        from_object::<Jwk>(jwk)?.public_key(allowed)
    }
}

impl Jwk {
    fn public_key(&self, allowed: &[Algorithm]) -> Option<PublicKey> {
        let is_for_signatures = self.usage.as_deref().is_none_or(|usage| usage == "sig")
            && self.key_ops.as_ref().is_none_or(|ops| ops.iter().any(|op| op == "verify"));
        if !is_for_signatures {
            return None;
        }
        let algorithms = self.algorithms(allowed)?;
        let [first, ..] = algorithms[..] else { return None };
        match first {
            Algorithm::EdDsa => PublicKey::ed25519(&decode(self.x.as_ref())?),
            Algorithm::Es256 => {
                PublicKey::p256(&decode(self.x.as_ref())?, &decode(self.y.as_ref())?)
            }
            Algorithm::Es384 => {
                PublicKey::p384(&decode(self.x.as_ref())?, &decode(self.y.as_ref())?)
            }
            _ => PublicKey::rsa(&decode(self.n.as_ref())?, &decode(self.e.as_ref())?, &algorithms),
        }
    }

    /// Returns the allowed algorithms that fit the type of the key and its `alg`, if it has one.
    /// Returns `None` if the type or the `alg` is unsupported.
    fn algorithms(&self, allowed: &[Algorithm]) -> Option<Vec<Algorithm>> {
        let of_type: &[Algorithm] = match (&*self.kty, self.crv.as_deref()) {
            ("OKP", Some("Ed25519")) => &[Algorithm::EdDsa],
            ("EC", Some("P-256")) => &[Algorithm::Es256],
            ("EC", Some("P-384")) => &[Algorithm::Es384],
            ("RSA", _) => Algorithm::RSA,
            _ => return None,
        };
        let own = match &self.alg {
            Some(name) => Some(Algorithm::from_name(name)?),
            None => None,
        };
        let fits = |algorithm: &&Algorithm| {
            allowed.contains(algorithm) && own.is_none_or(|own| own == **algorithm)
        };
        Some(of_type.iter().filter(fits).copied().collect())
    }
}

/// Decodes canonical base64url.
fn decode(parameter: Option<&String>) -> Option<Vec<u8>> {
    BASE64_URL_SAFE_NO_PAD.decode(parameter?).ok()
}
