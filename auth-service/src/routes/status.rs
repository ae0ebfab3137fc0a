//! Liveness and readiness.

use actix_web::{HttpResponse, http::header::RETRY_AFTER, web::Data};
use serde_json::json;
use service_kit::lifecycle;

use crate::state::AppState;

/// Tables that every sign-in needs.
const TABLES: [&str; 3] = ["users", "accounts", "sessions"];

/// Health endpoint of the wire contract.
pub(crate) async fn ok() -> HttpResponse {
    HttpResponse::Ok().json(json!({ "ok": true }))
}

/// Liveness: the process runs.
pub(crate) async fn live() -> HttpResponse {
    HttpResponse::Ok().json(json!({ "status": "ok" }))
}

/// Readiness: the database responds and has its schema, and tokens can be signed.
pub(crate) async fn ready(state: Data<AppState>) -> HttpResponse {
    let parts = [
        state.database.is_ready(&TABLES).await,
        state.database.has_schema(),
        state.issuer.has_keys(),
    ];
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
