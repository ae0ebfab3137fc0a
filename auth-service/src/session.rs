//! Sessions: start one, find the caller's, renew it.

use std::{future::Future, pin::Pin, time::Duration};

use actix_web::{
    FromRequest, HttpRequest, HttpResponseBuilder,
    dev::Payload,
    http::header::{
        ACCESS_CONTROL_EXPOSE_HEADERS, AUTHORIZATION, HeaderMap, SET_COOKIE, USER_AGENT,
    },
    web::Data,
};
use aws_lc_rs::digest;
use chrono::{DateTime, Utc};
use rand::distr::{Alphanumeric, SampleString as _};
use serde::Serialize;
use service_kit::sql_types::DbTime;
use shared_models::{Timestamp, User};
use uuid::Uuid;

use crate::{
    client_address,
    error::{Error, Result},
    models,
    state::AppState,
};

/// How long a session lives whose user does not want to be remembered.
const UNREMEMBERED_LIFETIME: Duration = Duration::from_hours(24);
const TOKEN_CHARS: usize = 32;
/// The rest of a longer user agent is not stored.
const USER_AGENT_MAX_CHARS: usize = 512;

pub(crate) const SET_AUTH_TOKEN: &str = "set-auth-token";
pub(crate) const SET_AUTH_JWT: &str = "set-auth-jwt";

/// What the database knows a token by.
pub(crate) fn token_hash(token: &str) -> Vec<u8> {
    digest::digest(&digest::SHA256, token.as_bytes()).as_ref().to_vec()
}

/// A session that is about to exist. The token is always new: a client's own is never adopted.
pub(crate) struct Fresh {
    pub(crate) id: String,
    pub(crate) token: String,
    token_hash: Vec<u8>,
    expires_at: DbTime,
    now: DbTime,
    ip_address: String,
    user_agent: String,
    is_remembered: bool,
}

impl Fresh {
    pub(crate) fn new(state: &AppState, headers: &HeaderMap, is_remembered: bool) -> Self {
        let now = state.now();
        let lifetime = if is_remembered { state.session_expires_in } else { UNREMEMBERED_LIFETIME };
        let token = Alphanumeric.sample_string(&mut rand::rng(), TOKEN_CHARS);
        let user_agent = headers
            .get(USER_AGENT)
            .map(|value| String::from_utf8_lossy(value.as_bytes()))
            .map(|text| text.chars().take(USER_AGENT_MAX_CHARS).collect());
        Self {
            id: Uuid::now_v7().to_string(),
            token_hash: token_hash(&token),
            token,
            expires_at: DbTime(DateTime::from(now) + lifetime),
            now: DbTime(now.into()),
            ip_address: client_address::of(headers),
            user_agent: user_agent.unwrap_or_default(),
            is_remembered,
        }
    }

    pub(crate) fn row<'a>(&'a self, user_id: &'a str) -> models::NewSession<'a> {
        models::NewSession {
            id: &self.id,
            token_hash: &self.token_hash,
            user_id,
            expires_at: self.expires_at,
            created_at: self.now,
            updated_at: self.now,
            ip_address: &self.ip_address,
            user_agent: &self.user_agent,
        }
    }

    /// Hands the session to the client.
    pub(crate) fn announce(
        &self,
        state: &AppState,
        req: &HttpRequest,
        response: &mut HttpResponseBuilder,
    ) {
        set_cookies(state, response, &self.token, self.is_remembered);
        if self.is_remembered && state.cookies.has_marker(req.headers()) {
            response.append_header((SET_COOKIE, state.cookies.clear_marker()));
        }
        response.insert_header((ACCESS_CONTROL_EXPOSE_HEADERS, SET_AUTH_TOKEN));
    }
}

fn set_cookies(
    state: &AppState,
    response: &mut HttpResponseBuilder,
    token: &str,
    is_remembered: bool,
) {
    let max_age = is_remembered.then_some(state.session_expires_in.as_secs());
    for cookie in state.cookies.start(token, max_age) {
        response.append_header((SET_COOKIE, cookie));
    }
    response.insert_header((SET_AUTH_TOKEN, state.cookies.signed(token)));
}

/// The session member of an answer: always these eight.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SessionBody {
    id: String,
    token: String,
    user_id: String,
    expires_at: Timestamp,
    created_at: Timestamp,
    updated_at: Timestamp,
    ip_address: String,
    user_agent: String,
}

impl SessionBody {
    pub(crate) fn id(&self) -> &str {
        &self.id
    }
}

/// The caller's session, renewed if it was due.
pub(crate) struct Live {
    pub(crate) session: SessionBody,
    pub(crate) user: User,
    is_renewed: bool,
}

impl Live {
    /// Sends the cookies again after a renewal; names the headers a script may read.
    pub(crate) fn announce(&self, state: &AppState, response: &mut HttpResponseBuilder, jwt: bool) {
        let mut exposed = Vec::new();
        if jwt {
            exposed.push(SET_AUTH_JWT);
        }
        if self.is_renewed {
            // Only sessions that are remembered are renewed.
            set_cookies(state, response, &self.session.token, true);
            exposed.push(SET_AUTH_TOKEN);
        }
        if !exposed.is_empty() {
            response.insert_header((ACCESS_CONTROL_EXPOSE_HEADERS, exposed.join(", ")));
        }
    }
}

/// What the request's credentials came to.
pub(crate) enum Caller {
    /// No credential of ours.
    Nobody,
    /// A good credential for a session that is no more.
    Gone,
    Live(Box<Live>),
}

/// The session token that the request presents: a bearer replaces the cookie.
pub(crate) fn presented_token(state: &AppState, headers: &HeaderMap) -> Option<String> {
    bearer_token(state, headers).or_else(|| state.cookies.session_token(headers))
}

/// A bare session token, or a signed one. A bearer with a wrong signature is ignored.
fn bearer_token(state: &AppState, headers: &HeaderMap) -> Option<String> {
    let value = headers.get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, credential) = value.split_once(' ')?;
    let credential = credential.trim();
    if !scheme.eq_ignore_ascii_case("Bearer") || credential.is_empty() {
        None
    } else if credential.contains('.') {
        state.cookies.verified(credential)
    } else {
        Some(credential.to_owned())
    }
}

/// Finds, expires or renews the session that the request presents.
pub(crate) async fn caller(state: &AppState, req: &HttpRequest) -> Result<Caller> {
    let Some(token) = presented_token(state, req.headers()) else { return Ok(Caller::Nobody) };
    let hash = token_hash(&token);
    let found = models::Session::find_by_token_hash(&mut state.read().await?.conn(), &hash).await?;
    let Some((mut session, user)) = found else { return Ok(Caller::Gone) };

    let now = state.clock.now();
    if session.expires_at.0 <= now {
        models::Session::delete(&mut state.write().await?.conn(), &session.id).await?;
        return Ok(Caller::Gone);
    }
    let is_renewed = is_due(state, &session, now) && may_renew(state, req);
    if is_renewed {
        let now = DbTime(Timestamp::from(now).into());
        session.expires_at = DbTime(now.0 + state.session_expires_in);
        session.updated_at = now;
        let conn = &mut state.write().await?;
        let renewed =
            models::Session::update_expiry(&mut conn.conn(), &session.id, session.expires_at, now)
                .await?;
        if renewed == 0 {
            return Ok(Caller::Gone); // ended since it was found
        }
    }
    Ok(Caller::Live(Box::new(Live {
        session: SessionBody {
            id: session.id,
            token,
            user_id: session.user_id,
            expires_at: session.expires_at.0.into(),
            created_at: session.created_at.0.into(),
            updated_at: session.updated_at.0.into(),
            ip_address: session.ip_address,
            user_agent: session.user_agent,
        },
        user: user.try_into()?,
        is_renewed,
    })))
}

/// A session is extended when it was last extended `session_update_age` ago.
fn is_due(state: &AppState, session: &models::Session, now: DateTime<Utc>) -> bool {
    now >= session.expires_at.0 - state.session_expires_in + state.session_update_age
}

fn may_renew(state: &AppState, req: &HttpRequest) -> bool {
    let is_disabled = url::form_urlencoded::parse(req.query_string().as_bytes())
        .any(|(name, value)| name == "disableRefresh" && !value.is_empty());
    !is_disabled && !state.cookies.has_marker(req.headers())
}

/// Taking this in a handler is what makes it require a session.
pub(crate) struct CurrentSession(pub(crate) Box<Live>);

impl FromRequest for CurrentSession {
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self>>>>;

    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        let req = req.clone();
        Box::pin(async move {
            let state = req.app_data::<Data<AppState>>().ok_or(Error::NoState)?;
            match caller(state, &req).await? {
                Caller::Live(live) => Ok(Self(live)),
                Caller::Gone => Err(Error::Unauthorized { clear_cookies: state.cookies.clear() }),
                Caller::Nobody => Err(Error::Unauthorized { clear_cookies: Vec::new() }),
            }
        })
    }
}
