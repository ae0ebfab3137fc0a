//! Credentials of an OAuth client (RFC 6749 §2.3.1, RFC 7523 §2.2).

use actix_web::http::header::{AUTHORIZATION, HeaderMap, HeaderValue};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use url::form_urlencoded;

use crate::{
    domain::clients::{Presented, Refusal},
    http::{
        error::{Error, Rejection, Result},
        input::OauthForm,
    },
};

/// Value of `client_assertion_type` (RFC 7523 §2.2).
pub(crate) const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// Reads the credentials from the `Authorization` header (HTTP Basic) or from the form. A client
/// must not send more than one credential.
pub(crate) fn read(headers: &HeaderMap, form: &OauthForm) -> Result<Presented> {
    let (id, secret) = (form.one("client_id")?, form.one("client_secret")?);
    let assertion = form.one("client_assertion")?;
    let mut headers = headers.get_all(AUTHORIZATION);
    let (header, second) = (headers.next(), headers.next());
    let refused = || Error::ClientRefused(Refusal::NoCredentials);
    match (header, secret, assertion) {
        (Some(header), None, None) if second.is_none() => {
            let (basic_id, secret) = basic(header).ok_or_else(refused)?;
            if id.is_some_and(|id| id != basic_id) {
                return Err(
                    Rejection::InvalidRequest.with_message("The parameter client_id differs")
                );
            }
            Ok(Presented::Secret { id: basic_id, secret })
        }
        (None, Some(secret), None) => {
            let id = id.ok_or_else(refused)?;
            Ok(Presented::Secret { id: id.to_owned(), secret: secret.to_owned() })
        }
        (None, None, Some(assertion)) => {
            if form.one("client_assertion_type")? != Some(ASSERTION_TYPE) {
                let problem = "The client_assertion_type is missing or not supported";
                return Err(Rejection::InvalidRequest.with_message(problem));
            }
            Ok(Presented::Assertion {
                client_id: id.map(str::to_owned),
                assertion: assertion.to_owned(),
            })
        }
        (_, None, None) => Err(refused()),
        _ => {
            Err(Rejection::InvalidRequest.with_message("The client sent more than one credential"))
        }
    }
}

/// Returns the credentials in the `Authorization` header, if they are HTTP Basic.
pub(crate) fn from_header(headers: &HeaderMap) -> Option<Presented> {
    let mut headers = headers.get_all(AUTHORIZATION);
    let (Some(header), None) = (headers.next(), headers.next()) else { return None };
    let (id, secret) = basic(header)?;
    Some(Presented::Secret { id, secret })
}

/// Reads the id and the secret from HTTP Basic, in which they are encoded as in a form.
fn basic(header: &HeaderValue) -> Option<(String, String)> {
    let (scheme, credentials) = header.to_str().ok()?.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("Basic") {
        return None;
    }
    let decoded = String::from_utf8(BASE64_STANDARD.decode(credentials.trim()).ok()?).ok()?;
    let (id, secret) = decoded.split_once(':')?;
    Some((unescaped(id)?, unescaped(secret)?))
}

fn unescaped(text: &str) -> Option<String> {
    // In a form, `&` would separate values, and all but the first would be ignored.
    let form = format!("value={}", text.replace('&', "%26"));
    let (_, value) = form_urlencoded::parse(form.as_bytes()).next()?;
    Some(value.into_owned())
}
