//! Health endpoints: liveness and readiness.

use actix_web::{HttpResponse, http::header::RETRY_AFTER, web::Data};
use jwks_auth::Verifier;
use serde::Serialize;
use service_kit::lifecycle;
use utoipa::ToSchema;

use crate::http::state::AppState;

/// Tables that must be readable for the service to be ready.
const TABLES: [&str; 2] = ["tasks", "idempotency_keys"];

#[derive(PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum HealthStatus {
    Ok,
    Unavailable,
    Stopping,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct LivenessResponse {
    status: HealthStatus,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct ReadinessResponse {
    /// `ok` if the service is ready; `stopping` during a graceful shutdown.
    status: HealthStatus,
    database: HealthStatus,
    schema: HealthStatus,
    keys: HealthStatus,
    /// Whether all security events have been received; present if they are followed. Affects `status`
    /// during startup, and afterwards if `EVENTS_WHEN_SILENT` is `refuse`.
    #[serde(skip_serializing_if = "Option::is_none")]
    events: Option<HealthStatus>,
    /// HTTP proxy used to fetch the keys of the main issuer; present while they are unavailable, if
    /// a proxy is used.
    #[serde(skip_serializing_if = "Option::is_none")]
    keys_proxy: Option<String>,
}

/// Check liveness
///
/// Succeeds while the process is running.
#[utoipa::path(
    get,
    path = "/health/live",
    tag = "health",
    responses((status = 200, description = "Service is alive", body = LivenessResponse)),
)]
pub(crate) async fn live() -> HttpResponse {
    HttpResponse::Ok().json(LivenessResponse { status: HealthStatus::Ok })
}

/// Check readiness
///
/// Fails unless the database responds, its schema is up to date and the keys of the main issuer are
/// available; also fails during shutdown. If security events are followed, also fails at startup
/// until past events have been received or `EVENTS_MAX_SILENCE` has passed and, if
/// `EVENTS_WHEN_SILENT` is `refuse`, whenever events are not current.
#[utoipa::path(
    get,
    path = "/health/ready",
    tag = "health",
    responses(
        (status = 200, description = "Service is ready", body = ReadinessResponse),
        (
            status = 503,
            description = "Service is not ready",
            body = ReadinessResponse,
            headers(("Retry-After" = i64, description = "Seconds to wait before retrying")),
        ),
    ),
)]
pub(crate) async fn ready(state: Data<AppState>, verifier: Data<Verifier>) -> HttpResponse {
    let (database, keys) = (state.database.is_ready(&TABLES).await, verifier.is_ready());
    let schema = state.database.has_schema();
    let word = |is_ready| if is_ready { HealthStatus::Ok } else { HealthStatus::Unavailable };
    let stats = verifier.stats();
    let has_events = stats
        .feed
        .is_none_or(|feed| if feed.is_required { feed.is_current } else { feed.has_begun });
    let all = database && schema && keys && has_events;
    let status = if lifecycle::is_stopping() { HealthStatus::Stopping } else { word(all) };
    let [database, schema, keys] = [database, schema, keys].map(word);
    let keys_proxy = match keys {
        HealthStatus::Ok => None,
        _ => stats.issuers.into_iter().next().and_then(|issuer| issuer.proxy),
    };
    let events = stats.feed.map(|feed| word(feed.is_current));
    let body = ReadinessResponse { status, database, schema, keys, events, keys_proxy };
    if body.status == HealthStatus::Ok {
        HttpResponse::Ok().json(body)
    } else {
        HttpResponse::ServiceUnavailable().insert_header((RETRY_AFTER, "1")).json(body)
    }
}
