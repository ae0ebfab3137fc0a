//! Is the process up, and can it work?

use actix_web::{HttpResponse, http::header::RETRY_AFTER, web::Data};
use jwks_auth::Verifier;
use serde_json::json;

use crate::state::AppState;

/// The process is up.
pub(crate) async fn live() -> HttpResponse {
    HttpResponse::Ok().json(json!({ "status": "ok" }))
}

/// The database answers and the keys of the primary issuer are here.
pub(crate) async fn ready(state: Data<AppState>, verifier: Data<Verifier>) -> HttpResponse {
    let word = |is_ready| if is_ready { "ok" } else { "unavailable" };
    let (database, keys) = (state.database.is_ready().await, verifier.is_ready());
    let body = json!({
        "status": word(database && keys),
        "database": word(database),
        "keys": word(keys),
    });
    if database && keys {
        HttpResponse::Ok().json(body)
    } else {
        HttpResponse::ServiceUnavailable().insert_header((RETRY_AFTER, "1")).json(body)
    }
}
