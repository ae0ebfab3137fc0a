//! The rate limit of a request's user, and the headers that report it.

use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use shared_models::UserId;

use crate::{
    domain::rate_limit::{RateLimitStatus, TooMany, whole_seconds},
    http::state::AppState,
};

const LIMIT: HeaderName = HeaderName::from_static("ratelimit-limit");
const REMAINING: HeaderName = HeaderName::from_static("ratelimit-remaining");
const RESET: HeaderName = HeaderName::from_static("ratelimit-reset");

/// Counts a request against the user's rate limit. Returns `None` if no limit is configured, and an
/// error if the limit is exceeded.
pub(crate) fn count(state: &AppState, user: &UserId) -> Result<Option<RateLimitStatus>, TooMany> {
    state.rate_limiter.count(user, state.clock.elapsed())
}

/// Adds the rate limit headers to a response.
pub(crate) fn add_headers(headers: &mut HeaderMap, status: RateLimitStatus) {
    let RateLimitStatus { limit, remaining, reset } = status;
    headers.insert(LIMIT, HeaderValue::from(limit));
    headers.insert(REMAINING, HeaderValue::from(remaining));
    headers.insert(RESET, HeaderValue::from(whole_seconds(reset)));
}
