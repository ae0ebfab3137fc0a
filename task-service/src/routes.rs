//! The routing table, which a test compares with the API description. `resource` returns 405 with
//! `Allow` for a wrong method.

pub(crate) mod listing;
pub(crate) mod metadata;
pub(crate) mod status;
pub(crate) mod tasks;

use actix_web::{
    Error as WebError, HttpResponse, Resource, Scope,
    body::MessageBody,
    dev::{ServiceRequest, ServiceResponse},
    http::header::{CACHE_CONTROL, HeaderValue},
    middleware::{Next, from_fn},
    web::{ServiceConfig, resource, scope, to},
};

use service_kit::{
    docs,
    endpoint::{DELETE, Endpoint, PATCH, POST, PUT, READ},
};

use crate::{
    domain::resource::PATH as RESOURCE_METADATA,
    http::{
        caller::{for_readers, for_writers},
        challenge,
        error::Error,
    },
};

/// The committed `OpenAPI` document, which the service serves.
const DESCRIPTION: &str = include_str!("../openapi.json");
/// Policy for responses that only the client may store, and must revalidate before each use.
const PRIVATE: HeaderValue = HeaderValue::from_static("private, no-cache");

/// Path of the collection of tasks.
pub(crate) const TASKS_PATH: &str = "/api/tasks";

/// The endpoints of a task, and before them those of the collection.
pub(crate) static TASKS: [Endpoint; 6] = [
    Endpoint(READ, "", || to(for_readers(listing::list_tasks))),
    Endpoint(POST, "", || to(for_writers(tasks::create_task))),
    Endpoint(READ, "/{id}", || to(for_readers(tasks::get_task))),
    Endpoint(PUT, "/{id}", || to(for_writers(tasks::update_task))),
    Endpoint(PATCH, "/{id}", || to(for_writers(tasks::update_task))),
    Endpoint(DELETE, "/{id}", || to(for_writers(tasks::delete_task))),
];

pub(crate) static ELSEWHERE: [Endpoint; 3] = [
    Endpoint(READ, RESOURCE_METADATA, || to(metadata::resource_metadata)),
    Endpoint(READ, "/health/live", || to(status::live)),
    Endpoint(READ, "/health/ready", || to(status::ready)),
];

pub(crate) fn configure(app: &mut ServiceConfig) {
    let tasks = resources(&TASKS).fold(scope(TASKS_PATH), Scope::service);
    app.service(tasks.wrap(from_fn(add_headers)));
    for resource in resources(&ELSEWHERE) {
        app.service(resource);
    }
    app.service(resource("/openapi.json").get(description).head(description))
        .service(docs::page())
        .default_service(to(async || Err::<&str, _>(Error::PathNotFound)));
}

/// Returns one resource for each path in the table.
fn resources(table: &[Endpoint]) -> impl Iterator<Item = Resource> {
    table.chunk_by(|Endpoint(_, one, _), Endpoint(_, next, _)| one == next).map(|endpoints| {
        let path = endpoints.first().map_or("", |Endpoint(_, path, _)| path);
        endpoints.iter().map(Endpoint::route).fold(resource(path), Resource::route)
    })
}

/// Middleware that completes authentication challenges and adds `Cache-Control` to responses below
/// `/api/tasks`.
async fn add_headers<B: MessageBody + 'static>(
    req: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, WebError> {
    let mut response = next.call(req).await?;
    challenge::name_metadata(&mut response);
    if !response.headers().contains_key(CACHE_CONTROL) {
        response.headers_mut().insert(CACHE_CONTROL, PRIVATE);
    }
    Ok(response)
}

async fn description() -> HttpResponse {
    docs::openapi(DESCRIPTION)
}
