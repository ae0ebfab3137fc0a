//! Preconditions of requests (RFC 9110 §13).

use std::future::{Ready, ready};

use actix_web::{
    FromRequest, HttpRequest,
    dev::Payload,
    http::header::{HeaderMap, HeaderName},
};
use service_kit::entity_tags::EntityTags;

use crate::{
    http::error::{Error, Result},
    store::{Expected, Task},
};

const PREFER: HeaderName = HeaderName::from_static("prefer");

/// Returns the entity tag of a task, which is its version.
pub(crate) fn task_tag(task: &Task) -> String {
    format!("\"{}\"", task.version)
}

/// Returns whether the client already has the state with this tag (in quotes), according to
/// `If-None-Match`.
pub(crate) fn is_known(req: &HttpRequest, tag: &str) -> bool {
    EntityTags::is_known(req, tag.trim_matches('"'))
}

/// The expected versions of a task, from `If-Match`.
///
/// With `Prefer: handling=strict` (RFC 7240 §4.4), a request without `If-Match` is rejected.
pub(crate) struct IfMatch(pub(crate) Expected);

impl FromRequest for IfMatch {
    type Error = Error;
    type Future = Ready<Result<Self>>;

    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Self::read(req))
    }
}

impl IfMatch {
    fn read(req: &HttpRequest) -> Result<Self> {
        match EntityTags::of_if_match(req) {
            None if is_strict(req.headers()) => Err(Error::PreconditionRequired),
            None | Some(EntityTags::Any) => Ok(Self(Expected::Any)),
            // A tag that is not a version matches no task.
            Some(tags) => Ok(Self(Expected::Versions(tags.texts().filter_map(version).collect()))),
        }
    }
}

/// Parses the version in a tag. Accepts only the canonical form, without a sign or leading zeros.
fn version(tag: &str) -> Option<i64> {
    tag.parse().ok().filter(|version: &i64| version.to_string() == tag)
}

fn is_strict(headers: &HeaderMap) -> bool {
    let preferences = headers.get_all(PREFER).filter_map(|line| line.to_str().ok());
    preferences
        .flat_map(|line| line.split([',', ';']))
        .any(|preference| preference.trim().eq_ignore_ascii_case("handling=strict"))
}
