//! Endpoints that return the current session with a new access token, and list and end sessions.

use actix_web::{
    HttpRequest, HttpResponse, ResponseError as _,
    body::{BodySize, MessageBody as _},
    http::header::{ACCESS_CONTROL_EXPOSE_HEADERS, CACHE_CONTROL, HeaderName, HeaderValue, PRAGMA},
    web::{Data, Json},
};
use database::sql_types::DbTime;
use serde::{Deserialize, Serialize};
use service_kit::server::Held;
use shared_models::User;
use utoipa::ToSchema;

use crate::{
    domain::{audit::Action, token_hash::token_hash},
    http::{
        documents::StatusResponse,
        error::{Error, Rejection, Result, examples::refusals},
        input::{Ignored, Input, Schema},
        origin,
        session::{Caller, Live, NotSignedIn, SessionBody, with_caller},
        session_cookies::{CookieChange, WithCookies},
        state::AppState,
    },
    store::{Ending, ListedSession},
};

pub(crate) const SET_AUTH_JWT: &str = "set-auth-jwt";
/// Headers that keep responses of `/get-session` out of caches.
const NO_STORE: (HeaderName, &str) = (CACHE_CONTROL, "no-store");
const NO_CACHE: (HeaderName, &str) = (PRAGMA, "no-cache");

#[derive(Serialize, ToSchema)]
pub(crate) struct SessionResponse<'a> {
    session: &'a SessionBody,
    user: &'a User,
}

/// Get the current session
///
/// Extends the session if its last extension is old enough (`SESSION_UPDATE_AGE`).
#[utoipa::path(
    get, path = "/api/auth/get-session", operation_id = "getSession", tag = "sessions",
    security((), ("sessionCookie" = []), ("sessionToken" = [])),
    params(
        ("disableCookieCache" = Option<String>, Query, nullable = false),
        (
            "disableRefresh" = Option<String>,
            Query,
            nullable = false,
            description = "Any non-empty value prevents the extension of the session",
        ),
    ),
    responses(
        (
            status = 200,
            description = "The session and its user, or null without a valid session",
            body = Option<SessionResponse<'_>>,
            headers(("Cache-Control"), ("Pragma"), ("set-auth-jwt")),
        ),
    ),
)]
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
        Ok(response.json(SessionResponse { session, user }))
    })
    .await
}

refusals!(PostErrors: MissingOrNullOrigin, InvalidOrigin, GetSessionByPost);

/// Reject POST
///
/// Use GET. POST returns the same error as in Better Auth.
#[utoipa::path(
    post,
    path = "/api/auth/get-session",
    operation_id = "getSessionByPost",
    tag = "sessions",
    responses(PostErrors)
)]
// Checks the origin and then returns 405, as Better Auth does for a wrong method on this path only.
// The body is not read.
pub(crate) async fn refuse_post(state: Data<AppState>, req: HttpRequest) -> Result<HttpResponse> {
    origin::check(&req, &state.trusted_origins)?;
    let mut refused = Error::from(Rejection::GetSessionByPost).error_response();
    for (name, value) in [NO_STORE, NO_CACHE] {
        refused.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    Ok(refused)
}

refusals!(ListSessionsErrors: Unauthorized, SessionNotFresh);

/// List the user's sessions
///
/// The response contains session tokens, so the current session must have been started
/// recently.
#[utoipa::path(
    get, path = "/api/auth/list-sessions", operation_id = "listUserSessions", tag = "sessions",
    security(("sessionCookie" = []), ("sessionToken" = [])),
    responses(
        (status = 200, description = "All active sessions of the user", body = Vec<SessionBody>),
        ListSessionsErrors,
    ),
)]
pub(crate) async fn list_sessions(
    state: &AppState,
    _: &HttpRequest,
    live: Box<Live>,
    (): (),
) -> Result<WithCookies<HttpResponse>> {
    if !live.is_fresh(state) {
        return Err(Rejection::SessionNotFresh.into());
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
    Ok(response.into())
}

#[derive(Deserialize, ToSchema)]
pub(crate) struct RevokeSession {
    token: String,
}

impl Schema for RevokeSession {}

/// End a session of the user
///
/// A token that is unknown or belongs to another user gives the same response and has no
/// effect.
#[utoipa::path(
    post, path = "/api/auth/revoke-session", operation_id = "revokeSession", tag = "sessions",
    security(("sessionCookie" = []), ("sessionToken" = [])), request_body = RevokeSession,
    responses((status = 200, description = "Session ended", body = StatusResponse), NotSignedIn),
)]
pub(crate) async fn revoke_session(
    state: &AppState,
    req: &HttpRequest,
    live: Box<Live>,
    Input(input): Input<RevokeSession>,
) -> Result<WithCookies<Json<StatusResponse>>> {
    let hash = token_hash(&input.token);
    let session = Ending::OwnOfToken(live.user.id.as_str(), &hash);
    let response = revoke(state, req, session).await?;
    let is_own = input.token == live.session.token();
    let cookies = if is_own { CookieChange::Clear } else { CookieChange::None };
    Ok(WithCookies::new(response, cookies))
}

/// End all sessions of the user
#[utoipa::path(
    post, path = "/api/auth/revoke-sessions", operation_id = "revokeSessions", tag = "sessions",
    security(("sessionCookie" = []), ("sessionToken" = [])), request_body = Ignored,
    responses(
        (
            status = 200,
            description = "All sessions ended, including the current one",
            body = StatusResponse,
        ),
        NotSignedIn,
    ),
)]
pub(crate) async fn revoke_sessions(
    state: &AppState,
    req: &HttpRequest,
    live: Box<Live>,
    _: Input<Ignored>,
) -> Result<WithCookies<Json<StatusResponse>>> {
    let response = revoke(state, req, Ending::All(live.user.id.as_str())).await?;
    Ok(WithCookies::new(response, CookieChange::Clear))
}

/// End the other sessions of the user
#[utoipa::path(
    post, path = "/api/auth/revoke-other-sessions", operation_id = "revokeOtherSessions",
    tag = "sessions", security(("sessionCookie" = []), ("sessionToken" = [])),
    request_body = Ignored,
    responses(
        (status = 200, description = "Other sessions ended", body = StatusResponse),
        NotSignedIn,
    ),
)]
pub(crate) async fn revoke_other_sessions(
    state: &AppState,
    req: &HttpRequest,
    live: Box<Live>,
    _: Input<Ignored>,
) -> Result<WithCookies<Json<StatusResponse>>> {
    let others = Ending::Others(live.user.id.as_str(), live.session.id());
    Ok(revoke(state, req, others).await?.into())
}

async fn revoke(
    state: &AppState,
    req: &HttpRequest,
    which: Ending<'_>,
) -> Result<Json<StatusResponse>> {
    let actor = state.actor(req);
    state.sessions.end(which, Action::RevokeSessions, &actor, &state.moment()).await?;
    Ok(Json(StatusResponse::OK))
}
