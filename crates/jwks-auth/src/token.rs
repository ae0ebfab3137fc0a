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
            .map_err(|_error: base64::DecodeError| Refusal::NotCompact)?;
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
            .map_err(|_error: base64::DecodeError| Refusal::NotCompact)?;
        let UniqueMembers(claims) = serde_json::from_slice(&payload)
            .map_err(|_error: serde_json::Error| Refusal::BadClaims)?;
        Ok(claims)
    }
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
            .map_err(|_error: serde_json::Error| Refusal::UnexpectedClaims)?;
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jwk::KeySet;

    /// The public key of RFC 8037 appendix A.2, under the `kid` of the token below.
    const JWKS: &str = r#"{"keys":[{"alg":"EdDSA","crv":"Ed25519","kty":"OKP",
        "kid":"ExampleKeyId0123456789ABCDEFGHIJ",
        "x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#;

    /// A token as a Better Auth server signs it, with the private key of RFC 8037 appendix A.1.
    const TOKEN: &str = "eyJhbGciOiJFZERTQSIsImtpZCI6IkV4YW1wbGVLZXlJZDAxMjM0NTY3ODlBQkNERUZHSElKIn0.\
        eyJpYXQiOjE3NjczMjI4MDAsIm5hbWUiOiJBZGEgRXhhbXBsZSIsImVtYWlsIjoiYWRhQGV4YW1wbGUuY29tIiwiZW\
        1haWxWZXJpZmllZCI6ZmFsc2UsImltYWdlIjpudWxsLCJjcmVhdGVkQXQiOiIyMDI2LTAxLTAyVDAzOjAwOjAwLjEy\
        M1oiLCJ1cGRhdGVkQXQiOiIyMDI2LTAxLTAyVDAzOjAwOjAwLjEyM1oiLCJpZCI6IkV4YW1wbGVVc2VySWQwMTIzND\
        U2Nzg5QUJDREVGR0hJIiwic3ViIjoiRXhhbXBsZVVzZXJJZDAxMjM0NTY3ODlBQkNERUZHSEkiLCJleHAiOjE3Njc0\
        MDkyMDAsImlzcyI6Imh0dHA6Ly9sb2NhbGhvc3Q6MzAwMCIsImF1ZCI6Imh0dHA6Ly9sb2NhbGhvc3Q6MzAwMCJ9.\
        VlN7uxJ3BQjxgldqxzmOiKSc9CyqJOa3uskRPo0KSAj9wfXIzpDIrUyixnsPRsGvGOnq9frFOt2y7MReCmJWAw";
    const ISSUED_AT: u64 = 1_767_322_800;
    const EXPIRES_AT: u64 = 1_767_409_200;

    fn verify(token: &str, now: u64) -> Result<Map<String, Value>, Error> {
        let keys = KeySet::parse(JWKS.as_bytes()).unwrap();
        let token = Token::parse(token)?;
        let key = keys.get(&token.kid).ok_or(Refusal::UnknownKey)?;
        let rules = Rules {
            issuer: "http://localhost:3000".to_owned(),
            audience: "http://localhost:3000".to_owned(),
            leeway: Duration::from_secs(30),
        };
        rules.check(token.claims(&key)?, Duration::from_secs(now))
    }

    #[test]
    fn a_better_auth_servers_token_is_verified() {
        let claims = verify(TOKEN, ISSUED_AT).unwrap();
        assert_eq!(claims["sub"], "ExampleUserId0123456789ABCDEFGHI");
    }

    #[test]
    fn a_token_lives_from_iat_to_exp_give_or_take_the_leeway() {
        for (now, outcome) in [
            (ISSUED_AT - 31, Err(Error::Refused(Refusal::NotYetValid))),
            (ISSUED_AT - 30, Ok(())),
            (EXPIRES_AT + 29, Ok(())),
            (EXPIRES_AT + 30, Err(Error::Expired)),
        ] {
            assert_eq!(verify(TOKEN, now).map(drop), outcome, "{now}");
        }
    }

    #[test]
    fn no_character_of_a_token_can_be_changed() {
        for position in 0..TOKEN.len() {
            for other in ["A", "B", ".", "=", " "] {
                let mut changed = TOKEN.to_owned();
                changed.replace_range(position..=position, other);
                if changed != TOKEN {
                    assert!(verify(&changed, ISSUED_AT).is_err(), "{position} {other}");
                }
            }
        }
    }
}
