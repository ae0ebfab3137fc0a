//! One token before it is believed: its shape, its header, and what it claims. Pure: no network,
//! no clock.

use base64::{DecodeError, Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use serde_json::{Map, Value};

use crate::{PublicKey, error::Refusal, unique_members::UniqueMembers};

/// The longest token that is looked at.
pub(crate) const MAX_BYTES: usize = 8 * 1024;

/// A compact JWS whose header we accept. Nothing in it is trusted yet.
#[derive(Debug)]
pub(crate) struct Token<'a> {
    pub(crate) kid: String,
    /// Header and payload, as signed (RFC 7515 §5.2).
    signed: &'a str,
    signature: Vec<u8>,
    claims: Map<String, Value>,
}

impl<'a> Token<'a> {
    pub(crate) fn parse(token: &'a str) -> Result<Self, Refusal> {
        if token.len() > MAX_BYTES {
            return Err(Refusal::TooLong);
        }
        let (signed, signature) = token.rsplit_once('.').ok_or(Refusal::NotCompact)?;
        let (header, payload) = signed.split_once('.').ok_or(Refusal::NotCompact)?;
        let kid = checked_kid(&decode(header)?)?;
        let (payload, signature) = (decode(payload)?, decode(signature)?);
        let UniqueMembers(claims) = serde_json::from_slice(&payload)
            .map_err(|_error: serde_json::Error| Refusal::BadClaims)?;
        Ok(Self { kid, signed, signature, claims })
    }

    /// The issuer that the token names: good for choosing whose keys to check it with, and for
    /// nothing else.
    pub(crate) fn claimed_issuer(&self) -> Option<&str> {
        self.claims.get("iss").and_then(Value::as_str)
    }

    /// What the token says, if `key` signed it.
    pub(crate) fn signed_by(self, key: &PublicKey) -> Result<Map<String, Value>, Refusal> {
        if key.verifies(self.signed.as_bytes(), &self.signature) {
            Ok(self.claims)
        } else {
            Err(Refusal::BadSignature)
        }
    }
}

/// Canonical only: no padding, no other alphabet, no unused bits that are set (RFC 7515 §2).
fn decode(part: &str) -> Result<Vec<u8>, Refusal> {
    BASE64_URL_SAFE_NO_PAD.decode(part).map_err(|_error: DecodeError| Refusal::NotCompact)
}

/// The header's `kid`. `jwk`, `jku`, `x5u` and `x5c` are never looked at: a token does not get to
/// say which key it is checked with.
fn checked_kid(header: &[u8]) -> Result<String, Refusal> {
    let UniqueMembers(mut header) =
        serde_json::from_slice(header).map_err(|_error: serde_json::Error| Refusal::BadHeader)?;
    if header.get("alg").and_then(Value::as_str) != Some("EdDSA") {
        return Err(Refusal::WrongAlgorithm);
    }
    // We understand no extension, so a header that insists on one is refused (RFC 7515 §4.1.11).
    let asks_too_much = ["crit", "b64", "enc", "zip"].iter().any(|name| header.contains_key(*name));
    if asks_too_much || !header.get("typ").is_none_or(is_access_token_type) {
        return Err(Refusal::UnsupportedHeader);
    }
    match header.remove("kid") {
        Some(Value::String(kid)) => Ok(kid),
        _ => Err(Refusal::UnknownKey),
    }
}

/// RFC 8725 §3.11: a token made for something else says so in `typ`.
fn is_access_token_type(typ: &Value) -> bool {
    let Some(typ) = typ.as_str() else { return false };
    let typ = typ.strip_prefix("application/").unwrap_or(typ);
    typ.eq_ignore_ascii_case("JWT") || typ.eq_ignore_ascii_case("at+jwt")
}
