//! Is this request well-formed? One extractor runs the checks in the contract's order: media
//! type, JSON, origin, redirect targets, schema, and for sign-in the stricter origin rule. Of a GET
//! only the query is looked at.

use std::{future::Future, pin::Pin};

use actix_web::{
    FromRequest, HttpRequest,
    dev::Payload,
    http::{Method, header::CONTENT_TYPE},
    web::{BytesMut, Data},
};
use serde_json::{Map, Value};
use service_kit::body;
use url::form_urlencoded;

use crate::{
    error::{Error, Result},
    origin,
    state::AppState,
};

/// The largest body that is read: names and images have no maximum of their own.
const MAX_BODY_BYTES: usize = 1024 * 1024;
/// RFC 5321 §4.5.3.1.3, without the angle brackets.
pub(crate) const EMAIL_MAX_CHARS: usize = 254;

/// Some editors put it before a text.
const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

pub(crate) const JSON: &str = "application/json";
pub(crate) const FORM: &str = "application/x-www-form-urlencoded";
pub(crate) const FORM_OR_JSON: &str = "application/x-www-form-urlencoded, application/json";

/// A body that has passed every check.
pub(crate) struct Input<T>(pub(crate) T);

/// What an endpoint takes.
pub(crate) trait Schema: Sized + 'static {
    /// Whether the endpoint signs somebody in: it then also takes forms, and is held to the
    /// stricter origin rule.
    const SIGNS_IN: bool = false;
    /// What the original says of a body that is no object.
    const NO_OBJECT: &[&str] = &["object"];

    /// Whether there must be a body.
    const NEEDS_BODY: bool = true;

    fn read(fields: &mut Fields<'_>) -> Self;
}

/// A body nobody looks at.
pub(crate) struct Ignored;

impl Schema for Ignored {
    const NO_OBJECT: &[&str] = &[];

    fn read(_: &mut Fields<'_>) -> Self {
        Self
    }
}

impl<T: Schema> FromRequest for Input<T> {
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self>>>>;

    fn from_request(req: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (req, mut payload) = (req.clone(), payload.take());
        Box::pin(async move {
            let state = req.app_data::<Data<AppState>>().ok_or(Error::NoState)?;
            let trusted = &state.trusted_origins;
            if req.method() == Method::GET {
                let input = read::<T>(&req, None)?;
                origin::check_query_redirect(req.query_string(), trusted)?;
                return Ok(Self(input));
            }
            let bytes = body::read(&req, &mut payload, MAX_BODY_BYTES).await?;
            let body = parse(&req, &bytes, T::SIGNS_IN)?;
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

/// Everything the endpoint takes, or all that is wrong with it.
fn read<T: Schema>(req: &HttpRequest, body: Option<&Value>) -> Result<T> {
    let no_members = Map::new();
    let members = body.and_then(Value::as_object);
    let mut fields = Fields {
        members: members.unwrap_or(&no_members),
        query: req.query_string(),
        problems: Vec::new(),
    };
    if members.is_none() && (T::NEEDS_BODY || body.is_some()) {
        let sent = type_name(body);
        fields.problems.extend(
            T::NO_OBJECT.iter().map(|expected| {
                format!("[body] Invalid input: expected {expected}, received {sent}")
            }),
        );
        fields.fail_if_any()?;
    }
    let input = T::read(&mut fields);
    fields.fail_if_any()?;
    Ok(input)
}

/// `None` when there is no body, or one without a media type.
fn parse(req: &HttpRequest, bytes: &BytesMut, takes_forms: bool) -> Result<Option<Value>> {
    let Some(sent) = req.headers().get(CONTENT_TYPE) else { return Ok(None) };
    if bytes.is_empty() {
        return Ok(None);
    }
    let sent = String::from_utf8_lossy(sent.as_bytes());
    let media_type = sent.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    match (media_type.as_str(), takes_forms) {
        (JSON, _) => serde_json::from_slice(bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(bytes))
            .map(Some)
            .map_err(|_error: serde_json::Error| Error::InvalidJson),
        (FORM, true) => {
            let members = form_urlencoded::parse(bytes)
                .map(|(name, value)| (name.into_owned(), Value::String(value.into_owned())));
            Ok(Some(Value::Object(members.collect())))
        }
        (_, true) => {
            Err(Error::UnsupportedMediaType { sent: sent.into_owned(), allowed: FORM_OR_JSON })
        }
        (_, false) => Err(Error::UnsupportedMediaType { sent: sent.into_owned(), allowed: JSON }),
    }
}

/// The members of a body. Reading one that is missing or of the wrong type notes a problem in
/// the original's words and goes on, so that an answer names them all.
pub(crate) struct Fields<'a> {
    members: &'a Map<String, Value>,
    query: &'a str,
    problems: Vec<String>,
}

impl Fields<'_> {
    pub(crate) fn string(&mut self, name: &str) -> String {
        match self.members.get(name) {
            Some(Value::String(text)) => text.clone(),
            other => {
                self.expected("string", name, other.map_or("undefined", |value| type_of(value)));
                String::new()
            }
        }
    }

    /// A string that goes to the database, where PostgreSQL has no NUL.
    pub(crate) fn text(&mut self, name: &str) -> String {
        let text = self.string(name);
        self.refuse_nul(name, &text);
        text
    }

    /// A string that is never stored as it is.
    pub(crate) fn optional_string(&mut self, name: &str) -> Option<String> {
        let text = self.members.contains_key(name).then(|| self.string(name))?;
        Some(text)
    }

    pub(crate) fn optional_text(&mut self, name: &str) -> Option<String> {
        let text = self.members.contains_key(name).then(|| self.text(name))?;
        Some(text)
    }

    pub(crate) fn optional_boolean(&mut self, name: &str) -> Option<bool> {
        match self.members.get(name)? {
            Value::Bool(value) => Some(*value),
            other => {
                self.expected("boolean", name, type_of(other));
                None
            }
        }
    }

    /// A string, or null to remove what there is.
    pub(crate) fn optional_nullable_text(&mut self, name: &str) -> Option<Option<String>> {
        match self.members.get(name) {
            Some(Value::Null) => Some(None),
            _ => self.optional_text(name).map(Some),
        }
    }

    /// Whether a member says anything, in the sense of JavaScript.
    pub(crate) fn is_truthy(&self, name: &str) -> bool {
        self.members.get(name).is_some_and(is_truthy)
    }

    /// A member that leads the browser somewhere; empty counts as absent.
    pub(crate) fn redirect(&mut self, name: &str) -> Option<String> {
        self.optional_text(name).filter(|target| !target.is_empty())
    }

    /// The first parameter of that name in the query.
    pub(crate) fn optional_query(&mut self, name: &str) -> Option<String> {
        let mut values = form_urlencoded::parse(self.query.as_bytes())
            .filter_map(|(parameter, value)| (parameter == name).then_some(value));
        let value = values.next()?;
        if values.next().is_some() {
            let problem = "Invalid input: expected string, received array";
            self.problems.push(format!("[query.{name}] {problem}"));
        }
        if value.contains('\0') {
            self.problems.push(format!("[query.{name}] Invalid input: NUL is not allowed"));
        }
        Some(value.into_owned())
    }

    pub(crate) fn query(&mut self, name: &str) -> String {
        self.optional_query(name).unwrap_or_else(|| {
            let problem = "Invalid input: expected string, received undefined";
            self.problems.push(format!("[query.{name}] {problem}"));
            String::new()
        })
    }

    /// An e-mail address, in lower case.
    pub(crate) fn email(&mut self, name: &str) -> String {
        let problems = self.problems.len();
        let address = self.string(name);
        if problems == self.problems.len() && !is_email(&address) {
            self.problems.push(format!("[body.{name}] Invalid email address"));
        }
        address.to_ascii_lowercase()
    }

    pub(crate) fn non_empty_string(&mut self, name: &str) -> String {
        let problems = self.problems.len();
        let text = self.string(name);
        if problems == self.problems.len() && text.is_empty() {
            let expected = "Too small: expected string to have >=1 characters";
            self.problems.push(format!("[body.{name}] {expected}"));
        }
        text
    }

    /// A string of which the original says nothing more when it is none.
    pub(crate) fn plain_string(&mut self, name: &str) {
        if !self.members.get(name).is_some_and(Value::is_string) {
            self.problems.push(format!("[body.{name}] Invalid input"));
        }
    }

    fn expected(&mut self, expected: &str, name: &str, received: &str) {
        self.problems
            .push(format!("[body.{name}] Invalid input: expected {expected}, received {received}"));
    }

    fn refuse_nul(&mut self, name: &str, text: &str) {
        if text.contains('\0') {
            self.problems.push(format!("[body.{name}] Invalid input: NUL is not allowed"));
        }
    }

    fn fail_if_any(&self) -> Result<()> {
        if self.problems.is_empty() {
            Ok(())
        } else {
            Err(Error::Validation(self.problems.join("; ")))
        }
    }
}

pub(crate) fn is_truthy(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => false,
        Value::String(text) => !text.is_empty(),
        Value::Number(number) => number.as_f64() != Some(0.0),
        _ => true,
    }
}

fn type_name(value: Option<&Value>) -> &'static str {
    value.map_or("undefined", type_of)
}

/// The type of a JSON value, as JavaScript people call it.
fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

/// The original's idea of an address: ASCII, a dotted domain, no quoting, no address literals.
pub(crate) fn is_email(address: &str) -> bool {
    let Some((local, domain)) = address.rsplit_once('@') else { return false };
    let is_local_char = |c: char| c.is_ascii_alphanumeric() || "_'+-.".contains(c);
    let is_local = !local.is_empty()
        && local.chars().all(is_local_char)
        && !local.starts_with('.')
        && !local.ends_with(['.', '\''])
        && !local.contains("..");
    let is_label = |label: &str| {
        label.starts_with(|c: char| c.is_ascii_alphanumeric())
            && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
    };
    let Some((labels, last)) = domain.rsplit_once('.') else { return false };
    let is_domain = labels.split('.').all(is_label)
        && last.len() >= 2
        && last.chars().all(|c| c.is_ascii_alphabetic());
    is_local && is_domain && address.len() <= EMAIL_MAX_CHARS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_accepted_as_the_original_does() {
        for address in ["a@b.co", "A.b+c-d_e'f@x-y.example.com", "1@1.aa", "-@b.co"] {
            assert!(is_email(address), "{address}");
        }
        for address in [
            "",
            "a",
            "@b.co",
            "a@localhost",
            "a@b.c",
            "a..b@c.co",
            ".a@c.co",
            "a.@c.co",
            "a'@c.co",
            "a@b@c.co",
            "a@[127.0.0.1]",
            "a@-b.co",
            "a@b..co",
            "a@b.c0",
            "a@b.xn--p1ai",
            " a@b.co",
            "a@b.co ",
            "ä@b.co",
            "a@bücher.de",
            "ａ@b.co",
            "a@b.co\0",
        ] {
            assert!(!is_email(address), "{address:?}");
        }
    }
}
