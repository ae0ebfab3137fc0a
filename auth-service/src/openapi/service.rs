//! Keys, health, settings.

use shared_models::ISSUER_DOCUMENT;
use utoipa::openapi::{Response, path::ParameterIn};

use super::{
    operation::{Operation, content},
    schemas::{named, optional, string},
};
use crate::input::JSON;

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
    Operation::get(path, id, "The public keys")
        .about("A JWK set (RFC 7517). All three paths have the same one.")
        .parameter(ParameterIn::Header, optional("If-None-Match", string()))
        .gives("The key that signs, and those whose tokens may still be good", named("KeySet"))
        .with(200, &["Cache-Control", "ETag"])
        .answers(304, Response::new("The client has these"))
        .with(304, &["Cache-Control", "ETag"])
}

fn issuer() -> Operation {
    Operation::get(ISSUER_DOCUMENT, "getIssuer", "What a verifier is to expect of tokens")
        .gives("Their `iss` and `aud`, and the origin of the service", named("Issuer"))
}

fn ok() -> Operation {
    Operation::get("/api/auth/ok", "ok", "Better Auth's own sign of life")
        .gives("It is", named("Well"))
}

fn error_page() -> Operation {
    let mut page = Response::new("A page that names the code");
    page.content.insert("text/html".to_owned(), content(string()));
    Operation::get("/api/auth/error", "error", "Where links lead that cannot be followed")
        .query(optional("error", string()))
        .query(optional("error_description", string()))
        .answers(200, page)
        .leads_on("Where the service is reached by https: on to `/`, with both in its query")
}

fn live() -> Operation {
    Operation::get("/health/live", "live", "Whether the process is up")
        .gives("It is", named("Live"))
}

fn ready() -> Operation {
    let mut unavailable = Response::new("It cannot");
    unavailable.content.insert(JSON.to_owned(), content(named("Ready")));
    Operation::get(
        "/health/ready",
        "ready",
        "Whether the service can work: its database, the schema and the signing keys are there",
    )
    .gives("It can", named("Ready"))
    .answers(503, unavailable)
    .with(503, &["Retry-After"])
}

fn settings() -> Operation {
    let mut missing = Response::new("No application is served");
    missing.content.insert(JSON.to_owned(), content(named("Error")));
    Operation::get("/config.json", "settings", "What the application that is served has to know")
        .gives("Where the tasks are", named("Settings"))
        .with(200, &["Cache-Control"])
        .answers(404, missing)
}
