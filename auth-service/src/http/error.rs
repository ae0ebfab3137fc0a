//! Errors of requests, and their responses.
//!
//! The body of an error is a flat object with a message and usually a code, as in Better Auth.

mod causes;
pub(crate) mod examples;
mod failures;
mod rejection;

use std::{borrow::Cow, collections::BTreeSet, time::Duration};

use actix_web::{
    HttpResponse, ResponseError,
    http::{
        StatusCode,
        header::{ContentType, RETRY_AFTER, WWW_AUTHENTICATE},
    },
};
use serde::Serialize;
use service_kit::request;
use telemetry::Chain;
use tracing::{debug, error};

use self::rejection::Row;
pub(crate) use self::{
    failures::{Internal, Unavailable},
    rejection::Rejection,
};
use crate::domain::clients::Refusal;

pub(crate) type Result<T, E = Error> = std::result::Result<T, E>;

pub(crate) const X_RETRY_AFTER: &str = "x-retry-after";
/// Value of `Retry-After` in 503 responses.
const RETRY_AFTER_SECONDS: &str = "1";
/// OAuth error codes (RFC 6749 §4.1.2.1) of errors that are not specific to OAuth.
const TEMPORARILY_UNAVAILABLE: &str = "temporarily_unavailable";
const SERVER_ERROR: &str = "server_error";

const TOO_MANY_REQUESTS: Row =
    Row::new(StatusCode::TOO_MANY_REQUESTS, None, "Too many requests. Please try again later.");
const UNAVAILABLE: Row = Row::new(
    StatusCode::SERVICE_UNAVAILABLE,
    Some("SERVICE_UNAVAILABLE"),
    "Service temporarily unavailable",
);
const INTERNAL: Row = Row::new(
    StatusCode::INTERNAL_SERVER_ERROR,
    Some("INTERNAL_SERVER_ERROR"),
    "Internal server error",
);

#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error(transparent)]
    Rejected(#[from] Rejection),
    /// A rejection with its own message.
    #[error("{0}: {1}")]
    Explained(Rejection, Cow<'static, str>),
    #[error("client authentication failed: {0}")]
    ClientRefused(Refusal),
    #[error("rate limit exceeded, retry in {wait:?}")]
    TooManyRequests { wait: Duration },
    #[error(transparent)]
    Unavailable(Unavailable),
    #[error(transparent)]
    Internal(Internal),
    /// An error in the format of OAuth errors.
    #[error(transparent)]
    Oauth(Box<Self>),
}

#[derive(Serialize)]
pub(crate) struct ErrorBody<'a> {
    message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) code: Option<&'static str>,
    #[serde(flatten)]
    oauth: Option<OauthError<'a>>,
}

/// Returns the codes of all errors.
pub(crate) fn codes() -> BTreeSet<&'static str> {
    let rows = Rejection::ALL.iter().map(|rejection| rejection.row());
    rows.chain([UNAVAILABLE, INTERNAL]).filter_map(|row| row.code).collect()
}

/// Returns the OAuth codes of all errors.
pub(crate) fn oauth_codes() -> BTreeSet<&'static str> {
    let rejections = Rejection::ALL.iter().filter_map(|rejection| rejection.row().oauth);
    rejections.chain([TEMPORARILY_UNAVAILABLE, SERVER_ERROR]).collect()
}

/// The fields of an OAuth error response (RFC 6749 §5.2).
#[derive(Serialize)]
struct OauthError<'a> {
    error: &'static str,
    error_description: &'a str,
}

impl Error {
    /// Returns the status and body of the response.
    pub(crate) fn answer(&self) -> (StatusCode, ErrorBody<'_>) {
        let Row { status, code, message, .. } = self.row();
        let message = if let Self::Explained(_, own) = self.inner() { own } else { message };
        let oauth =
            self.oauth_error().map(|error| OauthError { error, error_description: message });
        (status, ErrorBody { message, code, oauth })
    }

    /// Returns this error with an OAuth error code. Without such a code, OAuth libraries would try to
    /// read a token from the response.
    pub(crate) fn of_oauth(self) -> Self {
        Self::Oauth(Box::new(self))
    }

    fn row(&self) -> Row {
        match self {
            Self::Rejected(rejection) | Self::Explained(rejection, _) => rejection.row(),
            Self::ClientRefused(_) => Rejection::ClientRefused.row(),
            Self::TooManyRequests { .. } => TOO_MANY_REQUESTS,
            Self::Unavailable(_) => UNAVAILABLE,
            Self::Internal(_) => INTERNAL,
            Self::Oauth(error) => error.row(),
        }
    }

    /// Returns the OAuth error code (RFC 6749 §4.1.2.1 and §5.2, RFC 8707 §2), or `None` if the
    /// error has no such code.
    fn oauth_error(&self) -> Option<&'static str> {
        let Row { status, oauth, .. } = self.row();
        let general = || match status {
            StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => {
                TEMPORARILY_UNAVAILABLE
            }
            status if status.is_server_error() => SERVER_ERROR,
            _ => "invalid_request",
        };
        oauth.or_else(|| matches!(self, Self::Oauth(_)).then(general))
    }

    fn inner(&self) -> &Self {
        if let Self::Oauth(error) = self { error.inner() } else { self }
    }

    /// Returns whether the error is expected during startup, and therefore not logged as a failure.
    fn is_expected(&self) -> bool {
        matches!(
            self.inner(),
            Self::Unavailable(Unavailable::Database(error)) if error.is_expected()
        )
    }
}

impl Rejection {
    /// Returns the error with a message that depends on the request.
    pub(crate) fn with_message(self, message: impl Into<Cow<'static, str>>) -> Error {
        Error::Explained(self, message.into())
    }
}

impl ResponseError for Error {
    fn status_code(&self) -> StatusCode {
        self.row().status
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
        if let Some(challenge) = self.row().challenge {
            response.insert_header((WWW_AUTHENTICATE, challenge));
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
