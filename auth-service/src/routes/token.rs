//! Access tokens, the published keys, and the issuer's metadata.

use actix_web::{
    HttpRequest, HttpResponse,
    http::header::{CACHE_CONTROL, ContentType, ETAG},
    web::Data,
};
use serde_json::json;
use service_kit::entity_tags::EntityTags;
use shared_models::IssuerDocument;

use crate::http::{error::Result, session::Live, state::AppState};

/// Cache policy of the published keys. The lifetime is short, because verifiers need new keys soon,
/// and they fetch the keys again every few minutes anyway.
const JWKS_CACHE_CONTROL: &str = "public, max-age=60";

pub(crate) async fn issue_token(
    state: &AppState,
    _: &HttpRequest,
    live: Box<Live>,
    (): (),
) -> Result<HttpResponse> {
    let token = state.issuer.token(&live.user, live.session.id(), state.now()).await?;
    Ok(HttpResponse::Ok().json(json!({ "token": token })))
}

/// Returns the public keys (RFC 7517 §5) with an entity tag, and handles `If-None-Match` (RFC 9110
/// §13.1.2).
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

/// Returns the issuer and audience that verifiers should expect, and the URL of the service.
pub(crate) async fn issuer(state: Data<AppState>) -> HttpResponse {
    let (issuer, audience) = state.issuer.names();
    HttpResponse::Ok().json(IssuerDocument {
        issuer: issuer.to_owned(),
        audience: audience.to_owned(),
        url: state.site.clone(),
    })
}
