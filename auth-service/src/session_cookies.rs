//! What becomes of the session cookies: said by whoever finds it out, written on the way out, on
//! errors as on any other answer.

use actix_web::{
    Error, HttpMessage as _, HttpRequest,
    body::MessageBody,
    dev::{ServiceRequest, ServiceResponse},
    http::header::{ACCESS_CONTROL_EXPOSE_HEADERS, HeaderMap, HeaderName, HeaderValue, SET_COOKIE},
    middleware::Next,
    web::Data,
};

use crate::{session::Fresh, state::AppState};

pub(crate) const SET_AUTH_TOKEN: &str = "set-auth-token";

/// Waits in the request until there is an answer.
enum Pending {
    /// Somebody looked at the cookies, and they are fine.
    Seen,
    Clear,
    Send {
        token: String,
        is_remembered: bool,
    },
}

/// The cookies were looked at. What is decided already stays.
pub(crate) fn seen(req: &HttpRequest) {
    let mut extensions = req.extensions_mut();
    if !extensions.contains::<Pending>() {
        extensions.insert(Pending::Seen);
    }
}

/// The client is to forget its session.
pub(crate) fn clear(req: &HttpRequest) {
    req.extensions_mut().insert(Pending::Clear);
}

/// The client is to keep a session: as long as it lives, or until the browser ends.
pub(crate) fn send(req: &HttpRequest, token: &str, is_remembered: bool) {
    req.extensions_mut().insert(Pending::Send { token: token.to_owned(), is_remembered });
}

/// Hands a new session to the client.
pub(crate) fn hand_out(req: &HttpRequest, fresh: &Fresh) {
    send(req, &fresh.token, fresh.is_remembered);
}

/// Middleware.
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
            let max_age = is_remembered.then_some(state.session_expires_in.as_secs());
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

/// Lets scripts read the token, beside what they may read already.
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
