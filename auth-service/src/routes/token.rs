//! `GET /token`, the published keys, and what goes with them.

use actix_web::{
    HttpRequest, HttpResponse,
    http::header::{CACHE_CONTROL, ContentType, ETAG, IF_NONE_MATCH},
    web::Data,
};
use serde_json::json;
use shared_models::IssuerDocument;

use crate::{error::Result, session::CurrentSession, state::AppState};

/// Verifiers renew keys every few minutes anyway, and must see a new one soon.
const JWKS_CACHE_CONTROL: &str = "public, max-age=60";

/// A token (RFC 7519) for the caller, a new one on each call.
pub(crate) async fn issue_token(
    state: Data<AppState>,
    CurrentSession(live): CurrentSession,
) -> Result<HttpResponse> {
    let token = state.issuer.token(&live.user, live.session.id(), state.now()).await?;
    Ok(HttpResponse::Ok().json(json!({ "token": token })))
}

/// The public keys (RFC 7517 §5), with a validator (RFC 9110 §13.1.2).
pub(crate) async fn jwks(state: Data<AppState>, req: HttpRequest) -> Result<HttpResponse> {
    let jwks = state.issuer.jwks(state.now()).await?;
    let is_known = req.headers().get(IF_NONE_MATCH).is_some_and(|sent| {
        let sent = sent.to_str().unwrap_or_default();
        sent.split(',')
            .map(str::trim)
            .any(|tag| tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == jwks.etag)
    });
    let mut response = if is_known { HttpResponse::NotModified() } else { HttpResponse::Ok() };
    response
        .insert_header((CACHE_CONTROL, JWKS_CACHE_CONTROL))
        .insert_header((ETAG, jwks.etag.as_str()));
    if is_known {
        return Ok(response.finish());
    }
    Ok(response.insert_header(ContentType::json()).body(jwks.document.clone()))
}

/// What a verifier is to expect of tokens.
pub(crate) async fn issuer(state: Data<AppState>) -> HttpResponse {
    let (issuer, audience) = state.issuer.names();
    HttpResponse::Ok().json(IssuerDocument {
        issuer: issuer.to_owned(),
        audience: audience.to_owned(),
        url: state.links.site.clone(),
    })
}
