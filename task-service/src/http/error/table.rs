//! The status, the code and the detail of each error.

use std::borrow::Cow;

use actix_web::http::StatusCode;
use database::is_outage;
use service_kit::server::Exhausted;

use super::{Error, InputError, Verb};
use crate::domain::quota::Limited;

/// Status, code and detail.
type Parts = (StatusCode, &'static str, Cow<'static, str>);

impl Error {
    /// Returns the status, code and detail. All 401 errors have the same code, and the detail of a
    /// 5xx error never contains its cause.
    pub(super) fn parts(&self) -> Parts {
        use StatusCode as S;
        let (status, code, detail) = match self {
            Self::Bearer(error) => match error {
                jwks_auth::Error::Unavailable { .. } => {
                    (S::SERVICE_UNAVAILABLE, "issuer_unavailable", error.to_string().into())
                }
                jwks_auth::Error::NotConfigured => internal(),
                _ => (S::UNAUTHORIZED, "invalid_token", error.to_string().into()),
            },
            Self::InsufficientScope(scope) => {
                let detail = format!("The token lacks the scope {}", scope.as_str());
                (S::FORBIDDEN, "insufficient_scope", detail.into())
            }
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
                "Send the version of the task in If-Match".into(),
            ),
            Self::KeyReused => (
                S::UNPROCESSABLE_ENTITY,
                "idempotency_key_reused",
                "The Idempotency-Key was already used for another request".into(),
            ),
            Self::QuotaExceeded { limited, max } => {
                let detail = match limited {
                    Limited::Tasks => {
                        format!("You have reached the maximum of {max} tasks; delete some first")
                    }
                    Limited::IdempotencyKeys => format!(
                        "You have used the maximum of {max} idempotency keys in 24 hours; try again later"
                    ),
                };
                (S::CONFLICT, "quota_exceeded", detail.into())
            }
            Self::RateLimited(_) => {
                (S::TOO_MANY_REQUESTS, "rate_limited", "Too many requests".into())
            }
            Self::TooManySearches => (
                S::TOO_MANY_REQUESTS,
                "too_many_searches",
                "Too many searches at once; wait until the others have finished".into(),
            ),
            Self::ResponsesInFlight(Exhausted::ByUser) => (
                S::TOO_MANY_REQUESTS,
                "too_many_responses",
                "Too many large responses at once; read those that were requested first".into(),
            ),
            Self::ResponsesInFlight(Exhausted::ByAll) => (
                S::SERVICE_UNAVAILABLE,
                "overloaded",
                "Too many large responses are being sent; try again".into(),
            ),
            Self::DatabaseUnavailable(_) => database_unavailable(),
            Self::Sql(error) if is_outage(error) => database_unavailable(),
            Self::Sql(_) | Self::Json(_) | Self::Panicked => internal(),
        };
        (status, code, detail)
    }
}

fn internal() -> Parts {
    (StatusCode::INTERNAL_SERVER_ERROR, "internal_error", "Internal Server Error".into())
}

fn database_unavailable() -> Parts {
    let detail = "The database is temporarily unavailable";
    (StatusCode::SERVICE_UNAVAILABLE, "database_unavailable", detail.into())
}

/// Returns a summary such as `title: Field required; completed: Input should be a valid boolean`.
fn summary(errors: &[InputError]) -> String {
    let lines: Vec<String> = errors
        .iter()
        .map(|error| format!("{}: {}", error.loc.last().map_or("body", |name| name), error.msg))
        .collect();
    lines.join("; ")
}
