//! What bodies are made of.

use serde_json::json;
use utoipa::openapi::{
    KnownFormat, Object, ObjectBuilder, Ref, RefOr, Schema, SchemaFormat, Type,
    schema::{AdditionalProperties, SchemaType},
};

use crate::{
    input::EMAIL_MAX_CHARS,
    password::{MAX_UNITS, MIN_UNITS},
};

/// `is_email`, as a pattern.
const EMAIL: &str = "^(?:[A-Za-z0-9_'+-]+\\.)*[A-Za-z0-9_'+-]*[A-Za-z0-9_+-]\
                     @(?:[A-Za-z0-9][A-Za-z0-9-]*\\.)+[A-Za-z]{2,}$";
/// PostgreSQL has no NUL.
const NO_NUL: &str = "^[^\\u0000]*$";
/// Nothing, a path, or an address. Which ones are trusted is a matter of configuration.
const TARGET: &str = "^(|/[^\\\\]*|https?://[^\\\\]+)$";
const TIME: &str = "^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{3}Z$";

/// A member of an object.
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

/// A body that is sent. Other members are ignored.
pub(super) fn input(members: impl IntoIterator<Item = Member>) -> ObjectBuilder {
    members.into_iter().fold(ObjectBuilder::new(), |object, member| {
        let object = object.property(member.name, member.schema);
        if member.is_required { object.required(member.name) } else { object }
    })
}

/// A body that is answered, or a part of it. There are no other members.
pub(super) fn output(members: impl IntoIterator<Item = Member>) -> ObjectBuilder {
    input(members).additional_properties(Some(AdditionalProperties::FreeForm(false)))
}

/// One of the named schemas.
pub(super) fn named(name: &str) -> Ref {
    Ref::from_schema_name(name)
}

/// Any string.
pub(super) fn string() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String)
}

/// A string that is stored.
pub(super) fn text() -> ObjectBuilder {
    string().pattern(Some(NO_NUL))
}

pub(super) fn nullable(string: ObjectBuilder) -> ObjectBuilder {
    string.schema_type(SchemaType::from_iter([Type::String, Type::Null]))
}

pub(super) fn boolean() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::Boolean)
}

/// Always this.
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
        .description(Some("In any case; it is kept in lower case"))
        .examples([json!("ada@example.com")])
}

pub(super) fn new_password() -> ObjectBuilder {
    password().min_length(Some(MIN_UNITS)).description(Some("Length in UTF-16 code units"))
}

/// One that exists, perhaps.
pub(super) fn password() -> ObjectBuilder {
    string()
        .format(Some(SchemaFormat::KnownFormat(KnownFormat::Password)))
        .max_length(Some(MAX_UNITS))
        .examples([json!("correct horse 42")])
}

/// Where to lead the browser.
pub(super) fn target() -> ObjectBuilder {
    text()
        .pattern(Some(TARGET))
        .description(Some("A path of this origin, or an address of a trusted one; empty is none"))
        .examples([json!("/dashboard")])
}

pub(super) fn time() -> ObjectBuilder {
    string()
        .format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)))
        .pattern(Some(TIME))
        .examples([json!("2026-01-02T03:04:05.678Z")])
}
