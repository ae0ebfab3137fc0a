//! May this page send this request, and may it send the browser there? (Against CSRF and open
//! redirects.)

use actix_web::{
    HttpRequest,
    http::header::{COOKIE, HOST, HeaderMap, ORIGIN, REFERER},
};
use serde_json::Value;
use service_kit::origins::WebOrigin;
use url::{Url, form_urlencoded};

use crate::{
    error::{Error, Redirect, Result},
    input::is_truthy,
    trusted_origin::TrustedOrigin,
};

pub(crate) static CALLBACK: Redirect = Redirect {
    member: "callbackURL",
    code: "INVALID_CALLBACK_URL",
    message: "Invalid callbackURL",
};
/// The members of a body that may send the browser somewhere.
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

/// For every request that changes something: one that carries a cookie, any cookie, must come
/// from a trusted page.
pub(crate) fn check(req: &HttpRequest, trusted: &[TrustedOrigin]) -> Result<()> {
    if req.headers().contains_key(COOKIE) { require_trusted(req, trusted) } else { Ok(()) }
}

/// For sign-in and sign-up, which need no cookie to be abused: a browser must name a trusted page.
pub(crate) fn check_sign_in(req: &HttpRequest, trusted: &[TrustedOrigin]) -> Result<()> {
    let headers = req.headers();
    if headers.contains_key(COOKIE) {
        return Ok(()); // `check` has seen to it
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

fn require_trusted(req: &HttpRequest, trusted: &[TrustedOrigin]) -> Result<()> {
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
        Some(origin) if is_trusted_text(origin, trusted) => Ok(()),
        Some(_) => Err(Error::InvalidOrigin),
    }
}

fn is_trusted(origin: &WebOrigin, trusted: &[TrustedOrigin]) -> bool {
    trusted.iter().any(|trusted| trusted.covers(origin))
}

/// Only as a browser writes it.
fn is_trusted_text(origin: &str, trusted: &[TrustedOrigin]) -> bool {
    origin
        .parse()
        .is_ok_and(|read: WebOrigin| read.as_str() == origin && is_trusted(&read, trusted))
}

/// Whether the request was sent to a trusted origin, whichever scheme a proxy in front of us speaks.
fn is_own_host_trusted(headers: &HeaderMap, trusted: &[TrustedOrigin]) -> bool {
    text(headers, HOST.as_str()).is_some_and(|host| {
        ["http", "https"]
            .iter()
            .any(|scheme| is_trusted_text(&format!("{scheme}://{host}"), trusted))
    })
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// Checks every member that may send the browser somewhere; the query's counts when the body has
/// none.
pub(crate) fn check_redirects(
    body: Option<&Value>,
    query: &str,
    trusted: &[TrustedOrigin],
) -> Result<()> {
    let member = |name: &str| body.and_then(|body| body.get(name)).filter(|value| is_truthy(value));
    for redirect in REDIRECTS {
        match member(redirect.member) {
            None => {}
            Some(Value::String(target)) if is_safe(target, trusted) => {}
            Some(Value::String(_)) => return Err(Error::InvalidRedirect(redirect)),
            Some(_) => return Err(Error::RedirectNotAString(redirect)),
        }
        if redirect.member == CALLBACK.member && member(redirect.member).is_none() {
            check_query_redirect(query, trusted)?;
        }
    }
    Ok(())
}

/// The one member of a query that may send the browser somewhere.
pub(crate) fn check_query_redirect(query: &str, trusted: &[TrustedOrigin]) -> Result<()> {
    let mut targets = form_urlencoded::parse(query.as_bytes())
        .filter(|(name, value)| name == CALLBACK.member && !value.is_empty());
    if targets.all(|(_, target)| is_safe(&target, trusted)) {
        Ok(())
    } else {
        Err(Error::InvalidRedirect(&CALLBACK))
    }
}

/// A path of this origin, or an address of a trusted one. Neither holds what browsers and servers
/// read differently.
fn is_safe(target: &str, trusted: &[TrustedOrigin]) -> bool {
    if target.contains('\\') || target.contains(char::is_control) {
        return false;
    }
    if target.starts_with('/') {
        let path = target.split(['?', '#']).next().unwrap_or_default().to_ascii_lowercase();
        return !path.starts_with("//") && !path.contains("%2f") && !path.contains("%5c");
    }
    let Ok(url) = target.parse::<Url>() else { return false };
    let has_user = !url.username().is_empty() || url.password().is_some();
    let is_web = matches!(url.scheme(), "http" | "https");
    is_web && !has_user && WebOrigin::of(&url).is_some_and(|origin| is_trusted(&origin, trusted))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_own_paths_and_trusted_origins_are_safe_targets() {
        let trusted: Vec<TrustedOrigin> = vec!["http://localhost:3000".parse().unwrap()];
        for target in
            ["/", "/dashboard", "/a?next=%2Fb", "http://localhost:3000", "http://localhost:3000/a"]
        {
            assert!(is_safe(target, &trusted), "{target}");
        }
        for target in [
            "dashboard",
            "//evil.example",
            "/\\evil.example",
            "/%2fevil.example",
            "/%5Cevil.example",
            "/\tevil",
            "http://localhost:3000\\@evil.example/",
            "blob:http://localhost:3000/x",
            "http://evil.example@localhost:3000/",
            "http://localhost:3001/",
            "https://localhost:3000/",
            "http://localhost:3000.evil.example/",
            "http://localhost:3000@evil.example/",
            "javascript:alert(1)",
        ] {
            assert!(!is_safe(target, &trusted), "{target}");
        }
    }
}
