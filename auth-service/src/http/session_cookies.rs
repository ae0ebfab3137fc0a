//! Changes to the session cookies. Handlers return them with their response, and
//! [`WithCookies::respond_to`] writes them.

use actix_web::{
    HttpRequest, HttpResponse, Responder,
    http::header::{ACCESS_CONTROL_EXPOSE_HEADERS, HeaderMap, HeaderName, HeaderValue, SET_COOKIE},
    web::Data,
};

use crate::{domain::sessions::NewSession, http::state::AppState};

pub(crate) const SET_AUTH_TOKEN: &str = "set-auth-token";

/// A change to the session cookies of the client.
pub(crate) enum CookieChange {
    /// No change, except for the one that follows from reading the session.
    None,
    /// Only clears the session cache cookies that Better Auth left behind; this service sets none.
    ClearStale,
    Clear,
    /// The cookies are set: for the session's lifetime if the session is remembered, otherwise until
    /// the browser closes.
    Send {
        token: String,
        is_remembered: bool,
    },
}

impl CookieChange {
    /// Returns `other` if this is [`Self::None`], and this change otherwise.
    fn or(self, other: Self) -> Self {
        match self {
            Self::None => other,
            change => change,
        }
    }
}

impl From<&NewSession> for CookieChange {
    fn from(session: &NewSession) -> Self {
        Self::Send { token: session.token.clone(), is_remembered: session.is_remembered }
    }
}

/// A response (or its body, or an error) and the change to the session cookies.
pub(crate) struct WithCookies<T> {
    pub(crate) value: T,
    pub(crate) change: CookieChange,
}

impl<T> WithCookies<T> {
    pub(crate) fn new(value: T, change: CookieChange) -> Self {
        Self { value, change }
    }

    pub(crate) fn map<U>(self, map: impl FnOnce(T) -> U) -> WithCookies<U> {
        WithCookies { value: map(self.value), change: self.change }
    }
}

impl<T, E> WithCookies<Result<T, E>> {
    /// Combines the result of a handler with the change that follows from reading the session. That
    /// change applies if the handler failed or made no change of its own.
    pub(crate) fn after_reading(handled: Result<WithCookies<T>, E>, read: CookieChange) -> Self {
        match handled {
            Ok(WithCookies { value, change }) => Self::new(Ok(value), change.or(read)),
            Err(error) => Self::new(Err(error), read),
        }
    }
}

/// Adds no change to the cookies ([`CookieChange::None`]).
impl<T> From<T> for WithCookies<T> {
    fn from(value: T) -> Self {
        Self { value, change: CookieChange::None }
    }
}

impl<T: Responder> Responder for WithCookies<T> {
    type Body = T::Body;

    fn respond_to(self, req: &HttpRequest) -> HttpResponse<T::Body> {
        let mut response = self.value.respond_to(req);
        if let Some(state) = req.app_data::<Data<AppState>>() {
            write(state, req.headers(), response.headers_mut(), &self.change);
        }
        response
    }
}

fn write(state: &AppState, sent: &HeaderMap, response: &mut HeaderMap, change: &CookieChange) {
    let cookies = &state.cookies;
    let lines = match change {
        CookieChange::None => return,
        CookieChange::Clear => cookies.clear(),
        CookieChange::ClearStale => cookies.clear_left_overs(sent),
        CookieChange::Send { token, is_remembered } => {
            let max_age = is_remembered.then_some(state.sessions.lifetime().as_secs());
            let mut lines = cookies.start(token, max_age);
            if *is_remembered && cookies.has_marker(sent) {
                lines.extend(cookies.clear_marker());
            }
            lines.extend(cookies.clear_left_overs(sent));
            lines
        }
    };
    for line in lines {
        response.append(SET_COOKIE, line);
    }
    if let CookieChange::Send { token, .. } = change
        && let Ok(signed) = HeaderValue::try_from(cookies.signed(token))
    {
        response.insert(HeaderName::from_static(SET_AUTH_TOKEN), signed);
        expose_token(response);
    }
}

/// Lets scripts on other origins read the token header, in addition to the headers that are exposed
/// already.
fn expose_token(response: &mut HeaderMap) {
    let others = response.get(ACCESS_CONTROL_EXPOSE_HEADERS).and_then(|names| names.to_str().ok());
    let names = match others {
        Some(others) => HeaderValue::try_from(format!("{others}, {SET_AUTH_TOKEN}")),
        None => Ok(HeaderValue::from_static(SET_AUTH_TOKEN)),
    };
    if let Ok(names) = names {
        response.insert(ACCESS_CONTROL_EXPOSE_HEADERS, names);
    }
}
