//! The routing table. `resource` returns 405 with `Allow` for a wrong method.

pub(crate) mod listing;
pub(crate) mod metadata;
pub(crate) mod status;
pub(crate) mod tasks;

use actix_web::{
    Error as WebError, HttpResponse,
    body::MessageBody,
    dev::{ServiceRequest, ServiceResponse},
    http::header::{CACHE_CONTROL, HeaderValue},
    middleware::{Next, from_fn},
    web::{ServiceConfig, resource, scope, to},
};

use service_kit::docs;

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

pub(crate) fn configure(app: &mut ServiceConfig) {
    let tasks = scope("/api/tasks")
        .wrap(from_fn(add_headers))
        .service(
            resource("")
                .get(for_readers(listing::list_tasks))
                .head(for_readers(listing::list_tasks))
                .post(for_writers(tasks::create_task)),
        )
        .service(
            resource("/{id}")
                .get(for_readers(tasks::get_task))
                .head(for_readers(tasks::get_task))
                .put(for_writers(tasks::update_task))
                .patch(for_writers(tasks::update_task))
                .delete(for_writers(tasks::delete_task)),
        );
    app.service(tasks)
        .service(
            resource(RESOURCE_METADATA)
                .get(metadata::resource_metadata)
                .head(metadata::resource_metadata),
        )
        .service(resource("/health/live").get(status::live).head(status::live))
        .service(resource("/health/ready").get(status::ready).head(status::ready))
        .service(resource("/openapi.json").get(description).head(description))
        .service(docs::page())
        .default_service(to(async || Err::<&str, _>(Error::PathNotFound)));
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
