//! Authorization server metadata (RFC 8414), from which clients learn the endpoints.

use actix_web::web::{Data, Json};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    domain::clients::{ALGORITHMS, GRANT_TYPE},
    http::state::AppState,
};

/// Path of the document (RFC 8414 §3).
pub(crate) const PATH: &str = "/.well-known/oauth-authorization-server";

/// Authentication methods of clients at the token endpoint.
const CLIENT_AUTHENTICATION: [&str; 3] =
    ["client_secret_basic", "client_secret_post", "private_key_jwt"];
/// Authentication method of receivers, which send one of the secrets in `EVENTS_SECRET` as the
/// password, with any user name.
const RECEIVER_AUTHENTICATION: &str = "client_secret_basic";

#[derive(Serialize, ToSchema)]
pub(crate) struct ServerMetadata {
    issuer: String,
    token_endpoint: String,
    jwks_uri: String,
    grant_types_supported: Vec<&'static str>,
    /// Always empty: there is no authorization endpoint
    response_types_supported: Vec<&'static str>,
    token_endpoint_auth_methods_supported: Vec<&'static str>,
    token_endpoint_auth_signing_alg_values_supported: Vec<&'static str>,
    // The following endpoints are offered if `EVENTS_SECRET` is set.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    introspection_endpoint: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    introspection_endpoint_auth_methods_supported: Option<Vec<&'static str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    revocation_endpoint: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    revocation_endpoint_auth_methods_supported: Option<Vec<&'static str>>,
}

/// Get the endpoints for clients
///
/// Authorization server metadata (RFC 8414).
#[utoipa::path(
    get, path = PATH, operation_id = "getServerMetadata", tag = "tokens",
    responses((status = 200, description = "The metadata", body = ServerMetadata)),
)]
pub(crate) async fn server_metadata(state: Data<AppState>) -> Json<ServerMetadata> {
    let (issuer, _) = state.issuer.names();
    let endpoint = |path: &str| format!("{}/api/auth{path}", state.site);
    let has_receivers = state.security_events.are_offered();
    let for_receivers = |path| has_receivers.then(|| endpoint(path));
    Json(ServerMetadata {
        issuer: issuer.to_owned(),
        token_endpoint: state.clients.token_endpoint().to_owned(),
        jwks_uri: endpoint("/jwks"),
        grant_types_supported: vec![GRANT_TYPE],
        response_types_supported: vec![],
        token_endpoint_auth_methods_supported: CLIENT_AUTHENTICATION.to_vec(),
        token_endpoint_auth_signing_alg_values_supported: ALGORITHMS.to_vec(),
        introspection_endpoint: for_receivers("/oauth2/introspect"),
        introspection_endpoint_auth_methods_supported: has_receivers
            .then(|| vec![RECEIVER_AUTHENTICATION]),
        revocation_endpoint: for_receivers("/oauth2/revoke"),
        revocation_endpoint_auth_methods_supported: has_receivers
            .then(|| vec![RECEIVER_AUTHENTICATION, "none"]),
    })
}
