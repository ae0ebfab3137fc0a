//! The routing table. `resource` answers a wrong method with 405 and `Allow`.

mod listing;
mod status;
mod tasks;

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
        .default_service(to(async || Err::<&str, _>(Error::PathNotFound)));
}
