//! Is the process up, and can it work?

use actix_web::{HttpResponse, http::header::RETRY_AFTER, web::Data};
use jwks_auth::Verifier;
use serde::Serialize;
use service_kit::lifecycle;
use utoipa::ToSchema;

use crate::state::AppState;

#[derive(PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum Word {
    Ok,
    Unavailable,
    Stopping,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct Live {
    status: Word,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct Ready {
    /// All of the others; `stopping` when the process was told to end.
    status: Word,
    database: Word,
    schema: Word,
    keys: Word,
}

/// Whether the process is up
#[utoipa::path(
    get,
    path = "/health/live",
    tag = "health",
    responses((status = 200, description = "It is", body = Live)),
)]
pub(crate) async fn live() -> HttpResponse {
    HttpResponse::Ok().json(Live { status: Word::Ok })
}

/// Whether the service can work: its database, the schema and the issuer's keys are there
#[utoipa::path(
    get,
    path = "/health/ready",
    tag = "health",
    responses(
        (status = 200, description = "It can", body = Ready),
        (
            status = 503,
            description = "It cannot",
            body = Ready,
            headers(("Retry-After" = i64, description = "When to ask again, in seconds")),
        ),
    ),
)]
pub(crate) async fn ready(state: Data<AppState>, verifier: Data<Verifier>) -> HttpResponse {
    let (database, keys) = (state.database.is_ready().await, verifier.is_ready());
    let schema = state.database.has_schema();
    let word = |is_ready| if is_ready { Word::Ok } else { Word::Unavailable };
    let all = database && schema && keys;
    let status = if lifecycle::is_stopping() { Word::Stopping } else { word(all) };
    let [database, schema, keys] = [database, schema, keys].map(word);
    let body = Ready { status, database, schema, keys };
    if body.status == Word::Ok {
        HttpResponse::Ok().json(body)
    } else {
        HttpResponse::ServiceUnavailable().insert_header((RETRY_AFTER, "1")).json(body)
    }
}
