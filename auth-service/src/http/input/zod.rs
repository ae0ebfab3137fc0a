//! Deserializes the fields of a body or a query, and describes invalid fields in the words of zod,
//! which validates requests in Better Auth. Like zod, reads all fields in the order of their
//! declaration, so that the response lists all problems.

use std::fmt;

use serde::{
    Deserializer,
    de::{
        self, DeserializeOwned, DeserializeSeed, Expected, IntoDeserializer, MapAccess, Unexpected,
        Visitor,
        value::{MapDeserializer, SeqDeserializer, StrDeserializer},
    },
    forward_to_deserialize_any,
};
use serde_json::{Map, Value};

/// Reads the fields of `T`. If any are invalid, returns `None` and appends a problem for each to
/// `problems`, with `place` and the name of the field.
pub(super) fn read<T: DeserializeOwned>(
    place: &str,
    sent: &Map<String, Value>,
    problems: &mut Vec<String>,
) -> Option<T> {
    let known = problems.len();
    let mut next = 0;
    loop {
        match T::deserialize(Fields { sent, next: &mut next }) {
            Ok(input) => return (problems.len() == known).then_some(input),
            // Serde stops at an invalid field, so the next round starts after it.
            Err(Problem::Field(name, text)) => problems.push(format!("[{place}.{name}] {text}")),
            Err(Problem::Skipped) => return None,
            Err(Problem::Value(text)) => {
                problems.push(format!("[{place}] {text}"));
                return None;
            }
        }
    }
}

/// Returns the name that zod gives to the type of a value. An absent value is `undefined`.
pub(super) fn type_name(value: Option<&Value>) -> &'static str {
    match value {
        None => "undefined",
        Some(Value::Null) => "null",
        Some(Value::Bool(_)) => "boolean",
        Some(Value::Number(_)) => "number",
        Some(Value::String(_)) => "string",
        Some(Value::Array(_)) => "array",
        Some(Value::Object(_)) => "object",
    }
}

#[derive(Debug)]
enum Problem {
    Value(String),
    Field(&'static str, String),
    /// The remaining fields are valid, but an earlier field was skipped because it is invalid.
    Skipped,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Value(text) | Self::Field(_, text) => f.write_str(text),
            Self::Skipped => f.write_str("a field was skipped"),
        }
    }
}

impl std::error::Error for Problem {}

impl de::Error for Problem {
    fn custom<T: fmt::Display>(text: T) -> Self {
        Self::Value(text.to_string())
    }

    fn invalid_type(sent: Unexpected<'_>, expected: &dyn Expected) -> Self {
        let expected = expected.to_string();
        let expected = expected.strip_prefix("a ").unwrap_or(&expected);
        let sent = match sent {
            Unexpected::Bool(_) => "boolean",
            Unexpected::Unsigned(_) | Unexpected::Signed(_) | Unexpected::Float(_) => "number",
            Unexpected::Str(_) => "string",
            Unexpected::Seq => "array",
            Unexpected::Map => "object",
            Unexpected::Other(name) => name,
            _ => "null",
        };
        Self::Value(format!("Invalid input: expected {expected}, received {sent}"))
    }

    fn missing_field(_: &'static str) -> Self {
        Self::Skipped
    }
}

/// Deserializer for the fields from index `next` on.
struct Fields<'a> {
    sent: &'a Map<String, Value>,
    next: &'a mut usize,
}

impl<'de> Deserializer<'de> for Fields<'_> {
    type Error = Problem;

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        names: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Problem> {
        visitor.visit_map(Remaining { names, fields: self })
    }

    /// Deserializes a type without fields.
    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Problem> {
        visitor.visit_unit()
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 u8 u16 u32 u64 f32 f64 char str string bytes byte_buf option unit
        unit_struct newtype_struct seq tuple tuple_struct map enum identifier ignored_any
    }
}

struct Remaining<'a> {
    names: &'static [&'static str],
    fields: Fields<'a>,
}

impl<'de> MapAccess<'de> for Remaining<'_> {
    type Error = Problem;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Problem> {
        let Some(name) = self.names.get(*self.fields.next) else { return Ok(None) };
        *self.fields.next += 1;
        seed.deserialize(StrDeserializer::new(name)).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Problem> {
        let name = self.names.get(*self.fields.next - 1).copied().unwrap_or_default();
        let field = Field { value: self.fields.sent.get(name), may_be_null: false };
        seed.deserialize(field).map_err(|problem| Problem::Field(name, problem.to_string()))
    }
}

/// Deserializer for the value of a field, which may be absent. A field of type `Option` may be
/// absent, but not null. A field that may also be null has a second `Option` inside the first.
struct Field<'a> {
    value: Option<&'a Value>,
    may_be_null: bool,
}

impl<'a> From<&'a Value> for Field<'a> {
    fn from(value: &'a Value) -> Self {
        Self { value: Some(value), may_be_null: true }
    }
}

impl<'de> Deserializer<'de> for Field<'_> {
    type Error = Problem;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Problem> {
        match self.value {
            None => Err(de::Error::invalid_type(Unexpected::Other(type_name(None)), &visitor)),
            Some(Value::Null) => visitor.visit_unit(),
            Some(Value::Bool(value)) => visitor.visit_bool(*value),
            Some(Value::Number(number)) => visitor.visit_f64(number.as_f64().unwrap_or(f64::NAN)),
            Some(Value::String(text)) => visitor.visit_str(text),
            Some(Value::Array(items)) => {
                visitor.visit_seq(SeqDeserializer::new(items.iter().map(Field::from)))
            }
            Some(Value::Object(members)) => {
                let members = members.iter().map(|(name, value)| (&**name, Field::from(value)));
                visitor.visit_map(MapDeserializer::new(members))
            }
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Problem> {
        match self.value {
            None => visitor.visit_none(),
            Some(Value::Null) if self.may_be_null => visitor.visit_none(),
            Some(_) => visitor.visit_some(Self { may_be_null: true, ..self }),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Problem> {
        visitor.visit_newtype_struct(self)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 u8 u16 u32 u64 f32 f64 char str string bytes byte_buf unit unit_struct
        seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

impl IntoDeserializer<'_, Problem> for Field<'_> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;
    use serde_json::json;

    use super::*;

    #[derive(Deserialize)]
    #[serde(try_from = "String")]
    struct Short;

    impl TryFrom<String> for Short {
        type Error = &'static str;

        fn try_from(text: String) -> Result<Self, Self::Error> {
            if text.len() < 3 { Ok(Self) } else { Err("Too big") }
        }
    }

    #[derive(Deserialize)]
    struct Body {
        #[serde(rename = "name")]
        _name: String,
        #[serde(rename = "short")]
        _short: Short,
        #[serde(rename = "is_new")]
        _is_new: Option<bool>,
        #[serde(rename = "last")]
        _last: String,
    }

    #[test]
    fn all_problems_are_listed_in_the_order_of_the_fields() {
        for (sent, problems) in [
            (json!({ "name": "", "short": "", "last": "" }), &[][..]),
            (
                json!({ "name": [], "short": "long", "is_new": null }),
                &[
                    "[body.name] Invalid input: expected string, received array",
                    "[body.short] Too big",
                    "[body.is_new] Invalid input: expected boolean, received null",
                    "[body.last] Invalid input: expected string, received undefined",
                ],
            ),
            (
                json!({ "name": "", "short": 1, "is_new": {}, "last": "" }),
                &[
                    "[body.short] Invalid input: expected string, received number",
                    "[body.is_new] Invalid input: expected boolean, received object",
                ],
            ),
        ] {
            let mut found = Vec::new();
            let input: Option<Body> = read("body", sent.as_object().unwrap(), &mut found);
            assert_eq!(found, problems);
            assert_eq!(input.is_some(), problems.is_empty());
        }
    }
}
