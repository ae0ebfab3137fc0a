//! Liveness and readiness.

use actix_web::{HttpResponse, http::header::RETRY_AFTER, web::Data};
use serde_json::json;
use service_kit::lifecycle;

use crate::http::state::AppState;

/// Tables that every sign-in needs.
const TABLES: [&str; 3] = ["users", "accounts", "sessions"];

/// Returns `{"ok": true}`, as the health endpoint of Better Auth does.
pub(crate) async fn ok() -> HttpResponse {
    HttpResponse::Ok().json(json!({ "ok": true }))
}

/// Reports liveness: the process can respond.
pub(crate) async fn live() -> HttpResponse {
    HttpResponse::Ok().json(json!({ "status": "ok" }))
}

/// Reports readiness: the database responds and has its schema, the signing keys are loaded, and
/// the process is not stopping.
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
