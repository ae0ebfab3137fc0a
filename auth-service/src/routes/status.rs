//! Is the process up, and can it work?

use actix_web::{HttpResponse, http::header::RETRY_AFTER, web::Data};
use serde_json::json;

use crate::state::AppState;

/// The contract's own sign of life.
pub(crate) async fn ok() -> HttpResponse {
    HttpResponse::Ok().json(json!({ "ok": true }))
}

/// The process is up.
pub(crate) async fn live() -> HttpResponse {
    HttpResponse::Ok().json(json!({ "status": "ok" }))
}

/// The database answers.
pub(crate) async fn ready(state: Data<AppState>) -> HttpResponse {
    if state.database.is_ready().await {
        HttpResponse::Ok().json(json!({ "status": "ok", "database": "ok" }))
    } else {
        HttpResponse::ServiceUnavailable()
            .insert_header((RETRY_AFTER, "1"))
            .json(json!({ "status": "unavailable", "database": "unavailable" }))
    }
}
