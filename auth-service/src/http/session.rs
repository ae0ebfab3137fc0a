//! Sessions: creation, lookup and renewal.

use std::{future::Future, net::IpAddr, pin::Pin, time::Duration};

use actix_web::{
    FromRequest, HttpRequest,
    dev::Payload,
    http::header::{AUTHORIZATION, HeaderMap},
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
    domain::login_throttle,
    http::{
        client_address,
        cookies::SignedToken,
        error::{Error, Result},
        input::{Input, Schema},
        session_cookies,
        state::AppState,
    },
    store,
};

/// Purpose of the key that encrypts session tokens.
pub(crate) const SEAL_PURPOSE: &str = "auth-service session tokens v1";
/// Lifetime of a session without "remember me", unless the configured lifetime is shorter.
const UNREMEMBERED_LIFETIME: Duration = Duration::from_hours(24);
const TOKEN_CHARS: usize = 32;

/// Returns the hash under which the database stores a token.
pub(crate) fn token_hash(token: &str) -> Vec<u8> {
    digest::digest(&digest::SHA256, token.as_bytes()).as_ref().to_vec()
}

/// A session to be created. Its token is always new: a token from the client is never adopted,
/// which prevents session fixation.
pub(crate) struct Fresh {
    pub(crate) id: String,
    pub(crate) token: String,
    token_hash: Vec<u8>,
    sealed_token: Vec<u8>,
    expires_at: DbTime,
    now: DbTime,
    ip_address: String,
    user_agent: String,
    client: IpAddr,
    pub(crate) is_remembered: bool,
}

impl Fresh {
    pub(crate) fn new(state: &AppState, req: &HttpRequest, is_remembered: bool) -> Result<Self> {
        let now = state.now();
        let id = Uuid::now_v7().to_string();
        let lifetime = if is_remembered {
            state.session_expires_in
        } else {
            UNREMEMBERED_LIFETIME.min(state.session_expires_in)
        };
        let token = Alphanumeric.sample_string(&mut rand::rng(), TOKEN_CHARS);
        Ok(Self {
            token_hash: token_hash(&token),
            sealed_token: state.session_seal.close(&id, token.as_bytes())?,
            id,
            token,
            expires_at: DbTime(DateTime::from(now) + lifetime),
            now: DbTime(now.into()),
            ip_address: state.shown_address(req),
            user_agent: client_address::user_agent(req.headers()).unwrap_or_default(),
            client: state.client_network(req),
            is_remembered,
        })
    }

    pub(crate) fn row<'a>(&'a self, user_id: &'a str) -> store::NewSession<'a> {
        store::NewSession {
            id: &self.id,
            token_hash: &self.token_hash,
            sealed_token: &self.sealed_token,
            user_id,
            expires_at: self.expires_at,
            created_at: self.now,
            updated_at: self.now,
            ip_address: &self.ip_address,
            user_agent: &self.user_agent,
            network: login_throttle::sign_in_network(user_id, self.client, self.now),
        }
    }
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
    pub(crate) fn opened(state: &AppState, listed: store::ListedSession) -> Result<Self> {
        let token = state.session_seal.open(&listed.session.id, &listed.sealed_token)?;
        Ok(Self::new(listed.session, String::from_utf8_lossy(&token).into_owned()))
    }

    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    pub(crate) fn token(&self) -> &str {
        &self.token
    }
}

/// The caller's session, renewed if renewal was due.
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
        let age = state.clock.now() - DateTime::from(self.session.created_at);
        state.session_fresh_age.is_zero()
            || age.to_std().is_ok_and(|age| age < state.session_fresh_age)
    }
}

/// Result of checking the request's credentials.
pub(crate) enum Caller {
    /// The request has no session token, or only tokens with an invalid signature.
    Nobody,
    /// The session of the token has ended or never existed.
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

/// Finds the session of the request, deletes it if it has expired, renews it if renewal is due, and
/// records the cookie changes.
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
    let hash = token_hash(&token);
    let found = store::Session::find_by_token_hash(&mut state.read().await?.conn(), &hash).await?;
    let Some((mut session, user)) = found else { return Ok(Caller::Gone) };

    let now = state.clock.now();
    if session.expires_at.0 <= now {
        store::Session::delete(&mut state.write().await?.conn(), &session.id).await?;
        return Ok(Caller::Gone);
    }
    if is_due(state, &session, now) && may_renew(state, req) {
        let now = DbTime(Timestamp::from(now).into());
        session.expires_at = DbTime(now.0 + state.session_expires_in);
        session.updated_at = now;
        let conn = &mut state.write().await?;
        let renewed =
            store::Session::update_expiry(&mut conn.conn(), &session.id, session.expires_at, now)
                .await?;
        if renewed == 0 {
            return Ok(Caller::Gone); // ended since it was found
        }
        // Only remembered sessions are renewed.
        session_cookies::send(req, &token, true);
    } else if is_outdated {
        session_cookies::send(req, &token, !state.cookies.has_marker(req.headers()));
    }
    Ok(Caller::Live(Box::new(Live {
        session: SessionBody::new(session, token),
        user: user.try_into()?,
    })))
}

/// Returns whether renewal is due: the session was last extended at least `session_update_age` ago.
fn is_due(state: &AppState, session: &store::Session, now: DateTime<Utc>) -> bool {
    now >= session.expires_at.0 - state.session_expires_in + state.session_update_age
}

fn may_renew(state: &AppState, req: &HttpRequest) -> bool {
    let is_disabled = url::form_urlencoded::parse(req.query_string().as_bytes())
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
