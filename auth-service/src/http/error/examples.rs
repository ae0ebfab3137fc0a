//! Error responses in the API description, with an example of each error.

use std::collections::BTreeMap;

use utoipa::openapi::{Content, Ref, RefOr, Response, example::ExampleBuilder};

use super::Error;

pub(crate) type Responses = BTreeMap<String, RefOr<Response>>;

/// Declares a type for the `responses` of an operation, which describes the operation's own
/// rejections; `openapi` adds those that many operations share. A message in parentheses is an
/// example, for a rejection whose message varies.
macro_rules! refusals {
    ($name:ident: $($rejection:ident $(($message:literal))?),+ $(,)?) => {
        pub(crate) enum $name {}

        impl utoipa::IntoResponses for $name {
            fn responses() -> $crate::http::error::examples::Responses {
                use $crate::http::error::{Error, Rejection, examples};
                let mut responses = Default::default();
                $(
                    let error = Error::from(Rejection::$rejection$(.with_message($message))?);
                    examples::add(&mut responses, &error);
                )+
                responses
            }
        }
    };
}
pub(crate) use refusals;

/// Adds the error as an example to the response with its status.
pub(crate) fn add(responses: &mut Responses, error: &Error) {
    let (status, body) = error.answer();
    let response = responses
        .entry(status.as_str().to_owned())
        .or_insert_with(|| Response::new(status.canonical_reason().unwrap_or_default()).into());
    let RefOr::T(response) = response else { return };
    let content = response.content.entry("application/json".to_owned());
    let schema = || Content::new(Some(Ref::from_schema_name("Error")));
    let RefOr::T(content) = content.or_insert_with(|| schema().into()) else { return };
    let code = body.code.unwrap_or("no code");
    let others = content.examples.keys().filter(|name| name.starts_with(code)).count();
    let name = if others == 0 { code.to_owned() } else { format!("{code} {}", others + 1) };
    let example = ExampleBuilder::new().value(serde_json::to_value(&body).ok()).build();
    content.examples.insert(name, example.into());
}
