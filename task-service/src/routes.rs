//! The routing table. `resource` returns 405 with `Allow` for a wrong method.

pub(crate) mod listing;
pub(crate) mod status;
pub(crate) mod tasks;

use actix_web::{
    HttpResponse,
    http::header::CACHE_CONTROL,
    middleware::{DefaultHeaders, from_fn},
    web::{ServiceConfig, resource, scope, to},
};

use service_kit::docs;

use crate::http::{error::Error, rate_limit};

/// The committed `OpenAPI` document, which the service serves.
const DESCRIPTION: &str = include_str!("../openapi.json");
/// Clients may cache a task, but must revalidate it with `If-None-Match`.
const PRIVATE: &str = "private, no-cache";

pub(crate) fn configure(app: &mut ServiceConfig) {
    let tasks = scope("/api/tasks")
        .wrap(from_fn(rate_limit::add_headers))
        .wrap(DefaultHeaders::new().add((CACHE_CONTROL, PRIVATE)))
        .service(
            resource("")
                .get(listing::list_tasks)
                .head(listing::list_tasks)
                .post(tasks::create_task),
        )
        .service(
            resource("/{id}")
                .get(tasks::get_task)
                .head(tasks::get_task)
                .put(tasks::update_task)
                .patch(tasks::update_task)
                .delete(tasks::delete_task),
        );
    app.service(tasks)
        .service(resource("/health/live").get(status::live).head(status::live))
        .service(resource("/health/ready").get(status::ready).head(status::ready))
        .service(resource("/openapi.json").get(description).head(description))
        .service(docs::page())
        .default_service(to(async || Err::<&str, _>(Error::PathNotFound)));
}

async fn description() -> HttpResponse {
    docs::openapi(DESCRIPTION)
}
