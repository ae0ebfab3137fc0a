//! The routing table. `resource` answers a wrong method with 405 and `Allow`.

mod docs;
pub(crate) mod listing;
pub(crate) mod status;
pub(crate) mod tasks;

use actix_web::web::{ServiceConfig, resource, to};

use crate::error::Error;

pub(crate) fn configure(app: &mut ServiceConfig) {
    app.service(resource("/api/tasks").get(listing::list_tasks).post(tasks::create_task))
        .service(
            resource("/api/tasks/{id}")
                .get(tasks::get_task)
                .put(tasks::update_task)
                .patch(tasks::update_task)
                .delete(tasks::delete_task),
        )
        .service(resource("/health/live").get(status::live))
        .service(resource("/health/ready").get(status::ready))
        .service(resource("/openapi.json").get(docs::openapi))
        .service(resource("/docs").get(docs::to_ui))
        .service(docs::ui())
        .default_service(to(async || Err::<&str, _>(Error::PathNotFound)));
}
