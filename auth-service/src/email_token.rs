//! What a link of an e-mail verification carries: a signed statement (RFC 7519), of which nothing
//! is stored.

use std::{collections::HashSet, time::Duration};

use aws_lc_rs::error::Unspecified;
use chrono::DateTime;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use shared_models::Timestamp;

use crate::{
    error::{Error, Result},
    issuer::IssuerError,
    seal::derived_key,
};

/// How long a link is good for.
pub(crate) const LIFETIME: Duration = Duration::from_hours(1);

/// What is to be done when the link is opened.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Request {
    VerifyEmail,
    /// Ask the new address too.
    ChangeEmailConfirmation,
    /// Change the address.
    ChangeEmailVerification,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct EmailClaims {
    pub(crate) email: String,
    pub(crate) user_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) update_to: Option<String>,
    pub(crate) request_type: Request,
    iat: i64,
    exp: i64,
}

/// Makes and reads them. Not `Debug`: it holds a key.
pub(crate) struct EmailTokens {
    encoding: EncodingKey,
    decoding: DecodingKey,
}

impl EmailTokens {
    pub(crate) fn new(secret: &SecretString) -> Result<Self, Unspecified> {
        let key = derived_key(secret, "auth-service email verification v1")?;
        Ok(Self {
            encoding: EncodingKey::from_secret(&key),
            decoding: DecodingKey::from_secret(&key),
        })
    }

    pub(crate) fn make(
        &self,
        request_type: Request,
        user_id: &str,
        email: &str,
        update_to: Option<&str>,
        now: Timestamp,
    ) -> Result<String, IssuerError> {
        let now = DateTime::from(now);
        let claims = EmailClaims {
            email: email.to_owned(),
            user_id: user_id.to_owned(),
            update_to: update_to.map(str::to_owned),
            request_type,
            iat: now.timestamp(),
            exp: (now + LIFETIME).timestamp(),
        };
        Ok(jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &self.encoding)?)
    }

    pub(crate) fn read(&self, token: &str, now: Timestamp) -> Result<EmailClaims> {
        let mut validation = Validation::new(Algorithm::HS256);
        // By our clock, below.
        validation.validate_exp = false;
        validation.required_spec_claims = HashSet::new();
        let claims = jsonwebtoken::decode::<EmailClaims>(token, &self.decoding, &validation)
            .map_err(|_error: jsonwebtoken::errors::Error| Error::InvalidEmailToken)?
            .claims;
        if claims.exp <= DateTime::from(now).timestamp() {
            return Err(Error::EmailTokenExpired);
        }
        Ok(claims)
    }
}
