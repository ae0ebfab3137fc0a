//! Completes the operations: simplifies the schemas of their input, and adds the errors and headers
//! that follow from their path, parameters, body and security.

use std::time::Duration;

use actix_web::http::StatusCode;
use utoipa::openapi::{
    Components, Object, OpenApi, PathItem, Ref, RefOr, Required, Response, Schema, Type,
    path::{Operation, ParameterIn},
    schema::SchemaType,
};

use super::{
    headers::{REQUEST_ID, SET_COOKIE, add_headers, of_status, share_headers},
    schemas::{FieldTypes, flatten, name_of, unwrapped},
    security::COOKIE,
};
use crate::{
    http::{
        error::{
            Error, Internal, Rejection, Unavailable,
            examples::{self, Responses},
        },
        input::{FORM, FORM_OR_JSON, JSON, unsupported_media_type},
        origin::{REDIRECTS, not_a_string},
        session_cookies::SET_AUTH_TOKEN,
    },
    routes::{BASE_PATH, SECURITY_EVENTS},
};

/// Paths outside the base path whose operations use the database. All operations below the base
/// path may use it, because requests to them are counted for rate limits.
const USE_DATABASE: [&str; 3] = ["/jwks", "/.well-known/jwks.json", SECURITY_EVENTS];

pub(super) fn complete(openapi: &mut OpenApi, fields: &FieldTypes) {
    let components = openapi.components.get_or_insert_default();
    for (path, PathItem { get, post, .. }) in &mut openapi.paths.paths {
        for operation in [get, post].into_iter().flatten() {
            operation.description = operation.description.take().map(|text| unwrapped(&text));
            describe_input(operation, components, fields);
            add_errors(path, operation, components);
            add_all_headers(operation);
        }
    }
}

/// Simplifies the schemas of the parameters and the body.
fn describe_input(operation: &mut Operation, components: &Components, fields: &FieldTypes) {
    for parameter in operation.parameters.iter_mut().flatten() {
        if let RefOr::T(parameter) = parameter
            && let Some(schema) = &mut parameter.schema
        {
            flatten(schema, fields, true);
        }
    }
    operation.security.get_or_insert_default();
    let Some(RefOr::T(body)) = &mut operation.request_body else { return };
    if body.required == Some(Required::False) {
        body.required = None;
    }
    for (media_type, content) in &mut body.content {
        let RefOr::T(content) = content else { continue };
        let Some(schema) = &mut content.schema else { continue };
        flatten(schema, fields, true);
        if is_any(schema) {
            body.required = None;
        }
        // All form values are strings, so the schema of the form omits fields of other types.
        if media_type == FORM
            && let Some(object) = object(schema, components)
            && object.properties.values().any(|field| !is_string(field))
        {
            let mut object = object.clone();
            object.properties.retain(|_, field| is_string(field));
            *schema = Schema::Object(object).into();
        }
    }
}

fn add_errors(path: &str, operation: &mut Operation, components: &mut Components) {
    let (own, common) = errors(path, operation, components);
    let responses = &mut operation.responses.responses;
    for error in &own {
        examples::add(responses, error);
    }
    let mut shared = Responses::new();
    for error in &common {
        let status = error.answer().0;
        let is_own = responses.contains_key(status.as_str());
        examples::add(if is_own { responses } else { &mut shared }, error);
    }
    // A response that has only common errors becomes a shared component.
    for (status, mut response) in shared {
        if let RefOr::T(response) = &mut response {
            add_headers_of_error(&status, response);
            let name = response.description.replace(' ', "");
            components.responses.insert(name.clone(), response.clone().into());
            responses.insert(status, Ref::from_response_name(name).into());
        }
    }
}

/// Returns the errors that follow from the path, the parameters and the body: first those that the
/// operation itself describes, then those that shared components describe where possible.
fn errors(path: &str, operation: &Operation, components: &Components) -> (Vec<Error>, Vec<Error>) {
    let (mut own, mut common) = (Vec::new(), Vec::new());
    let is_below_base = path.starts_with(BASE_PATH);
    if is_below_base {
        common.push(Error::TooManyRequests { wait: Duration::from_secs(10) });
    }
    if is_below_base || USE_DATABASE.contains(&path) {
        common.extend([Internal::NoState.into(), Unavailable::TooManyPasswords.into()]);
    }
    let required = operation.parameters.iter().flatten().find_map(|parameter| match parameter {
        RefOr::T(it) if it.parameter_in == ParameterIn::Query && it.required == Required::True => {
            Some(&it.name)
        }
        _ => None,
    });
    if let Some(name) = required {
        let problem = format!("[query.{name}] Invalid input: expected string, received undefined");
        own.push(Rejection::Validation.with_message(problem));
        own.push(Rejection::InvalidCallbackUrl.into());
    }
    let Some(RefOr::T(body)) = &operation.request_body else { return (own, common) };
    let refuse = |allowed| unsupported_media_type("text/plain", allowed);
    let json = body.content.get(JSON);
    common.extend([Rejection::BodyTooLarge, Rejection::EncodedBody].map(Error::from));
    match (json.is_some(), body.content.contains_key(FORM)) {
        (true, true) => own.push(refuse(FORM_OR_JSON)),
        (true, false) => common.push(refuse(JSON)),
        (false, _) => own.extend([refuse(FORM), Rejection::BodyTimedOut.into()]),
    }
    let Some(RefOr::T(json)) = json else { return (own, common) };
    common.extend([Rejection::InvalidJson, Rejection::BodyTimedOut].map(Error::from));
    if is_below_base {
        common.extend([
            Rejection::MissingOrNullOrigin.into(),
            Rejection::InvalidOrigin.into(),
            not_a_string(Rejection::InvalidCallbackUrl),
        ]);
        common.extend(REDIRECTS.map(|(_, untrusted)| untrusted.into()));
        let object = json.schema.as_ref().and_then(|schema| object(schema, components));
        own.extend(object.and_then(invalid));
    }
    (own, common)
}

/// Returns an example of the error for a body with an invalid field.
fn invalid(object: &Object) -> Option<Error> {
    let (name, received) = match object.required.first() {
        Some(name) => (name, "undefined"),
        None => (object.properties.keys().next()?, "number"),
    };
    let problem = format!("[body.{name}] Invalid input: expected string, received {received}");
    Some(Rejection::Validation.with_message(problem))
}

fn add_all_headers(operation: &mut Operation) {
    let reads_session = operation.security.iter().flatten().any(|requirement| {
        serde_json::to_value(requirement).is_ok_and(|names| names.get(COOKIE).is_some())
    });
    for (status, response) in &mut operation.responses.responses {
        if let RefOr::T(response) = response {
            share_headers(response);
            add_headers_of_error(status, response);
            if reads_session {
                add_headers(response, &[SET_COOKIE, SET_AUTH_TOKEN]);
            }
        }
    }
}

fn add_headers_of_error(status: &str, response: &mut Response) {
    add_headers(response, &[REQUEST_ID]);
    if let Ok(status) = status.parse::<StatusCode>() {
        add_headers(response, of_status(status));
    }
}

fn object<'a>(schema: &'a RefOr<Schema>, components: &'a Components) -> Option<&'a Object> {
    match schema {
        RefOr::T(Schema::Object(object)) if !is_any(schema) => Some(object),
        RefOr::Ref(reference) => match components.schemas.get(name_of(reference))? {
            RefOr::T(Schema::Object(object)) => Some(object),
            _ => None,
        },
        RefOr::T(_) => None,
    }
}

fn is_any(schema: &RefOr<Schema>) -> bool {
    matches!(schema, RefOr::T(Schema::Object(object)) if object.schema_type == SchemaType::AnyValue)
}

fn is_string(schema: &RefOr<Schema>) -> bool {
    let string = SchemaType::Type(Type::String);
    matches!(schema, RefOr::T(Schema::Object(object)) if object.schema_type == string)
}
