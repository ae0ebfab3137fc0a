//! The rate limit of a request's user, and the headers that report it.

use actix_web::{
    HttpMessage as _, HttpRequest,
    dev::ServiceResponse,
    http::header::{HeaderName, HeaderValue},
    web::Data,
};
use shared_models::UserId;

use crate::{
    domain::rate_limit::{RateLimitStatus, TooMany, whole_seconds},
    http::state::AppState,
};

const LIMIT: HeaderName = HeaderName::from_static("ratelimit-limit");
const REMAINING: HeaderName = HeaderName::from_static("ratelimit-remaining");
const RESET: HeaderName = HeaderName::from_static("ratelimit-reset");

/// Counts a request against the user's rate limit and stores the status for [`add_headers`]. Fails
/// if the limit is exceeded.
pub(crate) fn count(req: &HttpRequest, user: &UserId) -> Result<(), TooMany> {
    let Some(state) = req.app_data::<Data<AppState>>() else { return Ok(()) };
    let counted = state.rate_limiter.count(user, state.clock.elapsed());
    let status = match counted {
        Ok(status) => status,
        Err(too_many) => Some(too_many.status),
    };
    if let Some(status) = status {
        req.extensions_mut().insert(status);
    }
    counted.map(drop)
}

/// Adds the rate limit headers to a response whose request was counted.
pub(crate) fn add_headers<B>(response: &mut ServiceResponse<B>) {
    let status = response.request().extensions().get::<RateLimitStatus>().copied();
    if let Some(RateLimitStatus { limit, remaining, reset }) = status {
        let headers = response.headers_mut();
        headers.insert(LIMIT, HeaderValue::from(limit));
        headers.insert(REMAINING, HeaderValue::from(remaining));
        headers.insert(RESET, HeaderValue::from(whole_seconds(reset)));
    }
}
