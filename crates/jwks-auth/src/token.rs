//! One token: its shape and header before there is a key, its claims after. Pure: no network, no
//! clock.

use std::{fmt, time::Duration};

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use serde::{
    Deserialize, Deserializer,
    de::{DeserializeOwned, MapAccess, Visitor},
};
use serde_json::{Map, Value};

use crate::{
    error::{Error, Refusal},
    jwk::Key,
};

/// The longest token that is looked at.
const MAX_BYTES: usize = 8 * 1024;

/// A compact JWS whose header we accept. Nothing in it is trusted yet.
#[derive(Debug)]
pub(crate) struct Token<'a> {
    pub(crate) kid: String,
    /// Header and payload, as signed (RFC 7515 §5.2).
    signed: &'a str,
    payload: &'a str,
    signature: &'a str,
}

impl<'a> Token<'a> {
    pub(crate) fn parse(token: &'a str) -> Result<Self, Refusal> {
        if token.len() > MAX_BYTES {
            return Err(Refusal::TooLong);
        }
        let (signed, signature) = token.rsplit_once('.').ok_or(Refusal::NotCompact)?;
        let (header, payload) = signed.split_once('.').ok_or(Refusal::NotCompact)?;
        let header = BASE64_URL_SAFE_NO_PAD
            .decode(header)
            .map_err(|_: base64::DecodeError| Refusal::NotCompact)?;
        let kid = checked_kid(&header)?;
        Ok(Self { kid, signed, payload, signature })
    }

    /// What the token says, if `key` signed it.
    pub(crate) fn claims(&self, key: &Key) -> Result<Map<String, Value>, Refusal> {
        if !key.verifies(self.signed, self.signature) {
            return Err(Refusal::BadSignature);
        }
        let payload = BASE64_URL_SAFE_NO_PAD
            .decode(self.payload)
            .map_err(|_: base64::DecodeError| Refusal::NotCompact)?;
        let UniqueMembers(claims) =
            serde_json::from_slice(&payload).map_err(|_: serde_json::Error| Refusal::BadClaims)?;
        Ok(claims)
    }
}

/// The header's `kid`. `jwk`, `jku`, `x5u` and `x5c` are never looked at: a token does not get to
/// say which key it is checked with.
fn checked_kid(header: &[u8]) -> Result<String, Refusal> {
    let UniqueMembers(mut header) =
        serde_json::from_slice(header).map_err(|_: serde_json::Error| Refusal::BadHeader)?;
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

/// What the registered claims must say (RFC 7519 §4.1).
#[derive(Clone, Debug)]
pub(crate) struct Rules {
    pub(crate) issuer: String,
    pub(crate) audience: String,
    pub(crate) leeway: Duration,
}

impl Rules {
    /// Checks the claims and hands them over as `C`. `now` is the time since the epoch.
    pub(crate) fn check<C: DeserializeOwned>(
        &self,
        claims: Map<String, Value>,
        now: Duration,
    ) -> Result<C, Error> {
        if claims.get("iss").and_then(Value::as_str) != Some(&self.issuer) {
            return Err(Refusal::WrongIssuer.into());
        }
        if !claims.get("aud").is_some_and(|aud| self.is_audience(aud)) {
            return Err(Refusal::WrongAudience.into());
        }
        let is_subject = |sub: &Value| sub.as_str().is_some_and(|sub| !sub.trim().is_empty());
        if !claims.get("sub").is_some_and(is_subject) {
            return Err(Refusal::WrongSubject.into());
        }
        let expires_at = claims.get("exp").and_then(Value::as_f64).ok_or(Refusal::BadDate)?;
        for name in ["nbf", "iat"] {
            if let Some(date) = claims.get(name) {
                let date = date.as_f64().ok_or(Refusal::BadDate)?;
                if date > (now + self.leeway).as_secs_f64() {
                    return Err(Refusal::NotYetValid.into());
                }
            }
        }
        let claims = C::deserialize(Value::Object(claims))
            .map_err(|_: serde_json::Error| Refusal::UnexpectedClaims)?;
        // Last, so that only a token that was good once is told that it has expired.
        if now.as_secs_f64() >= expires_at + self.leeway.as_secs_f64() {
            return Err(Error::Expired);
        }
        Ok(claims)
    }

    fn is_audience(&self, aud: &Value) -> bool {
        match aud {
            Value::String(one) => *one == self.audience,
            Value::Array(many) => {
                many.iter().all(Value::is_string)
                    && many.iter().any(|one| one.as_str() == Some(&self.audience))
            }
            _ => false,
        }
    }
}

/// A JSON object in which no member occurs twice: two readers that pick different ones would
/// see two different tokens (RFC 7519 §4, RFC 8725 §2.4).
struct UniqueMembers(Map<String, Value>);

impl<'de> Deserialize<'de> for UniqueMembers {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;

        impl<'de> Visitor<'de> for Members {
            type Value = UniqueMembers;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object with unique members")
            }

            fn visit_map<A: MapAccess<'de>>(
                self,
                mut members: A,
            ) -> Result<UniqueMembers, A::Error> {
                let mut map = Map::new();
                while let Some((name, value)) = members.next_entry::<String, Value>()? {
                    if map.insert(name, value).is_some() {
                        return Err(serde::de::Error::custom("a member occurs twice"));
                    }
                }
                Ok(UniqueMembers(map))
            }
        }

        deserializer.deserialize_map(Members)
    }
}
