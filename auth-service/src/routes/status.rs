//! Is the process up, and can it work?

use actix_web::{HttpResponse, http::header::RETRY_AFTER, web::Data};
use serde_json::json;
use service_kit::lifecycle;

use crate::state::AppState;

/// The contract's own sign of life.
pub(crate) async fn ok() -> HttpResponse {
    HttpResponse::Ok().json(json!({ "ok": true }))
}

/// The process is up.
pub(crate) async fn live() -> HttpResponse {
    HttpResponse::Ok().json(json!({ "status": "ok" }))
}

/// The database answers and has its schema, and tokens can be signed.
pub(crate) async fn ready(state: Data<AppState>) -> HttpResponse {
    let parts =
        [state.database.is_ready().await, state.database.has_schema(), state.issuer.has_keys()];
    let word = |is_ready| if is_ready { "ok" } else { "unavailable" };
    let status = match parts.iter().all(|is_ready| *is_ready) {
        _ if lifecycle::is_stopping() => "stopping",
        all => word(all),
    };
    let [database, schema, keys] = parts.map(word);
    let body = json!({ "status": status, "database": database, "schema": schema, "keys": keys });
    if status == "ok" {
        HttpResponse::Ok().json(body)
    } else {
        HttpResponse::ServiceUnavailable().insert_header((RETRY_AFTER, "1")).json(body)
    }
}
