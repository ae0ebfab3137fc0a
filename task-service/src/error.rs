//! What failed, and what the client hears of it: RFC 9457 problem details.
//!
//! `detail` is always a text, because clients of the FastAPI back end read it; `code` is what a
//! program should go by.

use std::{borrow::Cow, time::Duration};

use actix_web::{
    HttpResponse, ResponseError,
    http::{
        StatusCode,
        header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE},
    },
};
use serde::Serialize;
use service_kit::{
    body::BodyError,
    db::{self, is_outage},
    telemetry::Chain,
};
use tracing::{debug, error};
use utoipa::ToSchema;

use crate::rate_limit::{TooMany, whole_seconds};

pub(crate) type Result<T, E = Error> = std::result::Result<T, E>;

/// RFC 9457 §6.1
pub(crate) const PROBLEM_JSON: &str = "application/problem+json";
/// How long a client should wait when the database is away.
const RETRY_AFTER_DATABASE: Duration = Duration::from_secs(1);

#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error(transparent)]
    Bearer(#[from] jwks_auth::Error),
    #[error("the task is another user's")]
    Forbidden(Verb),
    #[error("there is no such task")]
    TaskNotFound,
    #[error("there is no such path")]
    PathNotFound,
    #[error("the path has no such method")]
    MethodNotAllowed,
    #[error("the media type is not JSON")]
    UnsupportedMediaType,
    #[error("the body is not JSON")]
    InvalidJson,
    #[error("the body is too large")]
    BodyTooLarge,
    #[error("the body did not arrive in time")]
    BodyTimedOut,
    #[error("the input is not valid")]
    Invalid(Vec<InputError>),
    #[error("the task is not in the state that was expected")]
    PreconditionFailed,
    #[error("the client wants to be refused without If-Match")]
    PreconditionRequired,
    #[error("the Idempotency-Key came with another body before")]
    KeyReused,
    #[error("the owner has as many tasks as are allowed")]
    QuotaExceeded { max: i64 },
    #[error("the caller asks too often")]
    RateLimited(TooMany),
    #[error("a task could not be written as JSON")]
    Json(#[source] serde_json::Error),
    #[error("the database is out of reach")]
    DatabaseUnavailable(#[from] db::Unavailable),
    #[error("a query failed")]
    Sql(#[from] diesel::result::Error),
}

/// What somebody tried to do to another's task.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Verb {
    Access,
    Update,
    Delete,
}

/// One mistake in the input, as FastAPI describes it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct InputError {
    /// Where: `["body", "title"]`.
    #[schema(value_type = Vec<String>)]
    pub(crate) loc: Vec<Cow<'static, str>>,
    #[schema(value_type = String)]
    pub(crate) msg: Cow<'static, str>,
    #[serde(rename = "type")]
    pub(crate) kind: &'static str,
}

/// Why a request was refused (RFC 9457 §3), with the extension members `code` and `errors`.
#[derive(Serialize, ToSchema)]
pub(crate) struct Problem<'a> {
    /// Always `about:blank`: `code` says what kind of problem it is.
    r#type: &'static str,
    /// The reason phrase of the status.
    pub(crate) title: &'static str,
    pub(crate) status: u16,
    /// For people.
    #[schema(value_type = String)]
    detail: Cow<'a, str>,
    /// For programs.
    pub(crate) code: &'static str,
    /// What exactly is not valid; only with status 422.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    #[schema(required = false)]
    errors: &'a [InputError],
}

impl From<BodyError> for Error {
    fn from(error: BodyError) -> Self {
        match error {
            BodyError::TooLarge => Self::BodyTooLarge,
            BodyError::Encoded => Self::UnsupportedMediaType,
            BodyError::TimedOut => Self::BodyTimedOut,
            BodyError::Incomplete => Self::InvalidJson,
        }
    }
}

impl Error {
    /// Status, code and detail. Texts of 5xx are fixed, and so is the code of every 401.
    fn parts(&self) -> (StatusCode, &'static str, Cow<'static, str>) {
        use StatusCode as S;
        let (status, code, detail) = match self {
            Self::Bearer(error) => match error {
                jwks_auth::Error::Unavailable { .. } => {
                    (S::SERVICE_UNAVAILABLE, "issuer_unavailable", error.to_string().into())
                }
                jwks_auth::Error::NotConfigured => internal(),
                _ => (S::UNAUTHORIZED, "invalid_token", error.to_string().into()),
            },
            Self::Forbidden(verb) => {
                let verb = match verb {
                    Verb::Access => "access",
                    Verb::Update => "update",
                    Verb::Delete => "delete",
                };
                let detail = format!("Not authorized to {verb} this task");
                (S::FORBIDDEN, "forbidden", detail.into())
            }
            Self::TaskNotFound => (S::NOT_FOUND, "task_not_found", "Task not found".into()),
            Self::PathNotFound => (S::NOT_FOUND, "not_found", "Not Found".into()),
            Self::MethodNotAllowed => {
                (S::METHOD_NOT_ALLOWED, "method_not_allowed", "Method Not Allowed".into())
            }
            Self::UnsupportedMediaType => (
                S::UNSUPPORTED_MEDIA_TYPE,
                "unsupported_media_type",
                "The body must be application/json, not compressed".into(),
            ),
            Self::InvalidJson => {
                (S::BAD_REQUEST, "invalid_json", "The body is not valid JSON".into())
            }
            Self::BodyTooLarge => {
                (S::PAYLOAD_TOO_LARGE, "body_too_large", "The body is too large".into())
            }
            Self::BodyTimedOut => {
                (S::REQUEST_TIMEOUT, "body_timeout", "The body did not arrive in time".into())
            }
            Self::Invalid(errors) => {
                (S::UNPROCESSABLE_ENTITY, "validation_error", summary(errors).into())
            }
            Self::PreconditionFailed => (
                S::PRECONDITION_FAILED,
                "precondition_failed",
                "The task has changed since it was read".into(),
            ),
            Self::PreconditionRequired => (
                S::PRECONDITION_REQUIRED,
                "precondition_required",
                "Say with If-Match which state of the task is meant".into(),
            ),
            Self::KeyReused => (
                S::UNPROCESSABLE_ENTITY,
                "idempotency_key_reused",
                "The Idempotency-Key was used for another task before".into(),
            ),
            Self::QuotaExceeded { max } => {
                let detail = format!("You have {max} tasks, which is the most; delete some first");
                (S::CONFLICT, "quota_exceeded", detail.into())
            }
            Self::RateLimited(_) => {
                (S::TOO_MANY_REQUESTS, "rate_limited", "Too many requests".into())
            }
            Self::DatabaseUnavailable(_) => database_unavailable(),
            Self::Sql(error) if is_outage(error) => database_unavailable(),
            Self::Sql(_) | Self::Json(_) => internal(),
        };
        (status, code, detail)
    }

    /// What a database that is away looks like.
    pub(crate) fn outage() -> Self {
        Self::Sql(diesel::result::Error::BrokenTransactionManager)
    }

    /// The document that is sent.
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

    fn retry_after(&self) -> Duration {
        match self {
            Self::Bearer(jwks_auth::Error::Unavailable { retry_after }) => *retry_after,
            Self::RateLimited(too_many) => too_many.retry_after,
            _ => RETRY_AFTER_DATABASE,
        }
    }
}

type Parts = (StatusCode, &'static str, Cow<'static, str>);

fn internal() -> Parts {
    (StatusCode::INTERNAL_SERVER_ERROR, "internal_error", "Internal Server Error".into())
}

fn database_unavailable() -> Parts {
    let detail = "The database is temporarily unavailable";
    (StatusCode::SERVICE_UNAVAILABLE, "database_unavailable", detail.into())
}

/// `title: Field required; completed: Input should be a valid boolean`
fn summary(errors: &[InputError]) -> String {
    let lines: Vec<String> = errors
        .iter()
        .map(|error| format!("{}: {}", error.loc.last().map_or("body", |name| name), error.msg))
        .collect();
    lines.join("; ")
}

impl ResponseError for Error {
    fn status_code(&self) -> StatusCode {
        self.parts().0
    }

    fn error_response(&self) -> HttpResponse {
        let status = self.status_code();
        if status.is_server_error() {
            error!("{}", Chain(self));
        } else {
            debug!("{}", Chain(self));
        }
        let mut response = HttpResponse::build(status);
        if let Self::Bearer(error) = self
            && let Some(challenge) = error.challenge()
        {
            response.insert_header((WWW_AUTHENTICATE, challenge));
        }
        if matches!(status, StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS) {
            response.insert_header((RETRY_AFTER, whole_seconds(self.retry_after()).max(1)));
        }
        response.insert_header((CONTENT_TYPE, PROBLEM_JSON)).json(self.problem())
    }
}
