//! Returns the current session with a new access token, and lists and ends the user's sessions.

use actix_web::{
    HttpRequest, HttpResponse, ResponseError as _,
    body::{BodySize, MessageBody as _},
    http::header::{ACCESS_CONTROL_EXPOSE_HEADERS, CACHE_CONTROL, HeaderName, HeaderValue, PRAGMA},
    web::Data,
};
use database::sql_types::DbTime;
use serde::{Deserialize, Serialize};
use serde_json::json;
use service_kit::server::Held;
use shared_models::User;

use crate::{
    domain::{audit::Action, token_hash::token_hash},
    http::{
        error::{Error, Result},
        input::{Ignored, Input, Schema},
        origin,
        session::{Caller, Live, SessionBody, with_caller},
        session_cookies::{CookieChange, WithCookies},
        state::AppState,
    },
    store::{Ending, ListedSession},
};

pub(crate) const SET_AUTH_JWT: &str = "set-auth-jwt";
/// Headers that keep responses of `/get-session` out of caches.
const NO_STORE: (HeaderName, &str) = (CACHE_CONTROL, "no-store");
const NO_CACHE: (HeaderName, &str) = (PRAGMA, "no-cache");

#[derive(Serialize)]
struct CurrentBody<'a> {
    session: &'a SessionBody,
    user: &'a User,
}

pub(crate) async fn get_session(
    state: Data<AppState>,
    req: HttpRequest,
) -> WithCookies<Result<HttpResponse>> {
    with_caller(&state, &req, async |caller| {
        let mut response = HttpResponse::Ok();
        response.insert_header(NO_STORE).insert_header(NO_CACHE);
        let Caller::Live(live) = caller else {
            return Ok(response.json(()));
        };
        let (session, user) = (&live.session, &live.user);
        let jwt = state.issuer.token(user, session.id(), state.now()).await?;
        response
            .insert_header((SET_AUTH_JWT, jwt))
            .insert_header((ACCESS_CONTROL_EXPOSE_HEADERS, SET_AUTH_JWT));
        Ok(response.json(CurrentBody { session, user }))
    })
    .await
}

/// Returns 405 after the check of the origin, as Better Auth does for a wrong method on this path
/// only. The body is not read.
pub(crate) async fn refuse_post(state: Data<AppState>, req: HttpRequest) -> Result<HttpResponse> {
    origin::check(&req, &state.trusted_origins)?;
    let mut refused = Error::GetSessionByPost.error_response();
    for (name, value) in [NO_STORE, NO_CACHE] {
        refused.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    Ok(refused)
}

/// Returns the user's valid sessions. Because the response contains their tokens, the caller's own
/// session must be fresh.
pub(crate) async fn list_sessions(
    state: &AppState,
    _: &HttpRequest,
    live: Box<Live>,
    (): (),
) -> Result<HttpResponse> {
    if !live.is_fresh(state) {
        return Err(Error::SessionNotFresh);
    }
    let now = DbTime(state.clock.now());
    let listed = ListedSession::list(&mut state.read().await?, live.user.id.as_str(), now).await?;
    let sessions: Result<Vec<_>> =
        listed.into_iter().map(|listed| SessionBody::opened(state, listed)).collect();
    let mut response = HttpResponse::Ok().json(sessions?);
    // The number of sessions of a user is not limited, so the response may be large.
    if let BodySize::Sized(bytes) = response.body().size() {
        let bytes = usize::try_from(bytes).unwrap_or(usize::MAX);
        if let Some(held) = state.in_flight.reserve(live.user.id.as_str(), bytes)? {
            response = response.map_body(|_, body| Held::new(body, Some(held)).boxed());
        }
    }
    Ok(response)
}

#[derive(Deserialize)]
pub(crate) struct RevokeSession {
    token: String,
}

impl Schema for RevokeSession {}

/// Ends a session of the user. The response is the same for unknown tokens and for those of other
/// users, neither of which has any effect.
pub(crate) async fn revoke_session(
    state: &AppState,
    req: &HttpRequest,
    live: Box<Live>,
    Input(input): Input<RevokeSession>,
) -> Result<WithCookies<HttpResponse>> {
    let hash = token_hash(&input.token);
    let session = Ending::OwnOfToken(live.user.id.as_str(), &hash);
    let response = revoke(state, req, session).await?;
    let is_own = input.token == live.session.token();
    let cookies = if is_own { CookieChange::Clear } else { CookieChange::None };
    Ok(WithCookies::new(response, cookies))
}

pub(crate) async fn revoke_sessions(
    state: &AppState,
    req: &HttpRequest,
    live: Box<Live>,
    _: Input<Ignored>,
) -> Result<WithCookies<HttpResponse>> {
    let response = revoke(state, req, Ending::All(live.user.id.as_str())).await?;
    Ok(WithCookies::new(response, CookieChange::Clear))
}

pub(crate) async fn revoke_other_sessions(
    state: &AppState,
    req: &HttpRequest,
    live: Box<Live>,
    _: Input<Ignored>,
) -> Result<HttpResponse> {
    revoke(state, req, Ending::Others(live.user.id.as_str(), live.session.id())).await
}

async fn revoke(state: &AppState, req: &HttpRequest, which: Ending<'_>) -> Result<HttpResponse> {
    let actor = state.actor(req);
    state.sessions.end(which, Action::RevokeSessions, &actor, &state.moment()).await?;
    Ok(HttpResponse::Ok().json(json!({ "status": true })))
}
