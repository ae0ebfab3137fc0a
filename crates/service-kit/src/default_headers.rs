//! Default response headers. Endpoints can override them, except `X-Content-Type-Options`.

use actix_web::{
    dev::ResponseHead,
    http::header::{
        CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderValue, X_CONTENT_TYPE_OPTIONS,
    },
};

const NOSNIFF: HeaderValue = HeaderValue::from_static("nosniff");
/// Shared caches may store a response unless told otherwise; `no-store` is the safe default.
const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");
/// Default content security policy of HTML pages, which allows text, links, and forms that are
/// submitted to the same origin.
const PAGE_POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
);

/// Sets `X-Content-Type-Options`, and adds the other default headers if they are missing; the content
/// security policy only to HTML pages.
pub(crate) fn add(response: &mut ResponseHead) {
    let headers = response.headers_mut();
    headers.insert(X_CONTENT_TYPE_OPTIONS, NOSNIFF);
    if !headers.contains_key(CACHE_CONTROL) {
        headers.insert(CACHE_CONTROL, NO_STORE);
    }
    let content_type = headers.get(CONTENT_TYPE).map(HeaderValue::as_bytes).unwrap_or_default();
    let is_page = content_type.get(..9).is_some_and(|kind| kind.eq_ignore_ascii_case(b"text/html"));
    if is_page && !headers.contains_key(CONTENT_SECURITY_POLICY) {
        headers.insert(CONTENT_SECURITY_POLICY, PAGE_POLICY);
    }
}
