//! The session of a request.

use std::{future::Future, pin::Pin};

use actix_web::{
    FromRequest, HttpRequest,
    dev::Payload,
    http::header::{AUTHORIZATION, HeaderMap},
    web::Data,
};
use serde::Serialize;
use shared_models::{Timestamp, User};
use url::form_urlencoded;

use crate::{
    domain::{mail::Asker, sessions::NewSession},
    http::{
        cookies::SignedToken,
        error::{Error, Result},
        input::{Input, Schema},
        session_cookies,
        state::AppState,
    },
    store::{self, ListedSession},
};

/// Prepares a session for the client of a request.
pub(crate) fn prepare(
    state: &AppState,
    req: &HttpRequest,
    is_remembered: bool,
) -> Result<NewSession> {
    Ok(state.sessions.prepare(state.client(req), is_remembered)?)
}

/// The session in a response. It always has the eight fields that Better Auth returns.
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
    fn new(session: store::Session, token: String) -> Self {
        Self {
            id: session.id,
            token,
            user_id: session.user_id,
            expires_at: session.expires_at.0.into(),
            created_at: session.created_at.0.into(),
            updated_at: session.updated_at.0.into(),
            ip_address: session.ip_address,
            user_agent: session.user_agent,
        }
    }

    /// Creates the body of a listed session, with its decrypted token.
    pub(crate) fn opened(state: &AppState, listed: ListedSession) -> Result<Self> {
        let token = state.sessions.token(&listed)?;
        Ok(Self::new(listed.session, token))
    }

    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    pub(crate) fn token(&self) -> &str {
        &self.token
    }
}

/// The caller's session and user.
pub(crate) struct Live {
    pub(crate) session: SessionBody,
    pub(crate) user: User,
}

impl Live {
    /// Makes the response set the session cookie again, as Better Auth does after a change to the
    /// user.
    pub(crate) fn resend_cookie(&self, state: &AppState, req: &HttpRequest) {
        let is_remembered = !state.cookies.has_marker(req.headers());
        session_cookies::send(req, &self.session.token, is_remembered);
    }

    /// Returns whether the session started less than `session_fresh_age` ago. Always returns true
    /// if that setting is zero.
    pub(crate) fn is_fresh(&self, state: &AppState) -> bool {
        state.sessions.is_fresh(self.session.created_at.into())
    }
}

impl<'a> From<&'a Live> for Asker<'a> {
    fn from(live: &'a Live) -> Self {
        Self {
            user_id: live.user.id.as_str(),
            email: &live.user.email,
            session_id: Some(live.session.id()),
        }
    }
}

/// Result of checking the request's credentials.
pub(crate) enum Caller {
    /// The request has no session token, or only tokens whose signature is invalid, or is missing
    /// but required.
    Nobody,
    /// The session of the token has ended or expired, or never existed.
    Gone,
    Live(Box<Live>),
}

/// Returns the session tokens of the request. A bearer token takes precedence over cookies.
pub(crate) fn presented_tokens(state: &AppState, headers: &HeaderMap) -> Vec<SignedToken> {
    match bearer_token(state, headers) {
        Some(token) => vec![token],
        None => state.cookies.session_tokens(headers),
    }
}

/// Returns the session token that is sent as a bearer token. Ignores a token with an invalid
/// signature and, with `bearer_require_signature`, an unsigned one.
fn bearer_token(state: &AppState, headers: &HeaderMap) -> Option<SignedToken> {
    let value = headers.get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, credential) = value.split_once(' ')?;
    let credential = credential.trim();
    if !scheme.eq_ignore_ascii_case("Bearer") || credential.is_empty() {
        None
    } else if credential.contains('.') {
        state.cookies.verified(credential)
    } else if state.bearer_require_signature {
        None
    } else {
        Some(SignedToken { token: credential.to_owned(), is_outdated: false })
    }
}

/// Finds the session of the request, deletes it if it has expired, renews it if renewal is due and
/// the request does not prevent it, and records the cookie changes.
pub(crate) async fn caller(state: &AppState, req: &HttpRequest) -> Result<Caller> {
    session_cookies::seen(req);
    let caller = find(state, req).await?;
    if let Caller::Gone = caller {
        session_cookies::clear(req);
    }
    Ok(caller)
}

async fn find(state: &AppState, req: &HttpRequest) -> Result<Caller> {
    let mut caller = Caller::Nobody;
    for presented in presented_tokens(state, req.headers()) {
        caller = find_session(state, req, presented).await?;
        if let Caller::Live(_) = caller {
            break;
        }
    }
    Ok(caller)
}

async fn find_session(
    state: &AppState,
    req: &HttpRequest,
    presented: SignedToken,
) -> Result<Caller> {
    let SignedToken { token, is_outdated } = presented;
    let Some(found) = state.sessions.find(&token, || may_renew(state, req)).await? else {
        return Ok(Caller::Gone);
    };
    if found.is_renewed {
        // The request has no `dont_remember` cookie, because that would have prevented the renewal.
        session_cookies::send(req, &token, true);
    } else if is_outdated {
        session_cookies::send(req, &token, !state.cookies.has_marker(req.headers()));
    }
    let session = SessionBody::new(found.session, token);
    Ok(Caller::Live(Box::new(Live { session, user: found.user })))
}

fn may_renew(state: &AppState, req: &HttpRequest) -> bool {
    let is_disabled = form_urlencoded::parse(req.query_string().as_bytes())
        .any(|(name, value)| name == "disableRefresh" && !value.is_empty());
    !is_disabled && !state.cookies.has_marker(req.headers())
}

/// Extractor of the caller's session. A handler that takes it requires a session.
pub(crate) struct CurrentSession(pub(crate) Box<Live>);

impl CurrentSession {
    async fn of(req: &HttpRequest) -> Result<Box<Live>> {
        let state = req.app_data::<Data<AppState>>().ok_or(Error::NoState)?;
        match caller(state, req).await? {
            Caller::Live(live) => Ok(live),
            Caller::Gone | Caller::Nobody => Err(Error::Unauthorized),
        }
    }
}

impl FromRequest for CurrentSession {
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self>>>>;

    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        let req = req.clone();
        Box::pin(async move { Ok(Self(Self::of(&req).await?)) })
    }
}

/// Extractor of the caller's session and the body. The body is validated first, so that an invalid
/// one gets the same error with and without a session.
pub(crate) struct Authenticated<T>(pub(crate) Box<Live>, pub(crate) T);

impl<T: Schema> FromRequest for Authenticated<T> {
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self>>>>;

    fn from_request(req: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (req, input) = (req.clone(), Input::from_request(req, payload));
        Box::pin(async move {
            let Input(input) = input.await?;
            Ok(Self(CurrentSession::of(&req).await?, input))
        })
    }
}
