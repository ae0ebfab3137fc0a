//! Validation of requests. One extractor runs the checks in Better Auth's order: media type, JSON,
//! origin, redirect targets, schema, and for sign-in and sign-up the stricter origin rule. For a
//! GET request, only the query is checked.

mod form;
mod types;
mod zod;

pub(crate) use self::{
    form::OauthForm,
    types::{Email, Ignored, NewPassword, NullableText, Password, Target, Text, Truthy},
};

use std::{future::Future, pin::Pin};

use actix_web::{
    FromRequest, HttpRequest,
    dev::Payload,
    http::{Method, header::CONTENT_TYPE},
    web::{BytesMut, Data},
};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use service_kit::body;
use url::form_urlencoded;

use self::zod::type_name;
use crate::http::{
    error::{Error, Internal, Rejection, Result},
    origin,
    state::AppState,
};

/// Maximum size of a body in bytes. Names and images have no limit of their own.
const MAX_BODY_BYTES: usize = 1024 * 1024;
/// Byte order mark, which some clients send before the JSON.
const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

pub(crate) const JSON: &str = "application/json";
pub(crate) const FORM: &str = "application/x-www-form-urlencoded";
pub(crate) const FORM_OR_JSON: &str = "application/x-www-form-urlencoded, application/json";

/// The input of a request that has passed all checks.
pub(crate) struct Input<T>(pub(crate) T);

/// The fields and parameters that an endpoint accepts.
pub(crate) trait Schema: DeserializeOwned + 'static {
    /// Whether the endpoint signs a user in or up. It then also accepts forms, and the stricter
    /// origin rule applies.
    const SIGNS_IN: bool = false;
    /// Whether the endpoint also accepts forms.
    const TAKES_FORMS: bool = Self::SIGNS_IN;
    /// Expected types in the errors for a body that is not an object: one error for each type, as
    /// in Better Auth. An empty string stands for an error that names no types. If the list is
    /// empty, such a body is treated as an empty object.
    const NO_OBJECT: &[&str] = &["object"];

    /// Whether a body is required.
    const NEEDS_BODY: bool = true;

    /// Reads the fields, by default from the body. Returns `None` if there is a problem, which is
    /// then recorded in `sent`.
    fn read(sent: &mut Sent<'_>) -> Option<Self> {
        sent.body()
    }
}

impl Schema for Ignored {
    const NO_OBJECT: &[&str] = &[];
}

/// The body and the query of a request, and the problems that were found in them.
pub(crate) struct Sent<'a> {
    members: &'a Map<String, Value>,
    query: &'a str,
    /// Whether the request is a GET, which has only a query.
    is_query: bool,
    problems: Vec<String>,
}

impl Sent<'_> {
    pub(crate) fn body<T: DeserializeOwned>(&mut self) -> Option<T> {
        zod::read("body", self.members, &mut self.problems)
    }

    /// Reads the query parameters. A repeated one becomes an array, which string fields reject.
    pub(crate) fn query<T: DeserializeOwned>(&mut self) -> Option<T> {
        let mut members = Map::new();
        for (name, value) in form_urlencoded::parse(self.query.as_bytes()).into_owned() {
            let is_repeated = members.contains_key(&name);
            let value = if is_repeated { Value::Array(Vec::new()) } else { Value::String(value) };
            members.insert(name, value);
        }
        zod::read("query", &members, &mut self.problems)
    }

    /// Reads an object that must have no fields other than `names`, from the query of a GET request
    /// or the body of any other. An unknown field is named in the problem; an invalid one is not.
    pub(crate) fn strict<T: DeserializeOwned>(
        &mut self,
        names: &[&str],
        is_valid: impl FnOnce(&T) -> bool,
    ) -> Option<T> {
        let known = self.problems.len();
        let input = if self.is_query { self.query() } else { self.body() };
        self.problems.truncate(known);
        let place = if self.is_query { "query" } else { "body" };
        let Some(input) = input.filter(is_valid) else {
            self.problems.push(format!("[{place}] Invalid input"));
            return None;
        };
        let mut sent: Vec<_> = if self.is_query {
            form_urlencoded::parse(self.query.as_bytes()).map(|(name, _)| name).collect()
        } else {
            self.members.keys().map(|name| name.as_str().into()).collect()
        };
        sent.retain(|name| !names.contains(&&**name));
        if !sent.is_empty() {
            let sent: Vec<_> = sent.iter().map(|name| format!("\"{name}\"")).collect();
            let keys = if sent.len() == 1 { "key" } else { "keys" };
            self.problems.push(format!("[{place}] Unrecognized {keys}: {}", sent.join(", ")));
        }
        Some(input)
    }

    fn result<T>(&self, input: Option<T>) -> Result<T> {
        let problems = || Rejection::Validation.with_message(self.problems.join("; "));
        input.filter(|_| self.problems.is_empty()).ok_or_else(problems)
    }
}

impl<T: Schema> FromRequest for Input<T> {
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self>>>>;

    fn from_request(req: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (req, mut payload) = (req.clone(), payload.take());
        Box::pin(async move {
            let state = req.app_data::<Data<AppState>>().ok_or(Internal::NoState)?;
            let trusted = &state.trusted_origins;
            if req.method() == Method::GET {
                let input = read::<T>(&req, None)?;
                origin::check_query_redirect(req.query_string(), trusted)?;
                return Ok(Self(input));
            }
            let bytes = body::read(&req, &mut payload, MAX_BODY_BYTES).await?;
            let body = parse(&req, &bytes, T::TAKES_FORMS)?;
            origin::check(&req, trusted)?;
            origin::check_redirects(body.as_ref(), req.query_string(), trusted)?;
            let input = read::<T>(&req, body.as_ref())?;
            if T::SIGNS_IN {
                origin::check_sign_in(&req, trusted)?;
            }
            Ok(Self(input))
        })
    }
}

/// Reads all fields, or returns all validation errors in one error.
fn read<T: Schema>(req: &HttpRequest, body: Option<&Value>) -> Result<T> {
    let is_query = req.method() == Method::GET;
    let no_members = Map::new();
    let members = body.and_then(Value::as_object);
    let mut sent = Sent {
        members: members.unwrap_or(&no_members),
        query: req.query_string(),
        is_query,
        problems: Vec::new(),
    };
    if members.is_none() && !is_query && (T::NEEDS_BODY || body.is_some()) {
        let received = type_name(body);
        sent.problems.extend(T::NO_OBJECT.iter().map(|expected| match *expected {
            "" => "[body] Invalid input".to_owned(),
            _ => format!("[body] Invalid input: expected {expected}, received {received}"),
        }));
        sent.result(Some(()))?;
    }
    let input = T::read(&mut sent);
    sent.result(input)
}

/// Parses a body. Returns `None` if it is empty or has no media type.
pub(crate) fn parse(
    req: &HttpRequest,
    bytes: &BytesMut,
    takes_forms: bool,
) -> Result<Option<Value>> {
    let Some(sent) = req.headers().get(CONTENT_TYPE) else { return Ok(None) };
    if bytes.is_empty() {
        return Ok(None);
    }
    let sent = String::from_utf8_lossy(sent.as_bytes());
    let media_type = sent.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    match (media_type.as_str(), takes_forms) {
        (JSON, _) => serde_json::from_slice(bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(bytes))
            .map(Some)
            .map_err(|_error: serde_json::Error| Rejection::InvalidJson.into()),
        (FORM, true) => {
            let members = form_urlencoded::parse(bytes)
                .map(|(name, value)| (name.into_owned(), Value::String(value.into_owned())));
            Ok(Some(Value::Object(members.collect())))
        }
        (_, true) => Err(unsupported_media_type(&sent, FORM_OR_JSON)),
        (_, false) => Err(unsupported_media_type(&sent, JSON)),
    }
}

pub(crate) fn unsupported_media_type(sent: &str, allowed: &str) -> Error {
    let message = format!("Content-Type \"{sent}\" is not allowed. Allowed types: {allowed}");
    Rejection::UnsupportedMediaType.with_message(message)
}
