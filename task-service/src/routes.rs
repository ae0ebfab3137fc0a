//! The routing table. `resource` answers a wrong method with 405 and `Allow`.

pub(crate) mod listing;
pub(crate) mod status;
pub(crate) mod tasks;

use actix_web::web::{ServiceConfig, resource, scope, to};

use service_kit::docs;

use crate::{error::Error, openapi};

pub(crate) fn configure(app: &mut ServiceConfig) {
    let tasks = scope("/api/tasks")
        .service(resource("").get(listing::list_tasks).post(tasks::create_task))
        .service(
            resource("/{id}")
                .get(tasks::get_task)
                .put(tasks::update_task)
                .patch(tasks::update_task)
                .delete(tasks::delete_task),
        );
    app.service(tasks)
        .service(resource("/health/live").get(status::live))
        .service(resource("/health/ready").get(status::ready))
        .service(resource("/openapi.json").get(async || docs::openapi(openapi::COMMITTED)))
        .service(docs::page())
        .default_service(to(async || Err::<&str, _>(Error::PathNotFound)));
}
