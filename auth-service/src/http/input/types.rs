//! Types of request fields, with their validation and their schemas in the API description.

use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{KnownFormat, ObjectBuilder, RefOr, Schema, SchemaFormat, Type, schema::SchemaType},
};

use crate::domain::{
    email_address::{EMAIL_MAX_CHARS, is_email},
    javascript,
    passwords::{MAX_UNITS, MIN_UNITS},
};

/// The rules of `is_email` as a pattern, except for the maximum lengths of the address and of a
/// local part with dots.
const EMAIL: &str = "^(?:[A-Za-z0-9_'+-]+\\.)*[A-Za-z0-9_'+-]{0,63}[A-Za-z0-9_+-]\
                     @(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\\.)+[A-Za-z]{2,63}$";
const NO_NUL: &str = "^[^\\u0000]*$";
/// Pattern of redirect targets: an empty string, a path, or an http or https URL. Which origins are
/// trusted depends on the configuration.
const TARGET: &str = "^(|/[^\\\\]*|https?://[^\\\\]+)$";
/// Maximum length of a redirect target. A target is stored, and sent percent-encoded in e-mails.
const TARGET_MAX_BYTES: usize = 2048;

/// A string without NUL, which PostgreSQL does not accept in strings.
#[derive(Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct Text(pub(crate) String);

/// A string without NUL (see [`Text`]), or null.
#[derive(Deserialize)]
pub(crate) struct NullableText(pub(crate) Option<Text>);

/// A valid e-mail address, in lower case.
#[derive(Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct Email(pub(crate) String);

/// An existing password.
#[derive(Deserialize)]
pub(crate) struct Password(pub(crate) String);

/// A new password. The handler checks its length.
#[derive(Deserialize)]
pub(crate) struct NewPassword(pub(crate) String);

/// An optional redirect target. An empty string counts as absent.
#[derive(Default, Deserialize)]
#[serde(try_from = "Option<Text>")]
pub(crate) struct Target(pub(crate) Option<String>);

#[derive(Deserialize)]
pub(crate) struct Ignored;

/// Whether JavaScript would treat the value of a field as true.
#[derive(Default, Deserialize)]
#[serde(from = "Option<Value>")]
pub(crate) struct Truthy(pub(crate) bool);

impl TryFrom<String> for Text {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        if text.contains('\0') { Err("Invalid input: NUL is not allowed") } else { Ok(Self(text)) }
    }
}

impl TryFrom<String> for Email {
    type Error = &'static str;

    fn try_from(address: String) -> Result<Self, Self::Error> {
        if is_email(&address) {
            Ok(Self(address.to_ascii_lowercase()))
        } else {
            Err("Invalid email address")
        }
    }
}

impl TryFrom<Option<Text>> for Target {
    type Error = String;

    fn try_from(target: Option<Text>) -> Result<Self, Self::Error> {
        match target {
            Some(Text(target)) if target.len() > TARGET_MAX_BYTES => {
                Err(format!("Too big: expected string to have <={TARGET_MAX_BYTES} bytes"))
            }
            target => Ok(Self(target.map(|Text(target)| target))),
        }
    }
}

impl Target {
    pub(crate) fn as_deref(&self) -> Option<&str> {
        self.0.as_deref().filter(|target| !target.is_empty())
    }
}

impl From<Option<Value>> for Truthy {
    fn from(value: Option<Value>) -> Self {
        Self(value.as_ref().is_some_and(javascript::is_truthy))
    }
}

fn string() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String)
}

fn password() -> ObjectBuilder {
    string()
        .format(Some(SchemaFormat::KnownFormat(KnownFormat::Password)))
        .max_length(Some(MAX_UNITS))
        .examples([json!("correct horse 42")])
}

impl PartialSchema for Text {
    fn schema() -> RefOr<Schema> {
        string().pattern(Some(NO_NUL)).into()
    }
}

impl PartialSchema for NullableText {
    fn schema() -> RefOr<Schema> {
        let types = SchemaType::from_iter([Type::String, Type::Null]);
        string().pattern(Some(NO_NUL)).schema_type(types).into()
    }
}

impl PartialSchema for Email {
    fn schema() -> RefOr<Schema> {
        string()
            .max_length(Some(EMAIL_MAX_CHARS))
            .pattern(Some(EMAIL))
            .description(Some("Case-insensitive; stored in lower case"))
            .examples([json!("ada@example.com")])
            .into()
    }
}

impl PartialSchema for Password {
    fn schema() -> RefOr<Schema> {
        password().into()
    }
}

impl PartialSchema for NewPassword {
    fn schema() -> RefOr<Schema> {
        password()
            .min_length(Some(MIN_UNITS))
            .description(Some("`minLength` and `maxLength` count UTF-16 code units"))
            .into()
    }
}

impl PartialSchema for Target {
    fn schema() -> RefOr<Schema> {
        string()
            .pattern(Some(TARGET))
            .description(Some(
                "A path on this origin, or a URL on a trusted origin. Trusted URLs of apps (`myapp://…`) are accepted as well. An empty string means none.",
            ))
            .examples([json!("/dashboard")])
            .into()
    }
}

impl PartialSchema for Ignored {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new().schema_type(SchemaType::AnyValue).into()
    }
}

impl ToSchema for Text {}
impl ToSchema for NullableText {}
impl ToSchema for Email {}
impl ToSchema for Password {}
impl ToSchema for NewPassword {}
impl ToSchema for Target {}
impl ToSchema for Ignored {}
