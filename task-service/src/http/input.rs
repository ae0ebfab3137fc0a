//! Validation of paths and JSON bodies. Invalid fields are reported in FastAPI's format.

use std::{
    borrow::Cow,
    future::{Future, Ready, ready},
    pin::Pin,
};

use actix_web::{
    FromRequest, HttpRequest,
    dev::Payload,
    http::header::{CONTENT_TYPE, HeaderMap},
};
use serde_json::{Map, Value};
use service_kit::body;
use shared_models::TaskId;

use crate::{
    domain::task_text::Length,
    http::error::{Error, InputError, Result},
};

/// Maximum size of a body in bytes: about twice the size of a description of 10 000 characters that
/// are all escaped as surrogate pairs, with 12 bytes each.
const MAX_BODY_BYTES: usize = 256 * 1024;

/// The `{id}` of a path. An invalid id is treated as an unknown task.
pub(crate) struct TaskPath(pub(crate) TaskId);

impl FromRequest for TaskPath {
    type Error = Error;
    type Future = Ready<Result<Self>>;

    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        let id = req.match_info().get("id").and_then(|id| id.parse().ok());
        ready(id.map(Self).ok_or(Error::TaskNotFound))
    }
}

/// A request body, parsed from JSON and validated.
pub(crate) struct Body<T>(pub(crate) T);

/// A JSON object that an endpoint accepts as its body. Unknown fields are ignored.
pub(crate) trait Schema: Sized + 'static {
    fn read(members: &mut Members) -> Self;
}

impl<T: Schema> FromRequest for Body<T> {
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self>>>>;

    fn from_request(req: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (req, mut payload) = (req.clone(), payload.take());
        Box::pin(async move {
            if !is_json(req.headers()) {
                return Err(Error::UnsupportedMediaType);
            }
            let bytes = body::read(&req, &mut payload, MAX_BODY_BYTES).await?;
            let body = serde_json::from_slice(&bytes)
                .map_err(|_error: serde_json::Error| Error::InvalidJson)?;
            let Value::Object(members) = body else {
                return Err(Error::Invalid(vec![InputError {
                    loc: vec!["body".into()],
                    msg: "Input should be a valid dictionary or object".into(),
                    kind: "model_attributes_type",
                }]));
            };
            let mut members = Members { members, errors: Vec::new() };
            let input = T::read(&mut members);
            if members.errors.is_empty() {
                Ok(Self(input))
            } else {
                Err(Error::Invalid(members.errors))
            }
        })
    }
}

/// Returns whether the media type is `application/json` or another `application` type with the
/// `+json` suffix (RFC 6839 §3.1).
fn is_json(headers: &HeaderMap) -> bool {
    let Some(sent) = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()) else {
        return false;
    };
    let media_type = sent.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    media_type == "application/json"
        || media_type.starts_with("application/") && media_type.ends_with("+json")
}

/// The fields of a body. Errors are collected, so that the response lists all of them.
pub(crate) struct Members {
    members: Map<String, Value>,
    errors: Vec<InputError>,
}

impl Members {
    /// Reads a required string. If it is absent or of another type, records an error and returns an
    /// empty string.
    pub(crate) fn text(&mut self, name: &'static str, length: Length) -> String {
        if !self.members.contains_key(name) {
            self.refuse(name, "missing", "Field required");
        }
        self.optional_text(name, length).unwrap_or_default()
    }

    /// Reads a string that may be absent, but not `null`.
    pub(crate) fn optional_text(&mut self, name: &'static str, length: Length) -> Option<String> {
        let Value::String(text) = self.members.remove(name)? else {
            self.refuse(name, "string_type", "Input should be a valid string");
            return None;
        };
        for (kind, msg) in length.mistakes(&text) {
            self.refuse(name, kind, msg);
        }
        Some(text)
    }

    /// Reads a string that may be absent (`None`) or `null` (`Some(None)`).
    pub(crate) fn nullable_text(
        &mut self,
        name: &'static str,
        length: Length,
    ) -> Option<Option<String>> {
        if self.members.get(name).is_some_and(Value::is_null) {
            return Some(None);
        }
        self.optional_text(name, length).map(Some)
    }

    pub(crate) fn optional_boolean(&mut self, name: &'static str) -> Option<bool> {
        let Value::Bool(value) = self.members.remove(name)? else {
            self.refuse(name, "bool_type", "Input should be a valid boolean");
            return None;
        };
        Some(value)
    }

    fn refuse(
        &mut self,
        name: &'static str,
        kind: &'static str,
        msg: impl Into<Cow<'static, str>>,
    ) {
        self.errors.push(InputError {
            loc: vec!["body".into(), name.into()],
            msg: msg.into(),
            kind,
        });
    }
}
