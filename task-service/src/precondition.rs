//! Conditional requests (RFC 9110 §13): which state of a task a request is about.

use std::future::{Ready, ready};

use actix_web::{
    FromRequest, HttpRequest,
    dev::Payload,
    http::header::{HeaderMap, HeaderName, IF_MATCH, IF_NONE_MATCH},
};

use crate::{
    error::{Error, Result},
    models::{Expected, Task},
};

const PREFER: HeaderName = HeaderName::from_static("prefer");

/// The entity tag of a task: its version.
pub(crate) fn task_tag(task: &Task) -> String {
    format!("\"{}\"", task.version)
}

/// Whether `If-None-Match` names this tag, so that the client has what it would be sent. The
/// comparison is weak (RFC 9110 §13.1.2).
pub(crate) fn is_known(headers: &HeaderMap, tag: &str) -> bool {
    tags(headers, &IF_NONE_MATCH).any(|known| known == "*" || known.trim_start_matches("W/") == tag)
}

/// The state that a write is meant for, by `If-Match`.
///
/// A client that sends `Prefer: handling=strict` (RFC 7240 §4.4) wants to be refused when it
/// forgets that header.
pub(crate) struct IfMatch(pub(crate) Expected);

impl FromRequest for IfMatch {
    type Error = Error;
    type Future = Ready<Result<Self>>;

    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Self::read(req.headers()))
    }
}

impl IfMatch {
    fn read(headers: &HeaderMap) -> Result<Self> {
        if !headers.contains_key(IF_MATCH) {
            return if is_strict(headers) {
                Err(Error::PreconditionRequired)
            } else {
                Ok(Self(Expected::Any))
            };
        }
        if tags(headers, &IF_MATCH).any(|tag| tag == "*") {
            return Ok(Self(Expected::Any));
        }
        // A tag that is not one of ours, a weak one for instance, matches nothing.
        let version = |tag: &str| tag.strip_prefix('"')?.strip_suffix('"')?.parse().ok();
        Ok(Self(Expected::Versions(tags(headers, &IF_MATCH).filter_map(version).collect())))
    }
}

fn is_strict(headers: &HeaderMap) -> bool {
    let preferences = headers.get_all(PREFER).filter_map(|line| line.to_str().ok());
    preferences
        .flat_map(|line| line.split([',', ';']))
        .any(|preference| preference.trim().eq_ignore_ascii_case("handling=strict"))
}

/// The members of a list of entity tags. Ours hold no comma.
fn tags<'a>(headers: &'a HeaderMap, name: &HeaderName) -> impl Iterator<Item = &'a str> {
    let lines = headers.get_all(name).filter_map(|line| line.to_str().ok());
    lines.flat_map(|line| line.split(',')).map(str::trim)
}
