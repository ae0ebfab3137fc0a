//! Authentication of receivers: services that read security events or introspect access tokens, and
//! authenticate with one of the secrets in `EVENTS_SECRET`.

use actix_web::http::header::{AUTHORIZATION, HeaderMap};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use url::form_urlencoded;

use crate::domain::security_events::SecurityEvents;

/// The sender of a request, according to its `Authorization` header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Client {
    /// The request has no credentials.
    Anonymous,
    Receiver,
    /// The credentials are malformed, or do not match the secret of any receiver.
    Unknown,
}

impl Client {
    /// Identifies the sender. The secret may be a bearer token (RFC 6750 §2.1) or the password of
    /// HTTP Basic (RFC 6749 §2.3.1), whose user name is ignored. The header must not be repeated.
    pub(crate) fn of(headers: &HeaderMap, receivers: &SecurityEvents) -> Self {
        let mut headers = headers.get_all(AUTHORIZATION);
        let Some(header) = headers.next() else { return Self::Anonymous };
        let parts = header.to_str().ok().and_then(|header| header.split_once(' '));
        let (Some((scheme, credential)), None) = (parts, headers.next()) else {
            return Self::Unknown;
        };
        let credential = credential.trim();
        let is_receiver = if scheme.eq_ignore_ascii_case("Bearer") {
            receivers.is_receiver(credential)
        } else if scheme.eq_ignore_ascii_case("Basic") {
            passwords(credential).iter().any(|password| receivers.is_receiver(password))
        } else {
            false
        };
        if is_receiver { Self::Receiver } else { Self::Unknown }
    }
}

/// Returns the password of Basic credentials twice: form-decoded, as RFC 6749 §2.3.1 requires, and
/// as sent, because not every client encodes it.
fn passwords(credential: &str) -> Vec<String> {
    let decoded = BASE64_STANDARD.decode(credential).ok().and_then(|it| String::from_utf8(it).ok());
    let Some((_, password)) = decoded.as_deref().and_then(|decoded| decoded.split_once(':')) else {
        return Vec::new();
    };
    let form = format!("password={password}");
    let unescaped = form_urlencoded::parse(form.as_bytes()).next();
    let unescaped = unescaped.map(|(_, value)| value.into_owned());
    unescaped.into_iter().chain([password.to_owned()]).collect()
}
