//! Validates the registered claims of a signed token (RFC 7519 §4.1). The current time is passed as
//! an argument.

use std::time::Duration;

use serde_json::{Map, Value};

use crate::error::{Error, Refusal};

/// The claims that every accepted token has, and the optional ones that the verifier reads.
///
/// Dates are in seconds since the epoch, possibly with a fraction (RFC 7519 §2).
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct RegisteredClaims {
    /// Issuer (§4.1.1): one of the trusted issuers.
    pub iss: String,
    /// Subject (§4.1.2), unique only per issuer: two issuers may use the same `sub` for different
    /// users.
    pub sub: String,
    /// Expiration time (§4.1.4).
    pub exp: f64,
    /// Time before which the token is not valid (§4.1.5).
    pub nbf: Option<f64>,
    /// Time of issue (§4.1.6).
    pub iat: Option<f64>,
    /// Id of the token (§4.1.7), if it is a string.
    pub jti: Option<String>,
    /// Id of the session (OpenID Connect Front-Channel Logout 1.0 §3), if it is a string.
    pub sid: Option<String>,
    /// Scopes (RFC 8693 §4.2): the words of `scope`, or of `scp` if there is no `scope`. The claim
    /// may also be an array of strings.
    pub scopes: Vec<String>,
    /// Roles (RFC 9068 §2.2.3.1): the strings of the array `roles`.
    pub roles: Vec<String>,
}

/// Required issuer and audience of a token, and the tolerance for its dates.
#[derive(Clone, Debug)]
pub(crate) struct Rules {
    pub(crate) issuer: String,
    pub(crate) audience: String,
    pub(crate) leeway: Duration,
}

impl Rules {
    /// Returns the claims if issuer, audience, subject and the types of the dates are valid. Does
    /// not compare the dates with the current time.
    pub(crate) fn read(&self, claims: &Map<String, Value>) -> Result<RegisteredClaims, Refusal> {
        let text = |name| claims.get(name).and_then(Value::as_str);
        let iss = text("iss").filter(|iss| *iss == self.issuer).ok_or(Refusal::WrongIssuer)?;
        if !claims.get("aud").is_some_and(|aud| self.is_audience(aud)) {
            return Err(Refusal::WrongAudience);
        }
        let is_somebody = |sub: &&str| !sub.trim().is_empty();
        let sub = text("sub").filter(is_somebody).ok_or(Refusal::WrongSubject)?;
        let date = |name| match claims.get(name) {
            Some(date) => date.as_f64().ok_or(Refusal::BadDate).map(Some),
            None => Ok(None),
        };
        Ok(RegisteredClaims {
            iss: iss.to_owned(),
            sub: sub.to_owned(),
            exp: date("exp")?.ok_or(Refusal::BadDate)?,
            nbf: date("nbf")?,
            iat: date("iat")?,
            jti: text("jti").map(str::to_owned),
            sid: text("sid").map(str::to_owned),
            scopes: claims.get("scope").or_else(|| claims.get("scp")).map_or_else(Vec::new, words),
            roles: claims.get("roles").and_then(Value::as_array).map_or_else(Vec::new, strings),
        })
    }

    /// Returns an error if the token is not valid yet. `now` is the time since the epoch.
    pub(crate) fn has_begun(
        &self,
        claims: &RegisteredClaims,
        now: Duration,
    ) -> Result<(), Refusal> {
        let latest = (now + self.leeway).as_secs_f64();
        let is_ahead = |date: Option<f64>| date.is_some_and(|date| date > latest);
        let is_ahead = is_ahead(claims.nbf) || is_ahead(claims.iat);
        if is_ahead { Err(Refusal::NotYetValid) } else { Ok(()) }
    }

    /// Returns an error if the token has expired. `now` is the time since the epoch.
    pub(crate) fn has_not_ended(
        &self,
        claims: &RegisteredClaims,
        now: Duration,
    ) -> Result<(), Error> {
        let has_ended = now.as_secs_f64() >= claims.exp + self.leeway.as_secs_f64();
        if has_ended { Err(Error::Expired) } else { Ok(()) }
    }

    pub(crate) fn is_audience(&self, aud: &Value) -> bool {
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

/// Returns the words of a string, or the strings of an array.
fn words(scopes: &Value) -> Vec<String> {
    match scopes {
        Value::String(text) => {
            text.split(' ').filter(|word| !word.is_empty()).map(str::to_owned).collect()
        }
        Value::Array(many) => strings(many),
        _ => Vec::new(),
    }
}

fn strings<'a>(array: impl IntoIterator<Item = &'a Value>) -> Vec<String> {
    array.into_iter().filter_map(Value::as_str).map(str::to_owned).collect()
}
