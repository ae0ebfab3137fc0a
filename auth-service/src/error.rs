//! What failed, and what the client hears of it.
//!
//! The contract's errors are flat: `{"message": …, "code": …}`. Texts and codes are Better Auth's.

use std::borrow::Cow;

use actix_web::{
    HttpResponse, ResponseError,
    http::{
        StatusCode,
        header::{ContentType, HeaderValue, RETRY_AFTER, SET_COOKIE},
    },
};
use serde::Serialize;
use service_kit::{
    body::BodyError,
    db::{self, is_outage},
    telemetry::Chain,
};
use tracing::{debug, error};

pub(crate) type Result<T, E = Error> = std::result::Result<T, E>;

/// How long a client should wait when something of ours is away.
const RETRY_AFTER_SECONDS: &str = "1";

#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("the media type {sent:?} is not accepted")]
    UnsupportedMediaType { sent: String, allowed: &'static str },
    #[error("compressed bodies are not accepted")]
    EncodedBody,
    #[error("the body is not JSON")]
    InvalidJson,
    #[error("the body is too large")]
    BodyTooLarge,
    #[error("the body did not arrive in time")]
    BodyTimedOut,
    #[error("the input does not fit the schema: {0}")]
    Validation(String),
    #[error("no usable origin")]
    MissingOrNullOrigin,
    #[error("the origin is not trusted")]
    InvalidOrigin,
    #[error("a cross-site navigation tried to sign in")]
    CrossSiteNavigationLogin,
    #[error("{} leads to a place that is not trusted", .0.member)]
    InvalidRedirect(&'static Redirect),
    #[error("{} is not a string", .0.member)]
    RedirectNotAString(&'static Redirect),
    #[error("no session")]
    Unauthorized { clear_cookies: Vec<HeaderValue> },
    #[error("the address is malformed")]
    InvalidEmail,
    #[error("the address or the password is wrong")]
    InvalidEmailOrPassword,
    #[error("the password is too short")]
    PasswordTooShort,
    #[error("the password is too long")]
    PasswordTooLong,
    #[error("the address is taken")]
    UserAlreadyExists,
    #[error("the address was taken a moment ago")]
    LostRaceForEmail,
    #[error("get-session is a GET")]
    GetSessionByPost,
    #[error("too many passwords wait to be hashed")]
    TooManyPasswords,
    #[error("the application has no state")]
    NoState,
    #[error("the database is out of reach")]
    DatabaseUnavailable(#[from] db::Unavailable),
    #[error("a query failed")]
    Sql(#[from] diesel::result::Error),
    #[error("a stored user id cannot be read")]
    StoredUserId(#[from] shared_models::InvalidUserId),
    #[error("a blocking task did not end")]
    Blocking(#[from] actix_web::error::BlockingError),
    #[error(transparent)]
    Issuer(#[from] crate::issuer::IssuerError),
}

/// A member that may send the browser somewhere, and what is said of a bad one.
#[derive(Debug)]
pub(crate) struct Redirect {
    pub(crate) member: &'static str,
    pub(crate) code: &'static str,
    pub(crate) message: &'static str,
}

#[derive(Serialize)]
struct ErrorBody<'a> {
    message: Cow<'a, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<&'static str>,
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
    /// Status, code and message. Texts of 5xx are fixed.
    fn parts(&self) -> (StatusCode, Option<&'static str>, Cow<'_, str>) {
        use StatusCode as S;
        let (status, code, message) = match self {
            Self::UnsupportedMediaType { sent, allowed } => {
                let message =
                    format!("Content-Type \"{sent}\" is not allowed. Allowed types: {allowed}");
                let code = Some("UNSUPPORTED_MEDIA_TYPE");
                return (S::UNSUPPORTED_MEDIA_TYPE, code, message.into());
            }
            Self::Validation(problems) => {
                return (S::BAD_REQUEST, Some("VALIDATION_ERROR"), problems.as_str().into());
            }
            Self::InvalidRedirect(redirect) => {
                return (S::FORBIDDEN, Some(redirect.code), redirect.message.into());
            }
            Self::RedirectNotAString(redirect) => {
                let message = format!("{}: expected a string", redirect.message);
                return (S::BAD_REQUEST, None, message.into());
            }
            Self::EncodedBody => (
                S::UNSUPPORTED_MEDIA_TYPE,
                "UNSUPPORTED_MEDIA_TYPE",
                "Content-Encoding is not allowed",
            ),
            Self::InvalidJson => (S::BAD_REQUEST, "BAD_REQUEST", "Invalid JSON in request body"),
            Self::BodyTooLarge => {
                (S::PAYLOAD_TOO_LARGE, "PAYLOAD_TOO_LARGE", "Request body is too large")
            }
            Self::BodyTimedOut => {
                (S::REQUEST_TIMEOUT, "REQUEST_TIMEOUT", "Request body did not arrive in time")
            }
            Self::MissingOrNullOrigin => {
                (S::FORBIDDEN, "MISSING_OR_NULL_ORIGIN", "Missing or null Origin")
            }
            Self::InvalidOrigin => (S::FORBIDDEN, "INVALID_ORIGIN", "Invalid origin"),
            Self::CrossSiteNavigationLogin => (
                S::FORBIDDEN,
                "CROSS_SITE_NAVIGATION_LOGIN_BLOCKED",
                "Cross-site navigation login blocked. This request appears to be a CSRF attack.",
            ),
            Self::Unauthorized { .. } => (S::UNAUTHORIZED, "UNAUTHORIZED", "Unauthorized"),
            Self::InvalidEmail => (S::BAD_REQUEST, "INVALID_EMAIL", "Invalid email"),
            Self::InvalidEmailOrPassword => {
                (S::UNAUTHORIZED, "INVALID_EMAIL_OR_PASSWORD", "Invalid email or password")
            }
            Self::PasswordTooShort => (S::BAD_REQUEST, "PASSWORD_TOO_SHORT", "Password too short"),
            Self::PasswordTooLong => (S::BAD_REQUEST, "PASSWORD_TOO_LONG", "Password too long"),
            Self::UserAlreadyExists => (
                S::UNPROCESSABLE_ENTITY,
                "USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL",
                "User already exists. Use another email.",
            ),
            Self::LostRaceForEmail => {
                (S::UNPROCESSABLE_ENTITY, "FAILED_TO_CREATE_USER", "Failed to create user")
            }
            Self::GetSessionByPost => (
                S::METHOD_NOT_ALLOWED,
                "METHOD_NOT_ALLOWED_DEFER_SESSION_REQUIRED",
                "POST method requires deferSessionRefresh to be enabled in session config",
            ),
            Self::TooManyPasswords | Self::DatabaseUnavailable(_) => {
                (S::SERVICE_UNAVAILABLE, "SERVICE_UNAVAILABLE", "Service temporarily unavailable")
            }
            Self::Sql(error) if is_outage(error) => {
                (S::SERVICE_UNAVAILABLE, "SERVICE_UNAVAILABLE", "Service temporarily unavailable")
            }
            Self::NoState
            | Self::Sql(_)
            | Self::StoredUserId(_)
            | Self::Blocking(_)
            | Self::Issuer(_) => {
                (S::INTERNAL_SERVER_ERROR, "INTERNAL_SERVER_ERROR", "Internal server error")
            }
        };
        (status, Some(code), message.into())
    }
}

impl ResponseError for Error {
    fn status_code(&self) -> StatusCode {
        self.parts().0
    }

    fn error_response(&self) -> HttpResponse {
        let (status, code, message) = self.parts();
        if status.is_server_error() {
            error!("{}", Chain(self));
        } else {
            debug!("{}", Chain(self));
        }
        let mut response = HttpResponse::build(status);
        if status == StatusCode::SERVICE_UNAVAILABLE {
            response.insert_header((RETRY_AFTER, RETRY_AFTER_SECONDS));
        }
        if let Self::Unauthorized { clear_cookies } = self {
            for cookie in clear_cookies {
                response.append_header((SET_COOKIE, cookie.clone()));
            }
        }
        response.insert_header(ContentType::json()).json(ErrorBody { message, code })
    }
}
