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
    http::error::{Error, Redirect, Result},
};

pub(crate) static CALLBACK: Redirect = Redirect {
    member: "callbackURL",
    code: "INVALID_CALLBACK_URL",
    message: "Invalid callbackURL",
};
/// Body fields that contain redirect targets.
pub(crate) static REDIRECTS: [&Redirect; 4] = [
    &CALLBACK,
    &Redirect {
        member: "redirectTo",
        code: "INVALID_REDIRECT_URL",
        message: "Invalid redirectURL",
    },
    &Redirect {
        member: "errorCallbackURL",
        code: "INVALID_ERROR_CALLBACK_URL",
        message: "Invalid errorCallbackURL",
    },
    &Redirect {
        member: "newUserCallbackURL",
        code: "INVALID_NEW_USER_CALLBACK_URL",
        message: "Invalid newUserCallbackURL",
    },
];

/// Checks a request that changes state: if it carries a cookie of any name, it must come from a
/// trusted origin.
pub(crate) fn check(req: &HttpRequest, trusted: &TrustedOrigins) -> Result<()> {
    if req.headers().contains_key(COOKIE) { require_trusted(req, trusted) } else { Ok(()) }
}

/// Checks the origin of a sign-in or sign-up, which other sites can forge although the browser has
/// no cookie yet. A request from a browser must name a trusted origin and must not be a cross-site
/// navigation.
pub(crate) fn check_sign_in(req: &HttpRequest, trusted: &TrustedOrigins) -> Result<()> {
    let headers = req.headers();
    if headers.contains_key(COOKIE) {
        return Ok(()); // `check` has verified the origin
    }
    let (site, mode) = (text(headers, "sec-fetch-site"), text(headers, "sec-fetch-mode"));
    if site == Some("cross-site") && mode == Some("navigate") {
        return Err(Error::CrossSiteNavigationLogin);
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
                Err(Error::InvalidOrigin)
            };
        }
        Some(origin) => Some(origin.to_owned()),
        None if headers.contains_key(ORIGIN) => return Err(Error::InvalidOrigin),
        None => text(headers, REFERER.as_str())
            .and_then(|referer| WebOrigin::of(&referer.parse().ok()?))
            .map(|origin| origin.as_str().to_owned()),
    };
    match origin.as_deref() {
        None | Some("null" | "") => Err(Error::MissingOrNullOrigin),
        Some(origin) if trusted.cover_origin(origin) || trusted.cover_app(origin) => Ok(()),
        Some(origin) => {
            let origin = cors::shown(origin.as_bytes());
            info!(
                origin,
                "untrusted origin refused; add it to FRONTEND_URL or BETTER_AUTH_TRUSTED_ORIGINS \
                 only if it is one of your web apps"
            );
            Err(Error::InvalidOrigin)
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
    for redirect in REDIRECTS {
        match member(redirect.member) {
            None => {}
            Some(Value::String(target)) if trusted.allow_target(target) => {}
            Some(Value::String(_)) => return Err(Error::InvalidRedirect(redirect)),
            Some(_) => return Err(Error::RedirectNotAString(redirect)),
        }
        if redirect.member == CALLBACK.member && member(redirect.member).is_none() {
            let names = form_urlencoded::parse(query.as_bytes()).map(|(name, _)| name);
            if names.filter(|name| name == CALLBACK.member).count() > 1 {
                return Err(Error::RedirectNotAString(&CALLBACK));
            }
            check_query_redirect(query, trusted)?;
        }
    }
    Ok(())
}

/// Checks the `callbackURL` in the query.
pub(crate) fn check_query_redirect(query: &str, trusted: &TrustedOrigins) -> Result<()> {
    let mut targets = form_urlencoded::parse(query.as_bytes())
        .filter(|(name, value)| name == CALLBACK.member && !value.is_empty());
    if targets.all(|(_, target)| trusted.allow_target(&target)) {
        Ok(())
    } else {
        Err(Error::InvalidRedirect(&CALLBACK))
    }
}
