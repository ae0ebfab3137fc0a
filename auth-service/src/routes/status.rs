//! Liveness and readiness.

use actix_web::{
    HttpResponse,
    http::header::RETRY_AFTER,
    web::{Data, Json},
};
use serde::Serialize;
use service_kit::lifecycle;
use utoipa::ToSchema;

use crate::http::{documents::True, state::AppState};

/// Tables that every sign-in needs.
const TABLES: [&str; 3] = ["users", "accounts", "sessions"];

#[derive(Serialize, ToSchema)]
pub(crate) struct OkResponse {
    ok: True,
}

#[derive(PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum HealthStatus {
    Ok,
    Unavailable,
    Stopping,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum PartStatus {
    Ok,
    Unavailable,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct LivenessResponse {
    status: Alive,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum Alive {
    Ok,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct ReadinessResponse {
    status: HealthStatus,
    database: PartStatus,
    schema: PartStatus,
    keys: PartStatus,
}

/// Check that the service responds (Better Auth)
#[utoipa::path(
    get, path = "/api/auth/ok", operation_id = "ok", tag = "service",
    responses((status = 200, description = "The service responds", body = OkResponse)),
)]
pub(crate) async fn ok() -> Json<OkResponse> {
    Json(OkResponse { ok: True })
}

/// Check liveness
#[utoipa::path(
    get, path = "/health/live", operation_id = "live", tag = "service",
    responses((status = 200, description = "Service is alive", body = LivenessResponse)),
)]
pub(crate) async fn live() -> Json<LivenessResponse> {
    Json(LivenessResponse { status: Alive::Ok })
}

/// Check readiness
#[utoipa::path(
    get, path = "/health/ready", operation_id = "ready", tag = "service",
    responses(
        (status = 200, description = "Service is ready", body = ReadinessResponse),
        (
            status = 503,
            description = "Service is not ready",
            body = ReadinessResponse,
            headers(("Retry-After")),
        ),
    ),
)]
pub(crate) async fn ready(state: Data<AppState>) -> HttpResponse {
    let parts = [
        state.database.is_ready(&TABLES).await,
        state.database.has_schema(),
        state.issuer.has_keys(),
    ];
    let status = match parts.iter().all(|is_ready| *is_ready) {
        _ if lifecycle::is_stopping() => HealthStatus::Stopping,
        true => HealthStatus::Ok,
        false => HealthStatus::Unavailable,
    };
    let word = |is_ready| if is_ready { PartStatus::Ok } else { PartStatus::Unavailable };
    let [database, schema, keys] = parts.map(word);
    let body = ReadinessResponse { status, database, schema, keys };
    if body.status == HealthStatus::Ok {
        HttpResponse::Ok().json(body)
    } else {
        HttpResponse::ServiceUnavailable().insert_header((RETRY_AFTER, "1")).json(body)
    }
}
