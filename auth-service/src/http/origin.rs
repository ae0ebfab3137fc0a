//! Checks the origin of requests and the targets of redirects, to prevent CSRF and open redirects.

use actix_web::{
    HttpRequest,
    http::header::{COOKIE, HOST, HeaderMap, ORIGIN, REFERER},
};
use serde_json::Value;
use service_kit::{cors, origins::WebOrigin};
use tracing::info;
use url::form_urlencoded;

use crate::{
    domain::{javascript::is_truthy, origins::TrustedOrigins},
    http::error::{Error, Rejection, Result},
};

const CALLBACK: &str = "callbackURL";
/// Body fields that contain redirect targets, each with the error for an untrusted target.
pub(crate) const REDIRECTS: [(&str, Rejection); 4] = [
    (CALLBACK, Rejection::InvalidCallbackUrl),
    ("redirectTo", Rejection::InvalidRedirectUrl),
    ("errorCallbackURL", Rejection::InvalidErrorCallbackUrl),
    ("newUserCallbackURL", Rejection::InvalidNewUserCallbackUrl),
];

/// Checks a request that changes state: if it carries a cookie of any name, it must come from a
/// trusted origin.
pub(crate) fn check(req: &HttpRequest, trusted: &TrustedOrigins) -> Result<()> {
    if req.headers().contains_key(COOKIE) { require_trusted(req, trusted) } else { Ok(()) }
}

/// Checks a sign-in or sign-up without cookies. Another site could send such a request to sign a user
/// in to the attacker's account. A request from a browser must therefore name a trusted origin and
/// must not be a cross-site navigation.
pub(crate) fn check_sign_in(req: &HttpRequest, trusted: &TrustedOrigins) -> Result<()> {
    let headers = req.headers();
    if headers.contains_key(COOKIE) {
        return Ok(()); // `check` has verified the origin
    }
    let (site, mode) = (text(headers, "sec-fetch-site"), text(headers, "sec-fetch-mode"));
    if site == Some("cross-site") && mode == Some("navigate") {
        return Err(Rejection::CrossSiteNavigationLogin.into());
    }
    let comes_from_a_page =
        ["sec-fetch-site", "sec-fetch-mode", "sec-fetch-dest"].iter().any(|name| {
            headers.get(*name).is_some_and(|value| !value.as_bytes().trim_ascii().is_empty())
        }) || headers.contains_key(ORIGIN)
            || headers.contains_key(REFERER);
    if comes_from_a_page { require_trusted(req, trusted) } else { Ok(()) }
}

fn require_trusted(req: &HttpRequest, trusted: &TrustedOrigins) -> Result<()> {
    let headers = req.headers();
    let origin = match text(headers, ORIGIN.as_str()) {
        Some("null") if text(headers, "sec-fetch-site") == Some("same-origin") => {
            return if is_own_host_trusted(headers, trusted) {
                Ok(())
            } else {
                Err(Rejection::InvalidOrigin.into())
            };
        }
        Some(origin) => Some(origin.to_owned()),
        None if headers.contains_key(ORIGIN) => return Err(Rejection::InvalidOrigin.into()),
        None => text(headers, REFERER.as_str())
            .and_then(|referer| WebOrigin::of(&referer.parse().ok()?))
            .map(|origin| origin.as_str().to_owned()),
    };
    match origin.as_deref() {
        None | Some("null" | "") => Err(Rejection::MissingOrNullOrigin.into()),
        Some(origin) if trusted.cover_origin(origin) || trusted.cover_app(origin) => Ok(()),
        Some(origin) => {
            let origin = cors::shown(origin.as_bytes());
            info!(
                origin,
                "untrusted origin refused; add it to FRONTEND_URL or BETTER_AUTH_TRUSTED_ORIGINS \
                 only if it is one of your web apps"
            );
            Err(Rejection::InvalidOrigin.into())
        }
    }
}

/// Returns whether the request's host is a trusted origin. Tries both schemes, because a proxy may
/// terminate TLS.
fn is_own_host_trusted(headers: &HeaderMap, trusted: &TrustedOrigins) -> bool {
    text(headers, HOST.as_str()).is_some_and(|host| {
        ["http", "https"].iter().any(|scheme| trusted.cover_origin(&format!("{scheme}://{host}")))
    })
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// Checks all redirect targets in the body, and the `callbackURL` in the query if the body has no
/// `callbackURL`.
pub(crate) fn check_redirects(
    body: Option<&Value>,
    query: &str,
    trusted: &TrustedOrigins,
) -> Result<()> {
    let member = |name: &str| body.and_then(|body| body.get(name)).filter(|value| is_truthy(value));
    for (name, untrusted) in REDIRECTS {
        match member(name) {
            None => {}
            Some(Value::String(target)) if trusted.allow_target(target) => {}
            Some(Value::String(_)) => return Err(untrusted.into()),
            Some(_) => return Err(not_a_string(untrusted)),
        }
        if name == CALLBACK && member(name).is_none() {
            let names = form_urlencoded::parse(query.as_bytes()).map(|(name, _)| name);
            if names.filter(|name| name == CALLBACK).count() > 1 {
                return Err(not_a_string(untrusted));
            }
            check_query_redirect(query, trusted)?;
        }
    }
    Ok(())
}

/// Checks the `callbackURL` in the query.
pub(crate) fn check_query_redirect(query: &str, trusted: &TrustedOrigins) -> Result<()> {
    let mut targets = form_urlencoded::parse(query.as_bytes())
        .filter(|(name, value)| name == CALLBACK && !value.is_empty());
    if targets.all(|(_, target)| trusted.allow_target(&target)) {
        Ok(())
    } else {
        Err(Rejection::InvalidCallbackUrl.into())
    }
}

/// Returns the error for a redirect target that is not a string. `untrusted` is the error for an
/// untrusted target in the same field.
pub(crate) fn not_a_string(untrusted: Rejection) -> Error {
    let message = format!("{}: expected a string", untrusted.message());
    Rejection::RedirectNotAString.with_message(message)
}
