//! The session of a request.

use actix_web::{
    FromRequest, Handler, HttpRequest, Responder,
    http::header::{AUTHORIZATION, HeaderMap},
    web::Data,
};
use serde::Serialize;
use shared_models::{Timestamp, User};
use url::form_urlencoded;
use utoipa::ToSchema;

use crate::{
    domain::{mail::Asker, sessions::NewSession},
    http::{
        cookies::SignedToken,
        error::{Rejection, Result, examples::refusals},
        session_cookies::{CookieChange, WithCookies},
        state::AppState,
    },
    store::{self, ListedSession},
};

pub(crate) fn prepare(
    state: &AppState,
    req: &HttpRequest,
    is_remembered: bool,
) -> Result<NewSession> {
    Ok(state.sessions.prepare(state.client(req), is_remembered)?)
}

/// The session in a response. It always has the eight fields that Better Auth returns.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Session)]
pub(crate) struct SessionBody {
    /// Opaque identifier
    id: String,
    /// The unsigned session token
    token: String,
    /// Opaque identifier
    user_id: String,
    expires_at: Timestamp,
    created_at: Timestamp,
    /// Time of the last extension
    updated_at: Timestamp,
    /// Empty if unknown
    ip_address: String,
    /// Empty if unknown
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
    /// Returns the change that sends the session cookie again: after an extension of the session,
    /// if an older secret signed the cookie, and after a change to the user, as in Better Auth.
    pub(crate) fn resend_cookie(&self, state: &AppState, req: &HttpRequest) -> CookieChange {
        let is_remembered = !state.cookies.has_marker(req.headers());
        CookieChange::Send { token: self.session.token.clone(), is_remembered }
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
/// the request does not prevent it, and calls `handle`. If `handle` returns an error or does not
/// change the cookies, the response has the cookie change that follows from the session.
pub(crate) async fn with_caller<T, R: Into<WithCookies<T>>>(
    state: &AppState,
    req: &HttpRequest,
    handle: impl AsyncFnOnce(Caller) -> Result<R>,
) -> WithCookies<Result<T>> {
    match find(state, req).await {
        Ok((caller, read)) => {
            WithCookies::after_reading(handle(caller).await.map(Into::into), read)
        }
        Err(error) => WithCookies::new(Err(error), CookieChange::ClearStale),
    }
}

/// Turns a function that requires a session into a handler. The input is validated before the
/// session is looked up, so that invalid input causes the same error with and without a session.
pub(crate) fn signed_in<F, I, T>(
    handle: F,
) -> impl Handler<(Data<AppState>, HttpRequest, I), Output = WithCookies<Result<T>>>
where
    F: AsyncFn(&AppState, &HttpRequest, Box<Live>, I) -> Result<WithCookies<T>> + Clone + 'static,
    I: FromRequest + 'static,
    T: Responder + 'static,
{
    move |state: Data<AppState>, req: HttpRequest, input: I| {
        let handle = handle.clone();
        async move {
            with_caller(&state, &req, async |caller| match caller {
                Caller::Live(live) => handle(&state, &req, live, input).await,
                Caller::Gone | Caller::Nobody => Err(Rejection::Unauthorized.into()),
            })
            .await
        }
    }
}

refusals!(NotSignedIn: Unauthorized);

/// Returns the session of the request, and the change of the cookies that follows from it.
async fn find(state: &AppState, req: &HttpRequest) -> Result<(Caller, CookieChange)> {
    let mut found = (Caller::Nobody, CookieChange::ClearStale);
    for presented in presented_tokens(state, req.headers()) {
        found = find_session(state, req, presented).await?;
        if let (Caller::Live(_), _) = found {
            break;
        }
    }
    Ok(found)
}

async fn find_session(
    state: &AppState,
    req: &HttpRequest,
    presented: SignedToken,
) -> Result<(Caller, CookieChange)> {
    let SignedToken { token, is_outdated } = presented;
    let Some(found) = state.sessions.find(&token, || may_renew(state, req)).await? else {
        return Ok((Caller::Gone, CookieChange::Clear));
    };
    let live = Live { session: SessionBody::new(found.session, token), user: found.user };
    let change = if found.is_renewed || is_outdated {
        // After a renewal, the cookie is always a persistent one, because a request with a
        // `dont_remember` cookie never renews its session.
        live.resend_cookie(state, req)
    } else {
        CookieChange::ClearStale
    };
    Ok((Caller::Live(Box::new(live)), change))
}

fn may_renew(state: &AppState, req: &HttpRequest) -> bool {
    let is_disabled = form_urlencoded::parse(req.query_string().as_bytes())
        .any(|(name, value)| name == "disableRefresh" && !value.is_empty());
    !is_disabled && !state.cookies.has_marker(req.headers())
}
