//! Client assertions: JWTs with which a client proves that it has the private key (RFC 7523 §2.2).

use std::time::Duration;

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use chrono::{DateTime, Utc};
use serde::{
    Deserialize, Deserializer,
    de::{self, DeserializeOwned, IgnoredAny},
};
use shared_models::Audience;

use super::credential::Credential;

/// Accepted values of `alg`.
pub(crate) const ALGORITHMS: [&str; 3] = ["EdDSA", "Ed25519", "ES256"];
/// Accepted values of `typ`, in lower case and without `application/`. Tokens of other types that a
/// client signs with the same key must not be accepted as assertions.
const TYPES: [&str; 2] = ["jwt", "client-authentication+jwt"];
/// Accepted difference between the clocks of client and service, in seconds.
const LEEWAY: u64 = 30;
/// Maximum remaining lifetime of an assertion, in seconds.
const MAX_LIFETIME: u64 = 60 * 60;
/// Time for which a used assertion is remembered. Afterwards it has certainly expired.
pub(super) const MEMORY: Duration = Duration::from_secs(MAX_LIFETIME + 2 * LEEWAY);

/// The reason why an assertion is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum AssertionError {
    #[error("malformed assertion")]
    Malformed,
    #[error("`iss`, `sub` and `client_id` differ")]
    ClientsDiffer,
    #[error("no valid key of the client verifies the assertion")]
    Signature,
    #[error("assertion for another audience")]
    Audience,
    #[error("assertion has expired")]
    Expired,
    #[error("assertion is not valid yet")]
    NotYetValid,
    #[error("assertion expires in more than an hour")]
    LivesTooLong,
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    typ: Option<String>,
    #[serde(default, deserialize_with = "is_present")]
    crit: bool,
}

#[derive(Deserialize)]
struct Claims {
    iss: String,
    sub: String,
    aud: Audience,
    #[serde(deserialize_with = "seconds")]
    exp: u64,
    #[serde(default, deserialize_with = "optional_seconds")]
    nbf: Option<u64>,
    #[serde(default, deserialize_with = "optional_seconds")]
    iat: Option<u64>,
    jti: String,
}

/// An assertion whose signature has not been verified yet.
pub(super) struct Assertion<'a> {
    algorithm: String,
    claims: Claims,
    signed: &'a str,
    signature: Vec<u8>,
}

impl<'a> Assertion<'a> {
    pub(super) fn parse(token: &'a str) -> Result<Self, AssertionError> {
        Self::read(token).ok_or(AssertionError::Malformed)
    }

    fn read(token: &'a str) -> Option<Self> {
        let (signed, signature) = token.rsplit_once('.')?;
        let (header, claims) = signed.split_once('.')?;
        let header: Header = decoded(header)?;
        let has_known_type = header.typ.is_none_or(|typ| is_known_type(&typ));
        // No extension is supported (RFC 7515 §4.1.11).
        if header.crit || !has_known_type {
            return None;
        }
        let claims: Claims = decoded(claims)?;
        let signature = BASE64_URL_SAFE_NO_PAD.decode(signature).ok()?;
        (!claims.jti.is_empty()).then_some(Self {
            algorithm: header.alg,
            claims,
            signed,
            signature,
        })
    }

    /// Returns the client that the assertion names. The issuer and the subject must be the same
    /// (RFC 7523 §3), and so must the client id in the request, if there is one (RFC 7521 §4.2).
    pub(super) fn client_id(&self, requested: Option<&str>) -> Result<&str, AssertionError> {
        let id = self.claims.sub.as_str();
        let is_same = self.claims.iss == id && requested.is_none_or(|requested| requested == id);
        is_same.then_some(id).ok_or(AssertionError::ClientsDiffer)
    }

    pub(super) fn is_signed_by(&self, credential: &Credential) -> bool {
        credential.verifies(&self.algorithm, self.signed.as_bytes(), &self.signature)
    }

    /// Checks the audience and the times.
    pub(super) fn check(
        &self,
        audiences: [&str; 2],
        now: DateTime<Utc>,
    ) -> Result<(), AssertionError> {
        let is_audience = |audience: &String| audiences.contains(&audience.as_str());
        let is_addressed = match &self.claims.aud {
            Audience::One(audience) => is_audience(audience),
            Audience::Several(several) => several.iter().any(is_audience),
        };
        let now = now.timestamp().unsigned_abs();
        let is_past = |time: u64| time <= now.saturating_add(LEEWAY);
        if !is_addressed {
            Err(AssertionError::Audience)
        } else if self.claims.exp.saturating_add(LEEWAY) <= now {
            Err(AssertionError::Expired)
        } else if ![self.claims.nbf, self.claims.iat].into_iter().flatten().all(is_past) {
            Err(AssertionError::NotYetValid)
        } else if self.claims.exp > now.saturating_add(LEEWAY + MAX_LIFETIME) {
            Err(AssertionError::LivesTooLong)
        } else {
            Ok(())
        }
    }

    pub(super) fn jti(&self) -> &str {
        &self.claims.jti
    }
}

/// Returns whether a `typ` is accepted. The prefix `application/` may be omitted (RFC 7515 §4.1.9).
fn is_known_type(typ: &str) -> bool {
    let typ = typ.to_ascii_lowercase();
    TYPES.contains(&typ.strip_prefix("application/").unwrap_or(&typ))
}

/// Reads a base64url-encoded JSON object. Serde alone would also accept an array of the field
/// values.
fn decoded<T: DeserializeOwned>(part: &str) -> Option<T> {
    let json = BASE64_URL_SAFE_NO_PAD.decode(part).ok()?;
    json.starts_with(b"{").then(|| serde_json::from_slice(&json).ok())?
}

fn is_present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    IgnoredAny::deserialize(deserializer).map(|IgnoredAny| true)
}

/// Reads a `NumericDate` (RFC 7519 §2), without its fraction.
fn seconds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    let seconds = f64::deserialize(deserializer)?;
    Duration::try_from_secs_f64(seconds).map(|time| time.as_secs()).map_err(de::Error::custom)
}

fn optional_seconds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    seconds(deserializer).map(Some)
}
