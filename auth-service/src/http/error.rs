//! Errors of requests, and their responses.
//!
//! The body of an error is a flat object with a message and usually a code, as in Better Auth.
//! Errors that also exist in Better Auth have its messages and codes.

mod causes;
pub(crate) mod examples;
mod table;

use std::{borrow::Cow, time::Duration};

use actix_web::{
    HttpResponse, ResponseError,
    http::{
        StatusCode,
        header::{ContentType, RETRY_AFTER, WWW_AUTHENTICATE},
    },
};
use serde::Serialize;
use service_kit::{body::BodyError, request};
use telemetry::Chain;
use tokio::task::JoinError;
use tracing::{debug, error};

use crate::{
    domain::{
        clients::Refusal, email_tokens::EmailTokenError, issuer::IssuerError,
        sessions::SessionError,
    },
    store::StoreError,
};

pub(crate) type Result<T, E = Error> = std::result::Result<T, E>;

pub(crate) const X_RETRY_AFTER: &str = "x-retry-after";
/// `WWW-Authenticate` challenge to a receiver (RFC 9110 §11.6.1).
const RECEIVER_CHALLENGE: &str = r#"Bearer, Basic realm="auth-service""#;
/// `WWW-Authenticate` challenge to an OAuth client (RFC 6749 §5.2).
const CLIENT_CHALLENGE: &str = r#"Basic realm="auth-service""#;
/// Value of `Retry-After` in 503 responses.
const RETRY_AFTER_SECONDS: &str = "1";

#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("unsupported media type {sent:?}")]
    UnsupportedMediaType { sent: String, allowed: &'static str },
    #[error("compressed request body")]
    EncodedBody,
    #[error("request body is not valid JSON")]
    InvalidJson,
    #[error("the body is too large")]
    BodyTooLarge,
    #[error("timeout while reading the request body")]
    BodyTimedOut,
    #[error("validation failed: {0}")]
    Validation(String),
    #[error("missing or null Origin")]
    MissingOrNullOrigin,
    #[error("untrusted origin")]
    InvalidOrigin,
    #[error("sign-in by cross-site navigation")]
    CrossSiteNavigationLogin,
    #[error("{} is not a trusted URL", .0.member)]
    InvalidRedirect(&'static Redirect),
    #[error("{} is not a string", .0.member)]
    RedirectNotAString(&'static Redirect),
    #[error("no valid session")]
    Unauthorized,
    #[error("malformed e-mail address")]
    InvalidEmail,
    #[error("wrong e-mail address or password")]
    InvalidEmailOrPassword,
    #[error("password too short")]
    PasswordTooShort,
    #[error("password too long")]
    PasswordTooLong,
    #[error("the password is on a list of compromised passwords")]
    PasswordCompromised,
    #[error("e-mail address already in use")]
    UserAlreadyExists,
    #[error("e-mail address taken by a concurrent request")]
    LostRaceForEmail,
    #[error("e-mail address not verified")]
    EmailNotVerified,
    #[error("user is disabled")]
    BannedUser,
    #[error("sign-up is disabled")]
    SignUpDisabled,
    #[error("password reset is disabled")]
    PasswordResetDisabled,
    #[error("e-mail verification is disabled")]
    EmailVerificationDisabled,
    #[error("changing an e-mail address requires e-mail verification, which is disabled")]
    EmailVerificationNeeded,
    #[error("changing the e-mail address is disabled")]
    ChangeEmailDisabled,
    #[error("deleting users is disabled")]
    DeleteUserDisabled,
    #[error("session too old to list sessions")]
    SessionNotFresh,
    #[error("session too old to delete the user")]
    SessionExpired,
    #[error("wrong password")]
    InvalidPassword,
    #[error("user has no password")]
    CredentialAccountNotFound,
    #[error("no field to update")]
    NoFieldsToUpdate,
    #[error("update-user cannot change the e-mail address")]
    EmailCannotBeUpdated,
    #[error("new e-mail address equals the current one")]
    EmailIsTheSame,
    #[error("e-mail address differs from that of the session")]
    EmailMismatch,
    #[error("e-mail address already verified")]
    EmailAlreadyVerified,
    #[error("invalid password reset token")]
    InvalidResetToken,
    #[error("invalid user deletion token")]
    InvalidDeleteToken,
    #[error("security events are disabled: EVENTS_SECRET is not set")]
    EventsNotOffered,
    #[error("missing or unknown secret of an event receiver")]
    NoReceiver,
    #[error("token introspection is disabled: EVENTS_SECRET is not set")]
    IntrospectionNotOffered,
    #[error("missing or unknown secret of a receiver")]
    InvalidClient,
    #[error("invalid request: {0}")]
    InvalidTokenRequest(&'static str),
    #[error("client authentication failed: {0}")]
    ClientRefused(Refusal),
    #[error("unsupported grant type")]
    UnsupportedGrantType,
    #[error("scope is malformed or not allowed")]
    InvalidScope,
    #[error("resource is not an audience of the client")]
    InvalidTarget,
    /// A general error, in the format of OAuth errors.
    #[error(transparent)]
    Oauth(Box<Self>),
    #[error("no session of the user to delete")]
    NobodyToDelete,
    #[error("invalid verification token")]
    InvalidEmailToken,
    #[error("verification token has expired")]
    EmailTokenExpired,
    #[error("user of the verification token no longer exists")]
    EmailTokenUserGone,
    #[error("verification token belongs to another user")]
    EmailTokenOfAnotherUser,
    #[error("unknown social provider")]
    ProviderNotFound,
    #[error("the last account of a user cannot be unlinked")]
    LastAccount,
    #[error("the user has no such account")]
    AccountNotFound,
    #[error("the provider {0} is not supported")]
    ProviderNotSupported(String),
    #[error("the account does not belong to a provider")]
    ProviderNotConfigured,
    #[error("rate limit exceeded, retry in {wait:?}")]
    TooManyRequests { wait: Duration },
    #[error("get-session requires GET")]
    GetSessionByPost,
    #[error("password hashing queue is full")]
    TooManyPasswords,
    #[error("too many unread responses")]
    ResponsesInFlight(#[from] service_kit::server::Exhausted),
    #[error("application state is missing")]
    NoState,
    #[error("the handler of the request panicked")]
    Panicked,
    #[error("database unavailable")]
    DatabaseUnavailable(#[from] database::Unavailable),
    #[error("database query failed")]
    Sql(#[from] StoreError),
    #[error("invalid user id in the database")]
    StoredUserId(#[from] shared_models::InvalidUserId),
    #[error("background task panicked")]
    Blocking(#[from] JoinError),
    #[error("cannot build a URL of this service")]
    Url(#[from] url::ParseError),
    #[error(transparent)]
    Issuer(IssuerError),
    #[error(transparent)]
    Session(SessionError),
    #[error("cannot sign or verify the token of a mailed link")]
    EmailToken(#[source] EmailTokenError),
    #[error("cannot render the page")]
    Page(#[from] minijinja::Error),
}

/// A field that contains a redirect target, and the error for an untrusted target.
#[derive(Debug)]
pub(crate) struct Redirect {
    pub(crate) member: &'static str,
    pub(crate) code: &'static str,
    pub(crate) message: &'static str,
}

#[derive(Serialize)]
pub(crate) struct ErrorBody<'a> {
    message: Cow<'a, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) code: Option<&'static str>,
    #[serde(flatten)]
    oauth: Option<OauthError<'a>>,
}

/// The fields of an OAuth error response (RFC 6749 §5.2).
#[derive(Serialize)]
struct OauthError<'a> {
    error: &'static str,
    error_description: Cow<'a, str>,
}

impl From<BodyError> for Error {
    fn from(error: BodyError) -> Self {
        match error {
            BodyError::TooLarge => Self::BodyTooLarge,
            BodyError::Encoded => Self::EncodedBody,
            BodyError::TimedOut => Self::BodyTimedOut,
            BodyError::Incomplete => Self::InvalidJson,
        }
    }
}

impl Error {
    /// Returns the status and body of the response.
    pub(crate) fn answer(&self) -> (StatusCode, ErrorBody<'_>) {
        let (status, code, message) = self.parts();
        let oauth = self.oauth_error().map(|error| {
            let error_description = message.clone();
            OauthError { error, error_description }
        });
        (status, ErrorBody { message, code, oauth })
    }

    /// Returns this error with an OAuth error code. Without such a code, OAuth libraries would try to
    /// read a token from the response.
    pub(crate) fn of_oauth(self) -> Self {
        Self::Oauth(Box::new(self))
    }

    /// Returns the OAuth error code (RFC 6749 §4.1.2.1 and §5.2, RFC 8707 §2), or `None` if the
    /// error has no such code.
    fn oauth_error(&self) -> Option<&'static str> {
        match self {
            Self::InvalidClient | Self::ClientRefused(_) => Some("invalid_client"),
            Self::InvalidTokenRequest(_) => Some("invalid_request"),
            Self::UnsupportedGrantType => Some("unsupported_grant_type"),
            Self::InvalidScope => Some("invalid_scope"),
            Self::InvalidTarget => Some("invalid_target"),
            Self::Oauth(error) => error.oauth_error().or(Some(match error.status_code() {
                StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => {
                    "temporarily_unavailable"
                }
                status if status.is_server_error() => "server_error",
                _ => "invalid_request",
            })),
            _ => None,
        }
    }

    /// Returns the error code, if the error has one.
    pub(crate) fn code(&self) -> Option<&'static str> {
        self.parts().1
    }

    fn inner(&self) -> &Self {
        if let Self::Oauth(error) = self { error.inner() } else { self }
    }

    /// Returns whether the error is expected during startup, and therefore not logged as a failure.
    fn is_expected(&self) -> bool {
        matches!(self.inner(), Self::DatabaseUnavailable(error) if error.is_expected())
    }

    /// Returns whether the error is about an invalid link to verify, change or restore an address.
    /// If there is a redirect target, it receives the code of such an error.
    pub(crate) fn is_about_a_link(&self) -> bool {
        matches!(
            self,
            Self::InvalidEmailToken
                | Self::EmailTokenExpired
                | Self::EmailTokenUserGone
                | Self::EmailTokenOfAnotherUser
        )
    }
}

impl ResponseError for Error {
    fn status_code(&self) -> StatusCode {
        self.parts().0
    }

    fn error_response(&self) -> HttpResponse {
        let (status, body) = self.answer();
        if status.is_server_error() && !self.is_expected() {
            error!(error = %Chain(self), "request failed");
        } else {
            debug!(error = %Chain(self), "request rejected");
        }
        let mut response = HttpResponse::build(status);
        if status == StatusCode::SERVICE_UNAVAILABLE {
            response.insert_header((RETRY_AFTER, RETRY_AFTER_SECONDS));
        }
        if let Self::NoReceiver | Self::InvalidClient = self.inner() {
            response.insert_header((WWW_AUTHENTICATE, RECEIVER_CHALLENGE));
        }
        if let Self::ClientRefused(_) = self.inner() {
            response.insert_header((WWW_AUTHENTICATE, CLIENT_CHALLENGE));
        }
        if let Self::TooManyRequests { wait } = self.inner() {
            // Both headers contain whole seconds (RFC 9110 §10.2.3), rounded up.
            let seconds = wait.as_millis().div_ceil(1000).max(1).to_string();
            response.insert_header((X_RETRY_AFTER, seconds.as_str()));
            response.insert_header((RETRY_AFTER, seconds));
        }
        let mut response = response.insert_header(ContentType::json()).json(body);
        if matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) {
            request::set_cause(&mut response, Chain(self).to_string());
        }
        response
    }
}
