//! The `OpenAPI` 3.1 document. Operations are described beside their handlers; the error responses
//! of the tasks API, security schemes and shared headers are added here.

use std::collections::BTreeMap;

use service_kit::server::Exhausted;
use utoipa::{
    Modify, OpenApi,
    openapi::{
        Components, Content, Header, Object, Ref, RefOr, Response, Type,
        example::ExampleBuilder,
        path::Operation,
        security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme},
    },
};

use crate::{
    domain::{principal::Scope, quota::Limited, rate_limit::TooMany},
    http::error::{Error, InputError, PROBLEM_JSON, Problem, Verb},
    routes,
};

const BEARER: &str = "bearer";

#[derive(Debug, OpenApi)]
#[openapi(
    info(
        title = "task-service",
        description = "Task lists. Each request acts on the tasks of the user or client named by the `sub` claim of \
                       its bearer token. Errors are problem documents (RFC 9457): `detail` is meant for people, \
                       `code` for programs.",
        license(name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0"),
    ),
    tags(
        (name = "tasks", description = "Create, read, update and delete tasks"),
        (name = "metadata", description = "How to get a token"),
        (name = "health", description = "Probes for load balancers and orchestrators"),
    ),
    paths(
        routes::listing::list_tasks,
        routes::tasks::create_task,
        routes::tasks::get_task,
        routes::tasks::update_task,
        routes::tasks::delete_task,
        routes::metadata::resource_metadata,
        routes::status::live,
        routes::status::ready,
    ),
    components(schemas(Problem<'_>, routes::listing::SortName, routes::listing::OrderName)),
    modifiers(&Common),
)]
pub struct ApiDoc;

impl ApiDoc {
    /// Returns the JSON of the document, as committed in `openapi.json`.
    pub fn json() -> Result<String, serde_json::Error> {
        Self::openapi().to_pretty_json().map(|json| json + "\n")
    }
}

struct Common;

impl Modify for Common {
    fn modify(&self, openapi: &mut utoipa::openapi::OpenApi) {
        let components = openapi.components.get_or_insert_default();
        let bearer = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .bearer_format("JWT")
            .description(Some(
                "An access token signed with EdDSA by a trusted issuer (RFC 6750). The token of a client \
                 needs the scope `tasks:read` or `tasks:write`.",
            ))
            .build();
        components.add_security_scheme(BEARER, SecurityScheme::Http(bearer));
        for (name, kind, meaning) in HEADERS {
            components.headers.insert(name.to_owned(), header(kind, meaning).into());
        }
        for (path, item) in &mut openapi.paths.paths {
            // PUT and PATCH share a handler, but an operation id must be unique.
            if let Some(patch) = &mut item.patch {
                patch.operation_id = Some("patch_task".to_owned());
            }
            let operations = [
                (&mut item.get, Scope::ReadTasks),
                (&mut item.post, Scope::WriteTasks),
                (&mut item.put, Scope::WriteTasks),
                (&mut item.patch, Scope::WriteTasks),
                (&mut item.delete, Scope::WriteTasks),
            ];
            for (operation, scope) in operations {
                if let Some(operation) = operation {
                    if path.starts_with("/api/") {
                        make_private(operation, scope, components);
                    } else {
                        operation.security = Some(Vec::new());
                    }
                    for response in operation.responses.responses.values_mut() {
                        if let RefOr::T(response) = response {
                            add_header(response, REQUEST_ID);
                        }
                    }
                }
            }
        }
    }
}

fn make_private(operation: &mut Operation, scope: Scope, components: &mut Components) {
    let scopes: [&str; 0] = [];
    operation.security = Some(vec![SecurityRequirement::new(BEARER, scopes)]);
    for response in operation.responses.responses.values_mut() {
        if let RefOr::T(response) = response {
            add_rate_limit(response);
        }
    }
    let mut by_status = BTreeMap::<u16, Vec<Error>>::new();
    for error in refusals(operation, scope) {
        by_status.entry(error.problem().status).or_default().push(error);
    }
    for (status, errors) in by_status {
        let response = refusal(status, &errors);
        // Responses with status 403 or 422, and those with errors that only the listing has, differ
        // between operations; all others are shared components.
        let is_of_listing = errors
            .iter()
            .any(|error| matches!(error, Error::TooManySearches | Error::ResponsesInFlight(_)));
        let response = if matches!(status, 403 | 422) || is_of_listing {
            response.into()
        } else {
            let name = response.description.replace(' ', "");
            components.responses.insert(name.clone(), response.into());
            Ref::from_response_name(name).into()
        };
        operation.responses.responses.insert(status.to_string(), response);
    }
}

/// Returns examples of the errors that follow from the parameters, the body and the responses of an
/// operation.
fn refusals(operation: &Operation, scope: Scope) -> Vec<Error> {
    let takes = |name: &str| {
        let mut parameters = operation.parameters.iter().flatten();
        parameters.any(|parameter| matches!(parameter, RefOr::T(it) if it.name == name))
    };
    let mistake = |place: &'static str, name: &'static str, msg: &'static str, kind| InputError {
        loc: vec![place.into(), name.into()],
        msg: msg.into(),
        kind,
    };
    let mut errors = vec![
        Error::Bearer(jwks_auth::Error::Missing),
        Error::Bearer(jwks_auth::Error::Expired),
        Error::InsufficientScope(scope),
        Error::RateLimited(TooMany::EXAMPLE),
        Error::Bearer(jwks_auth::Error::Unavailable { retry_after: std::time::Duration::ZERO }),
        Error::outage(),
    ];
    if takes("id") {
        errors.extend([Error::Forbidden(Verb::Access), Error::TaskNotFound]);
    }
    if takes("limit") {
        let msg = "Input should be an integer from 1 to 1000";
        errors.push(Error::Invalid(vec![mistake("query", "limit", msg, "int_range")]));
        errors.push(Error::TooManySearches);
        errors.extend([Exhausted::ByUser, Exhausted::ByAll].map(Error::ResponsesInFlight));
    }
    if operation.request_body.is_some() {
        let title = mistake("body", "title", "Field required", "missing");
        errors.extend([
            Error::InvalidJson,
            Error::BodyTimedOut,
            Error::BodyTooLarge,
            Error::UnsupportedMediaType,
            Error::Invalid(vec![title]),
        ]);
    }
    if takes("Idempotency-Key") {
        errors.push(Error::KeyReused);
    }
    if operation.responses.responses.contains_key("201") {
        errors.push(Error::QuotaExceeded { limited: Limited::Tasks, max: 100_000 });
    }
    if takes("If-Match") {
        errors.push(Error::PreconditionFailed);
    }
    if takes("Prefer") {
        errors.push(Error::PreconditionRequired);
    }
    errors
}

/// Returns the response for one status, with an example for each error.
fn refusal(status: u16, errors: &[Error]) -> Response {
    let mut content = Content::new(Some(Ref::from_schema_name("Problem")));
    let mut title = "";
    for error in errors {
        let problem = error.problem();
        title = problem.title;
        let example = ExampleBuilder::new().value(serde_json::to_value(&problem).ok()).build();
        let name = format!("{} {}", problem.code, content.examples.len() + 1);
        content.examples.insert(name, example.into());
    }
    let mut response = Response::new(title);
    response.content.insert(PROBLEM_JSON.to_owned(), content.into());
    add_header(&mut response, REQUEST_ID);
    match status {
        401 => add_header(&mut response, "WWW-Authenticate"),
        403 => {
            add_header(&mut response, "WWW-Authenticate");
            add_rate_limit(&mut response);
        }
        503 => add_header(&mut response, "Retry-After"),
        429 => {
            add_header(&mut response, "Retry-After");
            add_rate_limit(&mut response);
        }
        _ => add_rate_limit(&mut response),
    }
    response
}

const REQUEST_ID: &str = "X-Request-Id";
const RATE_LIMIT: [&str; 3] = ["RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset"];

/// Headers that several responses share: name, type and description.
const HEADERS: [(&str, Type, &str); 6] = [
    (REQUEST_ID, Type::String, "Identifies the request in logs and traces"),
    ("RateLimit-Limit", Type::Integer, "Maximum number of requests in a burst"),
    ("RateLimit-Remaining", Type::Integer, "Number of requests left"),
    ("RateLimit-Reset", Type::Integer, "Seconds until the quota resets"),
    ("Retry-After", Type::Integer, "Seconds to wait before retrying"),
    ("WWW-Authenticate", Type::String, "Authentication challenge (RFC 6750 §3)"),
];

/// Adds the rate limit headers. Unauthenticated requests are not rate limited.
fn add_rate_limit(response: &mut Response) {
    for name in RATE_LIMIT {
        add_header(response, name);
    }
}

fn add_header(response: &mut Response, name: &str) {
    let shared = Ref::new(format!("#/components/headers/{name}"));
    response.headers.insert(name.to_owned(), RefOr::Ref(shared));
}

fn header(kind: Type, description: &str) -> Header {
    let mut header = Header::new(Object::with_type(kind));
    header.description = Some(description.to_owned());
    header
}

#[cfg(test)]
mod tests {
    use actix_web::http::Method;
    use service_kit::endpoint::Endpoint;

    use super::*;
    use crate::routes::{ELSEWHERE, TASKS, TASKS_PATH};

    #[test]
    fn every_endpoint_is_described() {
        let description = serde_json::to_value(ApiDoc::openapi()).unwrap();
        let tasks = TASKS.iter().map(|endpoint| (TASKS_PATH, endpoint));
        for (base, Endpoint(methods, path, _)) in
            tasks.chain(ELSEWHERE.iter().map(|endpoint| ("", endpoint)))
        {
            let path = format!("{base}{path}");
            for method in methods.iter().filter(|method| *method != Method::HEAD) {
                let operation = &description["paths"][&path][method.as_str().to_lowercase()];
                assert!(operation.is_object(), "{method} {path} is missing in openapi.rs");
            }
        }
    }
}
