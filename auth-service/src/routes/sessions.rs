//! The caller's session, with a fresh token for other services; the other sessions of the same
//! user, and their ends.

use actix_web::{
    HttpRequest, HttpResponse, ResponseError as _,
    http::header::{ACCESS_CONTROL_EXPOSE_HEADERS, CACHE_CONTROL, HeaderName, HeaderValue, PRAGMA},
    web::Data,
};
use serde::Serialize;
use serde_json::json;
use service_kit::sql_types::DbTime;
use shared_models::User;

use crate::{
    error::{Error, Result},
    input::{Fields, Ignored, Schema},
    models::{ListedSession, Session},
    origin,
    session::{self, Authenticated, Caller, CurrentSession, SessionBody},
    session_cookies,
    state::AppState,
};

pub(crate) const SET_AUTH_JWT: &str = "set-auth-jwt";
/// An answer about a session is kept nowhere.
const NO_STORE: (HeaderName, &str) = (CACHE_CONTROL, "no-store");
const NO_CACHE: (HeaderName, &str) = (PRAGMA, "no-cache");

#[derive(Serialize)]
struct CurrentBody<'a> {
    session: &'a SessionBody,
    user: &'a User,
}

pub(crate) async fn get_session(state: Data<AppState>, req: HttpRequest) -> Result<HttpResponse> {
    let mut response = HttpResponse::Ok();
    response.insert_header(NO_STORE).insert_header(NO_CACHE);
    let Caller::Live(live) = session::caller(&state, &req).await? else {
        return Ok(response.json(()));
    };
    let (session, user) = (&live.session, &live.user);
    let jwt = state.issuer.token(user, session.id(), state.now()).await?;
    response
        .insert_header((SET_AUTH_JWT, jwt))
        .insert_header((ACCESS_CONTROL_EXPOSE_HEADERS, SET_AUTH_JWT));
    Ok(response.json(CurrentBody { session, user }))
}

/// The one wrong method that the contract answers with 405. Its body is not looked at.
pub(crate) async fn refuse_post(state: Data<AppState>, req: HttpRequest) -> Result<HttpResponse> {
    origin::check(&req, &state.trusted_origins)?;
    let mut refused = Error::GetSessionByPost.error_response();
    for (name, value) in [NO_STORE, NO_CACHE] {
        refused.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    Ok(refused)
}

/// The live sessions of the caller, with their tokens, which is why the caller's own must be fresh.
pub(crate) async fn list_sessions(
    state: Data<AppState>,
    CurrentSession(live): CurrentSession,
) -> Result<HttpResponse> {
    if !live.is_fresh(&state) {
        return Err(Error::SessionNotFresh);
    }
    let now = DbTime(state.clock.now());
    let listed =
        ListedSession::list(&mut state.read().await?.conn(), live.user.id.as_str(), now).await?;
    let sessions: Result<Vec<_>> =
        listed.into_iter().map(|listed| SessionBody::opened(&state, listed)).collect();
    Ok(HttpResponse::Ok().json(sessions?))
}

pub(crate) struct RevokeSession {
    token: String,
}

impl Schema for RevokeSession {
    fn read(fields: &mut Fields<'_>) -> Self {
        Self { token: fields.string("token") }
    }
}

/// Says the same of the caller's own sessions, of others' and of none.
pub(crate) async fn revoke_session(
    state: Data<AppState>,
    req: HttpRequest,
    Authenticated(live, input): Authenticated<RevokeSession>,
) -> Result<HttpResponse> {
    let hash = session::token_hash(&input.token);
    let mut pooled = state.write().await?;
    Session::delete_own(&mut pooled.conn(), live.user.id.as_str(), &hash).await?;
    if input.token == live.session.token() {
        session_cookies::clear(&req);
    }
    Ok(HttpResponse::Ok().json(json!({ "status": true })))
}

pub(crate) async fn revoke_sessions(
    state: Data<AppState>,
    req: HttpRequest,
    Authenticated(live, _): Authenticated<Ignored>,
) -> Result<HttpResponse> {
    Session::delete_all(&mut state.write().await?.conn(), live.user.id.as_str()).await?;
    session_cookies::clear(&req);
    Ok(HttpResponse::Ok().json(json!({ "status": true })))
}

pub(crate) async fn revoke_other_sessions(
    state: Data<AppState>,
    Authenticated(live, _): Authenticated<Ignored>,
) -> Result<HttpResponse> {
    let (user_id, id) = (live.user.id.as_str(), live.session.id());
    Session::delete_others(&mut state.write().await?.conn(), user_id, id).await?;
    Ok(HttpResponse::Ok().json(json!({ "status": true })))
}
