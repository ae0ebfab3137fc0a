//! Public keys of clients, which verify their assertions.

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ED25519, ParsedPublicKey, VerificationAlgorithm,
};
use base64::{
    Engine as _,
    prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD},
};
use ed25519_dalek::VerifyingKey;
use serde::{Deserialize, de::IgnoredAny};
use serde_json::json;

const PEM_START: &str = "-----BEGIN PUBLIC KEY-----";
const PEM_END: &str = "-----END PUBLIC KEY-----";
/// The DER encoding of a `SubjectPublicKeyInfo` up to the 32 bytes of an Ed25519 key (RFC 8410 §4).
const ED25519_PREFIX: [u8; 12] =
    [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];
/// The same up to the uncompressed point of a P-256 key (RFC 5480 §2).
const P256_PREFIX: [u8; 26] = [
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a,
    0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
];
/// First byte of an uncompressed point (SEC 1 §2.3.3).
const UNCOMPRESSED: u8 = 4;

type Coordinate = [u8; 32];

/// A public key that aws-lc has checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum PublicKey {
    Ed25519 { x: Coordinate },
    P256 { x: Coordinate, y: Coordinate },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum KeyError {
    #[error("this is a private key: give the public key, and keep the private key to the client")]
    Private,
    #[error("not a public key of type Ed25519 or P-256, in PEM format or as a JWK")]
    Unusable,
}

#[derive(Deserialize)]
struct Jwk {
    kty: String,
    crv: String,
    x: String,
    y: Option<String>,
    /// The private key.
    d: Option<IgnoredAny>,
}

impl PublicKey {
    /// Reads a PEM file (RFC 7468 §13) or a JWK (RFC 7517).
    pub(crate) fn parse(text: &str) -> Result<Self, KeyError> {
        if text.contains("PRIVATE KEY-----") {
            return Err(KeyError::Private);
        }
        let key = if text.contains(PEM_START) { from_pem(text) } else { from_jwk(text)? };
        let key = key.filter(|key| !key.is_of_small_order()).ok_or(KeyError::Unusable)?;
        key.parsed().map_or(Err(KeyError::Unusable), |_parsed| Ok(key))
    }

    pub(crate) fn to_jwk(&self) -> String {
        let encode = |coordinate| BASE64_URL_SAFE_NO_PAD.encode(coordinate);
        let jwk = match self {
            Self::Ed25519 { x } => json!({ "kty": "OKP", "crv": "Ed25519", "x": encode(x) }),
            Self::P256 { x, y } => {
                json!({ "kty": "EC", "crv": "P-256", "x": encode(x), "y": encode(y) })
            }
        };
        jwk.to_string()
    }

    /// Returns whether a signature is valid. The key determines the algorithm, which the token must
    /// name (RFC 7518 §3.4, RFC 8037 §3.1, RFC 9864 §2.2).
    pub(crate) fn verifies(&self, algorithm: &str, message: &[u8], signature: &[u8]) -> bool {
        let is_named = match self {
            Self::Ed25519 { .. } => ["EdDSA", "Ed25519"].contains(&algorithm),
            Self::P256 { .. } => algorithm == "ES256",
        };
        let is_valid = |key: ParsedPublicKey| key.verify_sig(message, signature).is_ok();
        is_named && self.parsed().is_some_and(is_valid)
    }

    /// Returns whether the key is an Ed25519 point of small order, under which anyone can forge
    /// signatures. P-256 has no such points.
    fn is_of_small_order(&self) -> bool {
        let Self::Ed25519 { x } = self else { return false };
        VerifyingKey::from_bytes(x).is_ok_and(|key| key.is_weak())
    }

    fn parsed(&self) -> Option<ParsedPublicKey> {
        let (algorithm, bytes): (&'static dyn VerificationAlgorithm, _) = match self {
            Self::Ed25519 { x } => (&ED25519, x.to_vec()),
            Self::P256 { x, y } => {
                (&ECDSA_P256_SHA256_FIXED, [&[UNCOMPRESSED], &x[..], &y[..]].concat())
            }
        };
        ParsedPublicKey::new(algorithm, bytes).ok()
    }
}

fn from_pem(text: &str) -> Option<PublicKey> {
    let body = text.trim().strip_prefix(PEM_START)?.strip_suffix(PEM_END)?;
    let der = BASE64_STANDARD.decode(body.split_ascii_whitespace().collect::<String>()).ok()?;
    if let Some(point) = der.strip_prefix(&ED25519_PREFIX) {
        return Some(PublicKey::Ed25519 { x: point.try_into().ok()? });
    }
    let point = der.strip_prefix(&P256_PREFIX)?.strip_prefix(&[UNCOMPRESSED])?;
    let (x, y) = point.split_first_chunk()?;
    Some(PublicKey::P256 { x: *x, y: y.try_into().ok()? })
}

fn from_jwk(text: &str) -> Result<Option<PublicKey>, KeyError> {
    let Ok(jwk) = serde_json::from_str::<Jwk>(text) else { return Ok(None) };
    if jwk.d.is_some() {
        return Err(KeyError::Private);
    }
    let x = coordinate(&jwk.x);
    let y = jwk.y.as_deref().and_then(coordinate);
    Ok(match (jwk.kty.as_str(), jwk.crv.as_str(), x, y) {
        ("OKP", "Ed25519", Some(x), None) => Some(PublicKey::Ed25519 { x }),
        ("EC", "P-256", Some(x), Some(y)) => Some(PublicKey::P256 { x, y }),
        _ => None,
    })
}

fn coordinate(text: &str) -> Option<Coordinate> {
    BASE64_URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok()
}
