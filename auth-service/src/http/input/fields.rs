//! Reads the fields of a body and the parameters of a query, and collects validation errors.

use serde_json::{Map, Value};
use url::form_urlencoded;

use crate::{
    domain::{email_address::is_email, javascript::is_truthy},
    http::error::{Error, Result},
};

/// Maximum length of a redirect target, which is stored, and sent percent-encoded in e-mails.
const TARGET_MAX_BYTES: usize = 2048;

/// The fields of a body and the parameters of a query. A missing field or a wrong type is recorded
/// as an error in Better Auth's wording, and reading continues, so that the response lists all
/// errors.
pub(crate) struct Fields<'a> {
    pub(super) members: &'a Map<String, Value>,
    pub(super) query: &'a str,
    /// Whether the request is a GET, which has only a query.
    pub(super) is_query: bool,
    pub(super) problems: Vec<String>,
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

    /// Reads a string that will be stored. NUL is refused, because PostgreSQL does not accept it in
    /// strings.
    pub(crate) fn text(&mut self, name: &str) -> String {
        let text = self.string(name);
        self.refuse_nul(name, &text);
        text
    }

    /// Reads an optional string that may contain NUL, because it is not stored verbatim.
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

    /// Reads an optional string or null. `Some(None)` stands for null, which clears the value.
    pub(crate) fn optional_nullable_text(&mut self, name: &str) -> Option<Option<String>> {
        match self.members.get(name) {
            Some(Value::Null) => Some(None),
            _ => self.optional_text(name).map(Some),
        }
    }

    /// Returns whether JavaScript would treat a field as true.
    pub(crate) fn is_truthy(&self, name: &str) -> bool {
        self.members.get(name).is_some_and(is_truthy)
    }

    /// Reads an optional redirect target; an empty string counts as absent.
    pub(crate) fn redirect(&mut self, name: &str) -> Option<String> {
        let target = self.optional_text(name).filter(|target| !target.is_empty())?;
        self.refuse_long_target("body", name, &target);
        Some(target)
    }

    /// Reads an optional redirect target; an empty string is returned as it is.
    pub(crate) fn redirect_or_empty(&mut self, name: &str) -> Option<String> {
        let target = self.optional_text(name)?;
        self.refuse_long_target("body", name, &target);
        Some(target)
    }

    /// Reads an optional redirect target from the query; an empty string counts as absent.
    pub(crate) fn optional_query_redirect(&mut self, name: &str) -> Option<String> {
        let target = self.optional_query(name).filter(|target| !target.is_empty())?;
        self.refuse_long_target("query", name, &target);
        Some(target)
    }

    fn refuse_long_target(&mut self, place: &str, name: &str, target: &str) {
        if target.len() > TARGET_MAX_BYTES {
            let expected = format!("Too big: expected string to have <={TARGET_MAX_BYTES} bytes");
            self.problems.push(format!("[{place}.{name}] {expected}"));
        }
    }

    /// Reads an optional query parameter. A repeated parameter, or one with a NUL, is an error.
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

    /// Reads and validates an e-mail address, and converts it to lower case.
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

    /// Records an error unless the field is a string. As in Better Auth, the error gives no
    /// details.
    pub(crate) fn plain_string(&mut self, name: &str) {
        if !self.members.get(name).is_some_and(Value::is_string) {
            self.problems.push(format!("[body.{name}] Invalid input"));
        }
    }

    /// Reads `accountId`. Returns `None` for `useAccountCookie: true`, which only a body can
    /// contain, and after an error. An optional `userId` may accompany either; any other field is
    /// an error.
    pub(crate) fn account_selection(&mut self) -> Option<String> {
        let mut sent: Vec<(String, Value)> = if self.is_query {
            let pairs = form_urlencoded::parse(self.query.as_bytes()).into_owned();
            pairs.map(|(name, value)| (name, Value::String(value))).collect()
        } else {
            self.members.clone().into_iter().collect()
        };
        let place = if self.is_query { "query" } else { "body" };
        let mut take = |name: &str| {
            let at = sent.iter().position(|(sent, _)| sent == name)?;
            Some(sent.remove(at).1)
        };
        let selected = match (take("accountId"), take("useAccountCookie"), take("userId")) {
            (Some(Value::String(id)), None, None | Some(Value::String(_))) => Some(Some(id)),
            (None, Some(Value::Bool(true)), None | Some(Value::String(_))) => Some(None),
            _ => None,
        };
        let is_repeated = sent.iter().any(|(name, _)| name == "accountId" || name == "userId");
        let Some(selected) = selected.filter(|_| !is_repeated) else {
            self.problems.push(format!("[{place}] Invalid input"));
            return None;
        };
        if !sent.is_empty() {
            let names: Vec<_> = sent.iter().map(|(name, _)| format!("\"{name}\"")).collect();
            let keys = if names.len() == 1 { "key" } else { "keys" };
            self.problems.push(format!("[{place}] Unrecognized {keys}: {}", names.join(", ")));
        }
        selected
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

    pub(super) fn fail_if_any(&self) -> Result<()> {
        if self.problems.is_empty() {
            Ok(())
        } else {
            Err(Error::Validation(self.problems.join("; ")))
        }
    }
}

pub(super) fn type_name(value: Option<&Value>) -> &'static str {
    value.map_or("undefined", type_of)
}

/// Returns the name of a value's type, as used in Better Auth's validation messages.
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
