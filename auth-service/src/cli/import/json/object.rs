//! JSON objects, and functions that read their fields.

use operator_tools::source::SourceError;
use serde_json::{Map, Value};

use crate::cli::import::error::ImportError;

/// A JSON object, such as a user.
pub(super) type Object = Map<String, Value>;

/// Returns a field as a string if it is a string, number or boolean. Returns `None` if it is
/// missing or has another type.
pub(super) fn text(object: &Object, name: &str) -> Option<String> {
    match object.get(name)? {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// Like [`text`], but also returns `None` for a blank string.
pub(super) fn filled(object: &Object, name: &str) -> Option<String> {
    text(object, name).filter(|text| !text.trim().is_empty())
}

/// Returns the objects in an array field. Elements of other types are skipped. A field that is
/// missing or not an array counts as empty.
pub(super) fn objects<'a>(object: &'a Object, name: &str) -> impl Iterator<Item = &'a Object> {
    let elements = object.get(name).and_then(Value::as_array).map(Vec::as_slice);
    elements.unwrap_or_default().iter().filter_map(Value::as_object)
}

pub(super) fn refused(reason: String) -> ImportError {
    SourceError::refused(reason).into()
}
