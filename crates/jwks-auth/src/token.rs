//! An unverified token: its form, header and claimed issuer. Uses neither the network nor the
//! clock.

use base64::{DecodeError, Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use serde_json::{Map, Value};

use crate::{Algorithm, PublicKey, error::Refusal, unique_members::UniqueMembers};

/// Maximum length of a token in bytes.
pub(crate) const MAX_BYTES: usize = 8 * 1024;

/// Kind of a token, indicated by its `typ` header parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Access,
    #[cfg(feature = "events")]
    SecurityEvent,
}

/// A compact JWS with an acceptable header. Its contents are untrusted.
#[derive(Debug)]
pub(crate) struct Token<'a> {
    /// Id of the key to verify the token with. Unless the issuer requires it, it may be missing if
    /// the issuer has a single key.
    pub(crate) kid: Option<String>,
    /// The claimed algorithm, which must be allowed for the issuer and belong to the key.
    pub(crate) algorithm: Algorithm,
    /// The signing input: the encoded header and payload (RFC 7515 §5.2).
    signed: &'a str,
    signature: Vec<u8>,
    claims: Map<String, Value>,
}

impl<'a> Token<'a> {
    pub(crate) fn parse(token: &'a str, kind: Kind) -> Result<Self, Refusal> {
        if token.len() > MAX_BYTES {
            return Err(Refusal::TooLong);
        }
        let (signed, signature) = token.rsplit_once('.').ok_or(Refusal::NotCompact)?;
        let (header, payload) = signed.split_once('.').ok_or(Refusal::NotCompact)?;
        let (kid, algorithm) = read_header(&decode(header)?, kind)?;
        let (payload, signature) = (decode(payload)?, decode(signature)?);
        let UniqueMembers(claims) = serde_json::from_slice(&payload)
            .map_err(|_error: serde_json::Error| Refusal::BadClaims)?;
        Ok(Self { kid, algorithm, signed, signature, claims })
    }

    /// Returns the unverified issuer, which must only be used to select the keys for the
    /// verification.
    pub(crate) fn claimed_issuer(&self) -> Option<&str> {
        self.claims.get("iss").and_then(Value::as_str)
    }

    /// Verifies the signature and returns the claims.
    pub(crate) fn signed_by(self, key: &PublicKey) -> Result<Map<String, Value>, Refusal> {
        if key.verifies(self.algorithm, self.signed.as_bytes(), &self.signature) {
            Ok(self.claims)
        } else {
            Err(Refusal::BadSignature)
        }
    }
}

/// Decodes canonical base64url only: no padding, no other alphabet, no non-zero unused bits (RFC
/// 7515 §2).
fn decode(part: &str) -> Result<Vec<u8>, Refusal> {
    BASE64_URL_SAFE_NO_PAD.decode(part).map_err(|_error: DecodeError| Refusal::NotCompact)
}

/// Validates the header and returns its `kid` and `alg`. `jwk`, `jku`, `x5u` and `x5c` are ignored:
/// a token must not choose the key that verifies it.
fn read_header(header: &[u8], kind: Kind) -> Result<(Option<String>, Algorithm), Refusal> {
    let UniqueMembers(mut header) =
        serde_json::from_slice(header).map_err(|_error: serde_json::Error| Refusal::BadHeader)?;
    let algorithm = header.get("alg").and_then(Value::as_str).and_then(Algorithm::from_name);
    let algorithm = algorithm.ok_or(Refusal::WrongAlgorithm)?;
    // No critical extensions are supported (RFC 7515 §4.1.11). The other fields would change how
    // the payload must be read.
    let asks_too_much = ["crit", "b64", "enc", "zip"].iter().any(|name| header.contains_key(*name));
    if asks_too_much || !kind.has_type(header.get("typ")) {
        return Err(Refusal::UnsupportedHeader);
    }
    match header.remove("kid") {
        None => Ok((None, algorithm)),
        Some(Value::String(kid)) => Ok((Some(kid), algorithm)),
        Some(_) => Err(Refusal::UnknownKey),
    }
}

impl Kind {
    /// Returns whether `typ` is that of this kind (RFC 8725 §3.11). Access tokens may omit it.
    fn has_type(self, typ: Option<&Value>) -> bool {
        let Some(typ) = typ else { return self == Self::Access };
        let Some(typ) = typ.as_str() else { return false };
        let typ = typ.strip_prefix("application/").unwrap_or(typ);
        match self {
            Self::Access => typ.eq_ignore_ascii_case("JWT") || typ.eq_ignore_ascii_case("at+jwt"),
            #[cfg(feature = "events")]
            Self::SecurityEvent => typ.eq_ignore_ascii_case("secevent+jwt"),
        }
    }
}
