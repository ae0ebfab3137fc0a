//! Operations of the service itself: keys, health, settings.

use shared_models::ISSUER_DOCUMENT;
use utoipa::openapi::{Response, path::ParameterIn};

use super::{
    operation::{Operation, content},
    schemas::{named, optional, string},
};
use crate::http::input::JSON;

pub(super) fn operations() -> Vec<Operation> {
    vec![
        key_set("/api/auth/jwks", "getJSONWebKeySet"),
        key_set("/jwks", "getKeySet").may_fail(),
        key_set("/.well-known/jwks.json", "getWellKnownKeySet").may_fail(),
        issuer(),
        ok(),
        error_page(),
        live(),
        ready(),
        settings(),
    ]
}

fn key_set(path: &'static str, id: &str) -> Operation {
    Operation::get(path, id, "Get the public keys")
        .about("A JWK set (RFC 7517). All three paths return the same set.")
        .parameter(ParameterIn::Header, optional("If-None-Match", string()))
        .gives(
            "The signing key, the next one, and earlier keys whose tokens may not have expired",
            named("JwkSet"),
        )
        .with(200, &["Cache-Control", "ETag"])
        .answers(304, Response::new("Not modified"))
        .with(304, &["Cache-Control", "ETag"])
}

fn issuer() -> Operation {
    Operation::get(ISSUER_DOCUMENT, "getIssuer", "Get the issuer and audience of access tokens")
        .gives("`iss` and `aud` of access tokens, and the origin of the service", named("Issuer"))
}

fn ok() -> Operation {
    Operation::get("/api/auth/ok", "ok", "Check that the service responds (Better Auth)")
        .gives("The service responds", named("OkResponse"))
}

fn error_page() -> Operation {
    let mut page = Response::new("An error page");
    page.content.insert("text/html".to_owned(), content(string()));
    Operation::get("/api/auth/error", "error", "Show an error to a user")
        .query(optional("error", string()))
        .query(optional("error_description", string()))
        .answers(200, page)
        .leads_on("With https: redirect to `/` with both parameters in its query")
}

fn live() -> Operation {
    Operation::get("/health/live", "live", "Check liveness")
        .gives("Service is alive", named("LivenessResponse"))
}

fn ready() -> Operation {
    let mut unavailable = Response::new("Service is not ready");
    unavailable.content.insert(JSON.to_owned(), content(named("ReadinessResponse")));
    Operation::get("/health/ready", "ready", "Check readiness")
        .gives("Service is ready", named("ReadinessResponse"))
        .answers(503, unavailable)
        .with(503, &["Retry-After"])
}

fn settings() -> Operation {
    let mut missing = Response::new("No web app is served");
    missing.content.insert(JSON.to_owned(), content(named("Error")));
    Operation::get("/config.json", "settings", "Get the settings of the web app")
        .gives("The settings", named("SettingsResponse"))
        .with(200, &["Cache-Control"])
        .answers(404, missing)
}
