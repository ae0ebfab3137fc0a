//! Signed tokens (RFC 7519) in links that verify, change or restore an e-mail address. They are not
//! stored.

use std::{collections::HashSet, time::Duration};

use aws_lc_rs::error::Unspecified;
use chrono::DateTime;
use database::{Conn, sql_types::DbTime};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use shared_models::Timestamp;

use crate::{
    config::Secrets,
    domain::secret_box::derived_key,
    store::{Account, EmailChange, PasswordSetAt, Session, StoreError, User},
};

/// Purpose of the key that signs the tokens.
const PURPOSE: &str = "auth-service email verification v1";
/// Lifetime of a link that verifies or changes an address.
pub(crate) const LIFETIME: Duration = Duration::from_hours(1);
/// Time during which a change of a verified address can be undone.
pub(crate) const UNDO_LIFETIME: Duration = Duration::from_hours(24 * 7);

#[derive(Debug, thiserror::Error)]
pub(crate) enum EmailTokenError {
    #[error("invalid verification token")]
    Invalid,
    #[error("verification token has expired")]
    Expired,
    #[error("cannot sign the verification token")]
    Sign(#[from] jsonwebtoken::errors::Error),
}

/// The action that a link performs.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Request {
    VerifyEmail,
    /// Sends a link to the new address.
    ChangeEmailConfirmation,
    /// Changes the address.
    ChangeEmailVerification,
    /// Restores the old address.
    UndoChangeEmail,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct EmailClaims {
    pub(crate) email: String,
    pub(crate) user_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) update_to: Option<String>,
    pub(crate) request_type: Request,
    /// The session in which the link was requested; the link expires with the session.
    #[serde(rename = "sid", skip_serializing_if = "Option::is_none")]
    pub(crate) session_id: Option<String>,
    /// Id of the change to undo.
    #[serde(rename = "change", skip_serializing_if = "Option::is_none")]
    pub(crate) change_id: Option<String>,
    /// Time at which the password was last set or removed, in microseconds since the Unix epoch.
    /// `None` if the user has no credential account; removing only the password keeps the account.
    /// Setting or removing the password later invalidates the link. Unused, and always `None`, in
    /// links that undo a change.
    #[serde(rename = "pwd")]
    password_set_at: Option<i64>,
    iat: i64,
    exp: i64,
}

/// The user-specific claims of a link's token.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Subject<'a> {
    pub(crate) user_id: &'a str,
    pub(crate) email: &'a str,
    pub(crate) update_to: Option<&'a str>,
    pub(crate) session_id: Option<&'a str>,
    pub(crate) password_set_at: PasswordSetAt,
}

impl EmailClaims {
    /// Locks the user, the password and the link's session for the rest of the transaction. Returns
    /// `false` if, since the link was created, the user was deleted, the address was changed, the
    /// password was set or removed, or the session has ended. The user is locked first, as when a
    /// user is deleted, because a different order could deadlock.
    pub(crate) async fn hold(&self, conn: &mut Conn, now: DbTime) -> Result<bool, StoreError> {
        let user_id = self.user_id.as_str();
        Ok(User::hold(conn, (user_id, &self.email)).await? > 0
            && Account::hold_password(conn, user_id, self.password_set_at()).await?
            && match &self.session_id {
                Some(id) => Session::hold(conn, id, now).await?,
                None => true,
            })
    }

    fn password_set_at(&self) -> PasswordSetAt {
        self.password_set_at.and_then(DateTime::from_timestamp_micros).map(DbTime)
    }
}

/// Signer and verifier of the tokens. Does not implement `Debug`, because it holds keys.
pub(crate) struct EmailTokens {
    encoding: EncodingKey,
    /// One key for each secret; the key of the current secret is first.
    decoding: Vec<DecodingKey>,
}

impl EmailTokens {
    pub(crate) fn new(secrets: &Secrets) -> Result<Self, Unspecified> {
        let key = |secret: &SecretString| derived_key(secret, PURPOSE);
        let rejected = |_error: jsonwebtoken::errors::Error| Unspecified;
        let decoding =
            |secret: &SecretString| DecodingKey::from_secret(&key(secret)?).map_err(rejected);
        Ok(Self {
            encoding: EncodingKey::from_secret(&key(&secrets.current)?).map_err(rejected)?,
            decoding: secrets.iter().map(decoding).collect::<Result<_, Unspecified>>()?,
        })
    }

    pub(crate) fn make(
        &self,
        request_type: Request,
        subject: Subject<'_>,
        now: Timestamp,
    ) -> Result<String, EmailTokenError> {
        let now = DateTime::from(now);
        let claims = EmailClaims {
            email: subject.email.to_owned(),
            user_id: subject.user_id.to_owned(),
            update_to: subject.update_to.map(str::to_owned),
            request_type,
            session_id: subject.session_id.map(str::to_owned),
            change_id: None,
            password_set_at: subject.password_set_at.map(|set_at| set_at.0.timestamp_micros()),
            iat: now.timestamp(),
            exp: (now + LIFETIME).timestamp(),
        };
        self.sign(&claims)
    }

    /// Returns a token that undoes a change of address.
    pub(crate) fn make_undo(&self, change: &EmailChange) -> Result<String, EmailTokenError> {
        let changed_at = change.created_at.0;
        self.sign(&EmailClaims {
            email: change.old_email.clone(),
            user_id: change.user_id.clone(),
            update_to: None,
            request_type: Request::UndoChangeEmail,
            session_id: None,
            change_id: Some(change.id.clone()),
            password_set_at: None,
            iat: changed_at.timestamp(),
            exp: (changed_at + UNDO_LIFETIME).timestamp(),
        })
    }

    fn sign(&self, claims: &EmailClaims) -> Result<String, EmailTokenError> {
        Ok(jsonwebtoken::encode(&Header::new(Algorithm::HS256), claims, &self.encoding)?)
    }

    pub(crate) fn read(&self, token: &str, now: Timestamp) -> Result<EmailClaims, EmailTokenError> {
        let mut validation = Validation::new(Algorithm::HS256);
        // The expiry is checked below, with the injected clock.
        validation.validate_exp = false;
        validation.required_spec_claims = HashSet::new();
        let decode = |key| jsonwebtoken::decode::<EmailClaims>(token, key, &validation).ok();
        let decoded = self.decoding.iter().find_map(decode);
        let claims = decoded.ok_or(EmailTokenError::Invalid)?.claims;
        if claims.exp <= DateTime::from(now).timestamp() {
            return Err(EmailTokenError::Expired);
        }
        Ok(claims)
    }
}
