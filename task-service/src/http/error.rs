//! Errors of requests, and their responses: problem details (RFC 9457).
//!
//! `detail` is always a string, because clients of the FastAPI back end read it; programs should
//! use `code`.

mod causes;
mod table;

use std::{borrow::Cow, time::Duration};

use actix_web::{
    HttpResponse, ResponseError,
    http::{
        StatusCode,
        header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE},
    },
};
use serde::Serialize;
use service_kit::{request, server::Exhausted};
use telemetry::Chain;
use tracing::{debug, error};
use utoipa::ToSchema;

use crate::{
    domain::{
        principal::Scope,
        quota::Limited,
        rate_limit::{TooMany, whole_seconds},
    },
    store::StoreError,
};

pub(crate) type Result<T, E = Error> = std::result::Result<T, E>;

/// Media type of problem details (RFC 9457 §6.1).
pub(crate) const PROBLEM_JSON: &str = "application/problem+json";
/// Time that a client should wait before a retry, unless the error specifies another time.
const RETRY_AFTER_DATABASE: Duration = Duration::from_secs(1);

#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error(transparent)]
    Bearer(#[from] jwks_auth::Error),
    #[error("the token lacks the scope {}", .0.as_str())]
    InsufficientScope(Scope),
    #[error("task belongs to another user")]
    Forbidden(Verb),
    #[error("task not found")]
    TaskNotFound,
    #[error("path not found")]
    PathNotFound,
    #[error("method not allowed")]
    MethodNotAllowed,
    #[error("unsupported media type")]
    UnsupportedMediaType,
    #[error("request body is not valid JSON")]
    InvalidJson,
    #[error("the body is too large")]
    BodyTooLarge,
    #[error("timeout while reading the request body")]
    BodyTimedOut,
    #[error("validation failed")]
    Invalid(Vec<InputError>),
    #[error("If-Match does not match the version of the task")]
    PreconditionFailed,
    #[error("If-Match is required by the Prefer header")]
    PreconditionRequired,
    #[error("Idempotency-Key was used with another body")]
    KeyReused,
    #[error("quota of {limited:?} exceeded")]
    QuotaExceeded { limited: Limited, max: i64 },
    #[error("rate limit exceeded")]
    RateLimited(TooMany),
    #[error("too many searches in flight")]
    TooManySearches,
    #[error("too many unread responses")]
    ResponsesInFlight(#[from] Exhausted),
    #[error("cannot serialize a task")]
    Json(#[source] serde_json::Error),
    #[error("the handler of the request panicked")]
    Panicked,
    #[error("database unavailable")]
    DatabaseUnavailable(#[from] database::Unavailable),
    #[error("database query failed")]
    Sql(#[from] StoreError),
}

/// An action that was refused because the task belongs to another user.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Verb {
    Access,
    Update,
    Delete,
}

/// A validation error in FastAPI's format.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct InputError {
    /// Location of the invalid value, such as `["body", "title"]`.
    #[schema(value_type = Vec<String>)]
    pub(crate) loc: Vec<Cow<'static, str>>,
    #[schema(value_type = String)]
    pub(crate) msg: Cow<'static, str>,
    #[serde(rename = "type")]
    pub(crate) kind: &'static str,
}

/// Problem details (RFC 9457 §3) with the extension members `code` and `errors`.
#[derive(Serialize, ToSchema)]
pub(crate) struct Problem<'a> {
    /// Always `about:blank`; `code` identifies the kind of problem.
    r#type: &'static str,
    /// Reason phrase of the status.
    pub(crate) title: &'static str,
    pub(crate) status: u16,
    /// Description for people.
    #[schema(value_type = String)]
    detail: Cow<'a, str>,
    /// Stable identifier for programs.
    pub(crate) code: &'static str,
    /// Validation errors; only with status 422.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    #[schema(required = false)]
    errors: &'a [InputError],
}

impl Error {
    /// Returns an example of the error for an unavailable database.
    pub(crate) fn outage() -> Self {
        Self::Sql(StoreError::BrokenTransactionManager)
    }

    /// Returns the problem document that the client receives.
    pub(crate) fn problem(&self) -> Problem<'_> {
        let (status, code, detail) = self.parts();
        let errors = if let Self::Invalid(errors) = self { errors.as_slice() } else { &[] };
        Problem {
            r#type: "about:blank",
            title: status.canonical_reason().unwrap_or_default(),
            status: status.as_u16(),
            detail,
            code,
            errors,
        }
    }

    /// Returns whether the error is expected during startup, and therefore not logged as a failure.
    fn is_expected(&self) -> bool {
        matches!(self, Self::DatabaseUnavailable(error) if error.is_expected())
    }

    /// Returns the authentication challenge (RFC 6750 §3).
    fn challenge(&self) -> Option<Cow<'static, str>> {
        match self {
            Self::Bearer(error) => error.challenge(),
            Self::InsufficientScope(scope) => {
                let scope = scope.as_str();
                Some(format!(r#"Bearer error="insufficient_scope", scope="{scope}""#).into())
            }
            _ => None,
        }
    }

    fn retry_after(&self) -> Duration {
        match self {
            Self::Bearer(jwks_auth::Error::Unavailable { retry_after }) => *retry_after,
            Self::RateLimited(too_many) => too_many.retry_after,
            _ => RETRY_AFTER_DATABASE,
        }
    }
}

/// Returns the reason why a token was not accepted, for the log. The client receives less detail.
fn cause(error: jwks_auth::Error) -> String {
    match error {
        jwks_auth::Error::Refused(refusal) => format!("invalid token: {refusal}"),
        jwks_auth::Error::Missing => "no bearer token was sent".to_owned(),
        error => error.to_string(),
    }
}

impl ResponseError for Error {
    fn status_code(&self) -> StatusCode {
        self.parts().0
    }

    fn error_response(&self) -> HttpResponse {
        let status = self.status_code();
        if status.is_server_error() && !self.is_expected() {
            error!(error = %Chain(self), "request failed");
        } else {
            debug!(error = %Chain(self), "request rejected");
        }
        let mut response = HttpResponse::build(status);
        if let Some(challenge) = self.challenge() {
            response.insert_header((WWW_AUTHENTICATE, challenge.into_owned()));
        }
        if matches!(status, StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS) {
            response.insert_header((RETRY_AFTER, whole_seconds(self.retry_after()).max(1)));
        }
        let mut response =
            response.insert_header((CONTENT_TYPE, PROBLEM_JSON)).json(self.problem());
        match self {
            Self::Bearer(error) => request::set_cause(&mut response, cause(*error)),
            Self::InsufficientScope(_) => request::set_cause(&mut response, self.to_string()),
            _ => {}
        }
        response
    }
}
