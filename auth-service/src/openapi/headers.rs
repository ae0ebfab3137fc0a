//! The headers of answers, each described once.

use actix_web::http::StatusCode;
use utoipa::openapi::{Components, Header, Object, Ref, RefOr, Response, Type};

use crate::{error::X_RETRY_AFTER, routes::SET_AUTH_JWT, session_cookies::SET_AUTH_TOKEN};

pub(super) const REQUEST_ID: &str = "X-Request-Id";
pub(super) const SET_COOKIE: &str = "Set-Cookie";

const HEADERS: [(&str, Type, &str); 10] = [
    (REQUEST_ID, Type::String, "What the request is called in the log"),
    (
        SET_COOKIE,
        Type::String,
        "The session cookies: of a new session, of one that was extended, or cleared because it is no more",
    ),
    (
        SET_AUTH_TOKEN,
        Type::String,
        "The signed session token, for clients without cookies; with each session cookie that is set",
    ),
    (SET_AUTH_JWT, Type::String, "A JWT, as `/api/auth/token` gives it"),
    ("Location", Type::String, "Where to go"),
    ("Cache-Control", Type::String, "How long to keep the answer"),
    ("Pragma", Type::String, "`no-cache`"),
    ("ETag", Type::String, "What to send as If-None-Match"),
    ("Retry-After", Type::Integer, "When to ask again, in seconds"),
    (X_RETRY_AFTER, Type::Integer, "The same, as Better Auth says it"),
];

pub(super) fn describe(components: &mut Components) {
    for (name, kind, meaning) in HEADERS {
        let mut header = Header::new(Object::with_type(kind));
        header.description = Some(meaning.to_owned());
        components.headers.insert(name.to_owned(), header.into());
    }
}

/// Those that come with every refusal of a status.
pub(super) fn of_status(status: StatusCode) -> &'static [&'static str] {
    match status {
        StatusCode::TOO_MANY_REQUESTS => &["Retry-After", X_RETRY_AFTER],
        StatusCode::SERVICE_UNAVAILABLE => &["Retry-After"],
        _ => &[],
    }
}

pub(super) fn add_headers(response: &mut Response, names: &[&str]) {
    for name in names {
        let shared = Ref::new(format!("#/components/headers/{name}"));
        response.headers.insert((*name).to_owned(), RefOr::Ref(shared));
    }
}
