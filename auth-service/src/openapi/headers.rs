//! Descriptions of response headers, shared by all responses.

use actix_web::http::StatusCode;
use utoipa::openapi::{Components, Header, Object, Ref, RefOr, Response, Type};

use crate::{
    http::{error::X_RETRY_AFTER, session_cookies::SET_AUTH_TOKEN},
    routes::SET_AUTH_JWT,
};

pub(super) const REQUEST_ID: &str = "X-Request-Id";
pub(super) const SET_COOKIE: &str = "Set-Cookie";

const HEADERS: [(&str, Type, &str); 10] = [
    (REQUEST_ID, Type::String, "Identifies the request in logs and traces"),
    (
        SET_COOKIE,
        Type::String,
        "Session cookies: set for a created or extended session, cleared for an ended one",
    ),
    (
        SET_AUTH_TOKEN,
        Type::String,
        "The signed session token, for clients without cookies. Sent with each session cookie that is set.",
    ),
    (SET_AUTH_JWT, Type::String, "A JWT, as returned by `/api/auth/token`"),
    ("Location", Type::String, "Redirect target"),
    ("Cache-Control", Type::String, "Caching directives (RFC 9111)"),
    ("Pragma", Type::String, "`no-cache`"),
    ("ETag", Type::String, "Entity tag, to be sent as `If-None-Match`"),
    ("Retry-After", Type::Integer, "Seconds to wait before retrying"),
    (X_RETRY_AFTER, Type::Integer, "Better Auth's name for `Retry-After`"),
];

pub(super) fn describe(components: &mut Components) {
    for (name, kind, meaning) in HEADERS {
        let mut header = Header::new(Object::with_type(kind));
        header.description = Some(meaning.to_owned());
        components.headers.insert(name.to_owned(), header.into());
    }
}

/// Returns the names of the headers, other than the request id, that every error response with
/// this status has.
pub(super) fn of_status(status: StatusCode) -> &'static [&'static str] {
    match status {
        StatusCode::TOO_MANY_REQUESTS => &["Retry-After", X_RETRY_AFTER],
        StatusCode::SERVICE_UNAVAILABLE => &["Retry-After"],
        _ => &[],
    }
}

/// Replaces the headers of a response with references to the shared descriptions.
pub(super) fn share_headers(response: &mut Response) {
    let names: Vec<_> = response.headers.keys().cloned().collect();
    add_headers(response, &names.iter().map(String::as_str).collect::<Vec<_>>());
}

pub(super) fn add_headers(response: &mut Response, names: &[&str]) {
    for name in names {
        let shared = Ref::new(format!("#/components/headers/{name}"));
        response.headers.insert((*name).to_owned(), RefOr::Ref(shared));
    }
}
