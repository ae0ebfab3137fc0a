//! Schemas of response bodies.

use serde_json::json;
use utoipa::openapi::{Array, ObjectBuilder, OneOfBuilder, RefOr, Schema};

use super::schemas::{
    Member, boolean, named, null, nullable, one_of, only, optional, output, required, string, time,
};

/// Returns all schemas by name.
pub(super) fn schemas() -> Vec<(&'static str, ObjectBuilder)> {
    let (user, session) = (required("user", named("User")), required("session", named("Session")));
    let token = || string().description(Some("The unsigned session token"));
    let message = required("message", string());
    let (status, success) = (required("status", only(true)), required("success", only(true)));
    let words = || one_of(["ok", "unavailable"]);
    vec![
        ("User", self::user()),
        ("Session", self::session()),
        ("Account", account()),
        ("SessionResponse", output([session, user.clone()])),
        ("SignUpResponse", output([required("token", nullable(token())), user.clone()])),
        (
            "SignInResponse",
            output([
                required(
                    "redirect",
                    boolean().description(Some("Whether the client should navigate to `url`")),
                ),
                required("token", token()),
                optional("url", string().description(Some("The `callbackURL` of the request"))),
                user.clone(),
            ]),
        ),
        ("ChangePasswordResponse", output([required("token", nullable(token())), user])),
        ("StatusResponse", output([status.clone()])),
        ("StatusMessageResponse", output([status.clone(), message.clone()])),
        ("VerifyEmailResponse", output([status, optional("user", or_null("User"))])),
        ("SuccessResponse", output([success.clone()])),
        ("SuccessMessageResponse", output([success, message])),
        (
            "TokenResponse",
            output([required("token", string().description(Some("A JWT (RFC 7519)")))]),
        ),
        ("Jwk", key()),
        ("JwkSet", output([required("keys", Array::new(named("Jwk")))])),
        (
            "Issuer",
            output([
                required("issuer", string()),
                required("audience", string()),
                required("url", string()),
            ]),
        ),
        ("SecurityEvents", super::events::page()),
        ("ClientToken", super::tokens::client_token()),
        ("ServerMetadata", super::tokens::server_metadata()),
        ("TokenIntrospection", super::tokens::introspection()),
        ("NoResponse", output([])),
        ("OkResponse", output([required("ok", only(true))])),
        ("LivenessResponse", output([required("status", one_of(["ok"]))])),
        (
            "ReadinessResponse",
            output([
                required("status", one_of(["ok", "unavailable", "stopping"])),
                required("database", words()),
                required("schema", words()),
                required("keys", words()),
            ]),
        ),
        (
            "SettingsResponse",
            output([required("tasksUrl", string()), required("deletesTasks", boolean())]),
        ),
    ]
}

/// Returns a schema that allows the named schema or null.
pub(super) fn or_null(name: &str) -> RefOr<Schema> {
    OneOfBuilder::new().item(null()).item(named(name)).into()
}

fn user() -> ObjectBuilder {
    output([
        id("id"),
        required("name", string()),
        required("email", string()),
        required("emailVerified", boolean()),
        required("image", nullable(string())),
        required("createdAt", time()),
        required("updatedAt", time()),
    ])
    .examples([json!({
        "id": "0198c0a4-6f0e-7b53-9a75-3f5b3c1f2f10",
        "name": "Ada",
        "email": "ada@example.com",
        "emailVerified": false,
        "image": null,
        "createdAt": "2026-01-02T03:04:05.678Z",
        "updatedAt": "2026-01-02T03:04:05.678Z",
    })])
}

fn session() -> ObjectBuilder {
    let empty_if_unknown = || string().description(Some("Empty if unknown"));
    output([
        id("id"),
        required("token", string().description(Some("The unsigned session token"))),
        id("userId"),
        required("expiresAt", time()),
        required("createdAt", time()),
        required("updatedAt", time().description(Some("Time of the last extension"))),
        required("ipAddress", empty_if_unknown()),
        required("userAgent", empty_if_unknown()),
    ])
}

fn account() -> ObjectBuilder {
    output([
        id("id"),
        required("providerId", string().description(Some("`credential` for a password"))),
        id("accountId"),
        id("userId"),
        required("createdAt", time()),
        required("updatedAt", time()),
        required("scopes", Array::new(string())),
    ])
}

/// Returns the schema of an Ed25519 JWK (RFC 8037).
fn key() -> ObjectBuilder {
    output([
        required("kty", one_of(["OKP"])),
        required("crv", one_of(["Ed25519"])),
        required("alg", one_of(["EdDSA", "Ed25519"])),
        required("kid", string()),
        required("x", string().pattern(Some("^[A-Za-z0-9_-]{43}$"))),
    ])
}

fn id(name: &'static str) -> Member {
    required(name, string().description(Some("Opaque identifier")))
}
