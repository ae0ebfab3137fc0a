//! Changes to the session cookies, recorded while a request is handled and written to its response,
//! error responses included.

use actix_web::{
    Error, HttpMessage as _, HttpRequest,
    body::MessageBody,
    dev::{ServiceRequest, ServiceResponse},
    http::header::{ACCESS_CONTROL_EXPOSE_HEADERS, HeaderMap, HeaderName, HeaderValue, SET_COOKIE},
    middleware::Next,
    web::Data,
};

use crate::{domain::sessions::NewSession, http::state::AppState};

pub(crate) const SET_AUTH_TOKEN: &str = "set-auth-token";

/// A change to the cookies, stored in the request until the response exists.
enum Pending {
    /// The cookies were read and are unchanged.
    Seen,
    Clear,
    Send {
        token: String,
        is_remembered: bool,
    },
}

/// Records that the cookies were read. Keeps an earlier change.
pub(crate) fn seen(req: &HttpRequest) {
    let mut extensions = req.extensions_mut();
    if !extensions.contains::<Pending>() {
        extensions.insert(Pending::Seen);
    }
}

/// Makes the response clear the session cookies.
pub(crate) fn clear(req: &HttpRequest) {
    req.extensions_mut().insert(Pending::Clear);
}

/// Makes the response set the session cookies: for the session's lifetime if the session is
/// remembered, otherwise until the browser closes.
pub(crate) fn send(req: &HttpRequest, token: &str, is_remembered: bool) {
    req.extensions_mut().insert(Pending::Send { token: token.to_owned(), is_remembered });
}

/// Makes the response set the cookies of a new session.
pub(crate) fn hand_out(req: &HttpRequest, session: &NewSession) {
    send(req, &session.token, session.is_remembered);
}

/// Middleware that writes the recorded changes.
pub(crate) async fn write<B: MessageBody>(
    req: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    let mut response = next.call(req).await?;
    let pending = response.request().extensions_mut().remove::<Pending>();
    if let Some(pending) = pending {
        let req = response.request().clone();
        if let Some(state) = req.app_data::<Data<AppState>>() {
            apply(state, req.headers(), response.headers_mut(), pending);
        }
    }
    Ok(response)
}

fn apply(state: &AppState, sent: &HeaderMap, answer: &mut HeaderMap, pending: Pending) {
    let cookies = &state.cookies;
    let lines = match &pending {
        Pending::Clear => cookies.clear(),
        Pending::Seen => cookies.clear_left_overs(sent),
        Pending::Send { token, is_remembered } => {
            let max_age = is_remembered.then_some(state.sessions.lifetime().as_secs());
            let mut lines = cookies.start(token, max_age);
            if *is_remembered && cookies.has_marker(sent) {
                lines.push(cookies.clear_marker());
            }
            lines.extend(cookies.clear_left_overs(sent));
            lines
        }
    };
    for line in lines {
        answer.append(SET_COOKIE, line);
    }
    if let Pending::Send { token, .. } = pending
        && let Ok(signed) = HeaderValue::try_from(cookies.signed(&token))
    {
        answer.insert(HeaderName::from_static(SET_AUTH_TOKEN), signed);
        expose_token(answer);
    }
}

/// Lets scripts on other origins read the token header, in addition to the headers that are exposed
/// already.
fn expose_token(answer: &mut HeaderMap) {
    let others = answer.get(ACCESS_CONTROL_EXPOSE_HEADERS).and_then(|names| names.to_str().ok());
    let names = match others {
        Some(others) => HeaderValue::try_from(format!("{others}, {SET_AUTH_TOKEN}")),
        None => Ok(HeaderValue::from_static(SET_AUTH_TOKEN)),
    };
    if let Ok(names) = names {
        answer.insert(ACCESS_CONTROL_EXPOSE_HEADERS, names);
    }
}
