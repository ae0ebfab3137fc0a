//! Access tokens, the published keys, and the issuer's metadata.

use actix_web::{
    HttpRequest, HttpResponse,
    http::header::{CACHE_CONTROL, ContentType, ETAG},
    web::{Data, Json},
};
use serde::Serialize;
use service_kit::entity_tags::EntityTags;
use shared_models::{ISSUER_DOCUMENT, IssuerDocument};
use utoipa::ToSchema;

use crate::{
    domain::issuer::JwkSet,
    http::{
        error::Result,
        session::{Live, NotSignedIn},
        session_cookies::WithCookies,
        state::AppState,
    },
};

/// Cache policy of the published keys. The lifetime is short, because until it ends, HTTP caches hide
/// new keys from verifiers and serve revoked ones.
const JWKS_CACHE_CONTROL: &str = "public, max-age=60";

/// Full path of the keys.
pub(crate) const JWKS_PATH: &str = "/api/auth/jwks";
/// Other paths of the keys, with the ids of their operations.
pub(crate) const OTHER_JWKS_PATHS: [(&str, &str); 2] =
    [("/jwks", "getKeySet"), ("/.well-known/jwks.json", "getWellKnownKeySet")];

#[derive(Serialize, ToSchema)]
pub(crate) struct TokenResponse {
    /// A JWT (RFC 7519)
    token: String,
}

/// Issue an access token
///
/// Returns a new JWT on each call, signed with Ed25519. Its claims are the fields of the user
/// and `sub`, `iss`, `aud`, `iat`, `exp`, `jti` and `sid`. Its key is in the JWK set.
#[utoipa::path(
    get, path = "/api/auth/token", operation_id = "getJSONWebToken", tag = "sessions",
    security(("sessionCookie" = []), ("sessionToken" = [])),
    responses((status = 200, description = "The access token", body = TokenResponse), NotSignedIn),
)]
pub(crate) async fn issue_token(
    state: &AppState,
    _: &HttpRequest,
    live: Box<Live>,
    (): (),
) -> Result<WithCookies<Json<TokenResponse>>> {
    let token = state.issuer.token(&live.user, live.session.id(), state.now()).await?;
    Ok(Json(TokenResponse { token }).into())
}

/// Get the public keys
///
/// A JWK set (RFC 7517). All three paths return the same set.
#[utoipa::path(
    get, path = JWKS_PATH, operation_id = "getJSONWebKeySet", tag = "service",
    params(("If-None-Match" = Option<String>, Header, nullable = false)),
    responses(
        (
            status = 200,
            description = "The signing key, the next one, and earlier keys whose tokens may not have expired",
            body = JwkSet,
            headers(("Cache-Control"), ("ETag")),
        ),
        (status = 304, description = "Not modified", headers(("Cache-Control"), ("ETag"))),
    ),
)]
// Returns the public keys (RFC 7517 §5) with an entity tag, and handles `If-None-Match` (RFC 9110
// §13.1.2).
pub(crate) async fn jwks(state: Data<AppState>, req: HttpRequest) -> Result<HttpResponse> {
    let jwks = state.issuer.jwks(state.now()).await?;
    let is_known = EntityTags::is_known(&req, jwks.etag.trim_matches('"'));
    let mut response = if is_known { HttpResponse::NotModified() } else { HttpResponse::Ok() };
    response
        .insert_header((CACHE_CONTROL, JWKS_CACHE_CONTROL))
        .insert_header((ETAG, jwks.etag.as_str()));
    if is_known {
        return Ok(response.finish());
    }
    Ok(response.insert_header(ContentType::json()).body(jwks.document.clone()))
}

/// Get the issuer and audience of access tokens
#[utoipa::path(
    get, path = ISSUER_DOCUMENT, operation_id = "getIssuer", tag = "service",
    responses(
        (
            status = 200,
            description = "`iss` and `aud` of access tokens, and the origin of the service",
            body = IssuerDocument,
        ),
    ),
)]
pub(crate) async fn issuer(state: Data<AppState>) -> Json<IssuerDocument> {
    let (issuer, audience) = state.issuer.names();
    Json(IssuerDocument {
        issuer: issuer.to_owned(),
        audience: audience.to_owned(),
        url: state.site.clone(),
    })
}
