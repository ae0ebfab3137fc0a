//! Authorization server metadata (RFC 8414), from which clients learn the endpoints.

use actix_web::{HttpResponse, web::Data};
use serde::Serialize;

use crate::{
    domain::clients::{ALGORITHMS, GRANT_TYPE},
    http::state::AppState,
};

/// Path of the document (RFC 8414 §3).
pub(crate) const PATH: &str = "/.well-known/oauth-authorization-server";

/// Authentication methods of clients at the token endpoint.
const CLIENT_AUTHENTICATION: [&str; 3] =
    ["client_secret_basic", "client_secret_post", "private_key_jwt"];
/// Receivers send one of the secrets in `EVENTS_SECRET` as the password, with any user name.
const RECEIVER_AUTHENTICATION: [&str; 1] = ["client_secret_basic"];

#[derive(Serialize)]
struct ServerMetadata {
    issuer: String,
    token_endpoint: String,
    jwks_uri: String,
    grant_types_supported: [&'static str; 1],
    /// Required (RFC 8414 §2), but empty, because there is no authorization endpoint.
    response_types_supported: [&'static str; 0],
    token_endpoint_auth_methods_supported: [&'static str; 3],
    token_endpoint_auth_signing_alg_values_supported: [&'static str; 3],
    #[serde(flatten)]
    receivers: Option<ReceiverEndpoints>,
}

/// Endpoints that are offered if `EVENTS_SECRET` is set.
#[derive(Serialize)]
struct ReceiverEndpoints {
    introspection_endpoint: String,
    introspection_endpoint_auth_methods_supported: [&'static str; 1],
    revocation_endpoint: String,
    revocation_endpoint_auth_methods_supported: [&'static str; 2],
}

pub(crate) async fn server_metadata(state: Data<AppState>) -> HttpResponse {
    let (issuer, _) = state.issuer.names();
    let endpoint = |path: &str| format!("{}/api/auth{path}", state.site);
    let receivers = state.security_events.are_offered().then(|| ReceiverEndpoints {
        introspection_endpoint: endpoint("/oauth2/introspect"),
        introspection_endpoint_auth_methods_supported: RECEIVER_AUTHENTICATION,
        revocation_endpoint: endpoint("/oauth2/revoke"),
        revocation_endpoint_auth_methods_supported: ["client_secret_basic", "none"],
    });
    HttpResponse::Ok().json(ServerMetadata {
        issuer: issuer.to_owned(),
        token_endpoint: state.clients.token_endpoint().to_owned(),
        jwks_uri: endpoint("/jwks"),
        grant_types_supported: [GRANT_TYPE],
        response_types_supported: [],
        token_endpoint_auth_methods_supported: CLIENT_AUTHENTICATION,
        token_endpoint_auth_signing_alg_values_supported: ALGORITHMS,
        receivers,
    })
}
