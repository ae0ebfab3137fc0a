//! Building blocks of schemas.

use serde_json::json;
use utoipa::openapi::{
    KnownFormat, Object, ObjectBuilder, Ref, RefOr, Schema, SchemaFormat, Type,
    schema::{AdditionalProperties, SchemaType},
};

use crate::domain::{
    email_address::EMAIL_MAX_CHARS,
    passwords::{MAX_UNITS, MIN_UNITS},
};

/// The rules of `is_email`, except for the maximum length of the address, as a pattern.
const EMAIL: &str = "^(?:[A-Za-z0-9_'+-]+\\.)*[A-Za-z0-9_'+-]{0,63}[A-Za-z0-9_+-]\
                     @(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\\.)+[A-Za-z]{2,63}$";
/// Pattern of stored strings. PostgreSQL cannot store NUL.
const NO_NUL: &str = "^[^\\u0000]*$";
/// Pattern of redirect targets: an empty string, a path, or an http or https URL. Which origins are
/// trusted depends on the configuration.
const TARGET: &str = "^(|/[^\\\\]*|https?://[^\\\\]+)$";
const TIME: &str = "^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{3}Z$";

/// A field of an object.
#[derive(Clone)]
pub(super) struct Member {
    pub(super) name: &'static str,
    pub(super) schema: RefOr<Schema>,
    pub(super) is_required: bool,
}

pub(super) fn required(name: &'static str, schema: impl Into<RefOr<Schema>>) -> Member {
    Member { name, schema: schema.into(), is_required: true }
}

pub(super) fn optional(name: &'static str, schema: impl Into<RefOr<Schema>>) -> Member {
    Member { name, schema: schema.into(), is_required: false }
}

/// Returns the schema of a request body. Unknown fields are ignored.
pub(super) fn input(members: impl IntoIterator<Item = Member>) -> ObjectBuilder {
    members.into_iter().fold(ObjectBuilder::new(), |object, member| {
        let object = object.property(member.name, member.schema);
        if member.is_required { object.required(member.name) } else { object }
    })
}

/// Returns the schema of a response body or a part of it, without additional fields.
pub(super) fn output(members: impl IntoIterator<Item = Member>) -> ObjectBuilder {
    input(members).additional_properties(Some(AdditionalProperties::FreeForm(false)))
}

pub(super) fn named(name: &str) -> Ref {
    Ref::from_schema_name(name)
}

pub(super) fn string() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String)
}

/// Returns the schema of a string that is stored, and therefore has no NUL.
pub(super) fn text() -> ObjectBuilder {
    string().pattern(Some(NO_NUL))
}

pub(super) fn nullable(string: ObjectBuilder) -> ObjectBuilder {
    string.schema_type(SchemaType::from_iter([Type::String, Type::Null]))
}

pub(super) fn boolean() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::Boolean)
}

/// Returns the schema of a boolean with a fixed value.
pub(super) fn only(value: bool) -> ObjectBuilder {
    boolean().enum_values(Some([value]))
}

pub(super) fn one_of<'a>(values: impl IntoIterator<Item = &'a str>) -> ObjectBuilder {
    string().enum_values(Some(values))
}

pub(super) fn null() -> Object {
    Object::with_type(Type::Null)
}

pub(super) fn email() -> ObjectBuilder {
    string()
        .max_length(Some(EMAIL_MAX_CHARS))
        .pattern(Some(EMAIL))
        .description(Some("Case-insensitive; stored in lower case"))
        .examples([json!("ada@example.com")])
}

pub(super) fn new_password() -> ObjectBuilder {
    password()
        .min_length(Some(MIN_UNITS))
        .description(Some("`minLength` and `maxLength` count UTF-16 code units"))
}

/// Returns the schema of an existing password.
pub(super) fn password() -> ObjectBuilder {
    string()
        .format(Some(SchemaFormat::KnownFormat(KnownFormat::Password)))
        .max_length(Some(MAX_UNITS))
        .examples([json!("correct horse 42")])
}

pub(super) fn target() -> ObjectBuilder {
    text()
        .pattern(Some(TARGET))
        .description(Some(
            "A path on this origin, or a URL on a trusted origin. Trusted URLs of apps (`myapp://…`) are accepted as well. An empty string means none.",
        ))
        .examples([json!("/dashboard")])
}

pub(super) fn time() -> ObjectBuilder {
    string()
        .format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)))
        .pattern(Some(TIME))
        .examples([json!("2026-01-02T03:04:05.678Z")])
}
