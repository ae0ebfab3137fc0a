//! The signed cookies of the contract, and the bearer tokens that stand for them.

use actix_web::http::header::{COOKIE, HeaderMap, HeaderValue};
use aws_lc_rs::hmac;
use base64::{Engine as _, prelude::BASE64_STANDARD};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use secrecy::{ExposeSecret as _, SecretString};

/// What JavaScript's `encodeURIComponent` leaves alone.
pub(crate) const COMPONENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'!')
    .remove(b'~')
    .remove(b'*')
    .remove(b'\'')
    .remove(b'(')
    .remove(b')');

/// Base64 of an HMAC-SHA256: 44 characters, the last a `=`.
const SIGNATURE_CHARS: usize = 44;

/// What the marker cookie says, signed.
const MARKER: &str = "true";

/// Signs and reads cookies. Not `Debug`: it holds the secret.
pub(crate) struct Cookies {
    key: hmac::Key,
    is_secure: bool,
}

#[derive(Clone, Copy)]
enum Name {
    SessionToken,
    /// The cookie cache of the original, which we never set.
    SessionData,
    DontRemember,
}

impl Cookies {
    pub(crate) fn new(secret: &SecretString, is_secure: bool) -> Self {
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret.expose_secret().as_bytes());
        Self { key, is_secure }
    }

    /// `<token>.<signature>`, as bearer clients keep it.
    pub(crate) fn signed(&self, token: &str) -> String {
        let signature = hmac::sign(&self.key, token.as_bytes());
        format!("{token}.{}", BASE64_STANDARD.encode(signature))
    }

    /// The token of a signed token, percent-encoded or not.
    pub(crate) fn verified(&self, signed: &str) -> Option<String> {
        let signed = percent_decode_str(signed).decode_utf8().ok()?;
        let (token, signature) = signed.rsplit_once('.')?;
        if signature.len() != SIGNATURE_CHARS || !signature.ends_with('=') {
            return None;
        }
        let signature = BASE64_STANDARD.decode(signature).ok()?;
        // Compares in constant time.
        hmac::verify(&self.key, token.as_bytes(), &signature).ok()?;
        Some(token.to_owned())
    }

    /// The session token in the request's cookie, if its signature is ours.
    pub(crate) fn session_token(&self, headers: &HeaderMap) -> Option<String> {
        self.verified(self.read(headers, Name::SessionToken)?)
    }

    /// Whether the user asked not to be remembered.
    pub(crate) fn has_marker(&self, headers: &HeaderMap) -> bool {
        let marker = self.read(headers, Name::DontRemember);
        marker.and_then(|value| self.verified(value)).as_deref() == Some(MARKER)
    }

    /// The cookies of a session: for `max_age` seconds, or until the browser ends.
    pub(crate) fn start(&self, token: &str, max_age: Option<u64>) -> Vec<HeaderValue> {
        let signed = self.signed(token);
        match max_age {
            Some(_) => vec![self.set_cookie(Name::SessionToken, &signed, max_age)],
            None => vec![
                self.set_cookie(Name::SessionToken, &signed, None),
                self.set_cookie(Name::DontRemember, &self.signed(MARKER), None),
            ],
        }
    }

    pub(crate) fn clear_marker(&self) -> HeaderValue {
        self.set_cookie(Name::DontRemember, "", Some(0))
    }

    /// "Clears the session cookies": always these three.
    pub(crate) fn clear(&self) -> Vec<HeaderValue> {
        [Name::SessionToken, Name::SessionData, Name::DontRemember]
            .map(|name| self.set_cookie(name, "", Some(0)))
            .into()
    }

    /// Left-overs of the original's cookie cache, whole or in numbered pieces, are cleared when
    /// they are seen.
    pub(crate) fn clear_left_overs(&self, headers: &HeaderMap) -> Vec<HeaderValue> {
        let whole = self.name(Name::SessionData);
        let names = pairs(headers).filter_map(|pair| {
            let (name, _) = str::from_utf8(pair).ok()?.split_once('=')?;
            let piece = name.strip_prefix(whole)?;
            let is_number =
                |piece: &str| !piece.is_empty() && piece.bytes().all(|b| b.is_ascii_digit());
            (piece.is_empty() || piece.strip_prefix('.').is_some_and(is_number)).then_some(name)
        });
        names.map(|name| self.set_cookie_named(name, "", Some(0))).collect()
    }

    fn name(&self, name: Name) -> &'static str {
        match (name, self.is_secure) {
            (Name::SessionToken, false) => "better-auth.session_token",
            (Name::SessionToken, true) => "__Secure-better-auth.session_token",
            (Name::SessionData, false) => "better-auth.session_data",
            (Name::SessionData, true) => "__Secure-better-auth.session_data",
            (Name::DontRemember, false) => "better-auth.dont_remember",
            (Name::DontRemember, true) => "__Secure-better-auth.dont_remember",
        }
    }

    /// The first cookie of that name, without the quotes that may surround its value.
    fn read<'a>(&self, headers: &'a HeaderMap, name: Name) -> Option<&'a str> {
        let name = self.name(name);
        let value = pairs(headers)
            .find_map(|pair| pair.strip_prefix(name.as_bytes())?.strip_prefix(b"="))?;
        let value = str::from_utf8(value).ok()?;
        let unquoted = value.strip_prefix('"').and_then(|value| value.strip_suffix('"'));
        Some(unquoted.unwrap_or(value))
    }

    fn set_cookie(&self, name: Name, value: &str, max_age: Option<u64>) -> HeaderValue {
        self.set_cookie_named(self.name(name), value, max_age)
    }

    fn set_cookie_named(&self, name: &str, value: &str, max_age: Option<u64>) -> HeaderValue {
        let value = utf8_percent_encode(value, COMPONENT);
        let max_age = max_age.map(|age| format!(" Max-Age={age};")).unwrap_or_default();
        let secure = if self.is_secure { " Secure;" } else { "" };
        let line = format!("{name}={value};{max_age} Path=/; HttpOnly;{secure} SameSite=Lax");
        // Percent-encoding leaves nothing a header cannot hold.
        HeaderValue::try_from(line).unwrap_or_else(|_| HeaderValue::from_static(""))
    }
}

/// `name=value` of every cookie. Other people's may hold any bytes.
fn pairs(headers: &HeaderMap) -> impl Iterator<Item = &[u8]> {
    headers
        .get_all(COOKIE)
        .flat_map(|line| line.as_bytes().split(|byte| *byte == b';'))
        .map(<[u8]>::trim_ascii)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKEN: &str = "ExampleSessionToken0123456789ABC";
    const SIGNATURE: &str = "mD61K9apYmY+5+UbYzZhr7IrajLjjJ6lqee2PxaC5XU=";

    fn cookies() -> Cookies {
        Cookies::new(&"example-secret-do-not-use-0000000000".into(), false)
    }

    fn request(cookie: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(COOKIE, HeaderValue::from_bytes(cookie.as_bytes()).unwrap());
        headers
    }

    #[test]
    fn the_contracts_test_vector_is_reproduced() {
        assert_eq!(cookies().signed(TOKEN), format!("{TOKEN}.{SIGNATURE}"));
        assert_eq!(
            cookies().start(TOKEN, None),
            [
                "better-auth.session_token=ExampleSessionToken0123456789ABC.\
                 mD61K9apYmY%2B5%2BUbYzZhr7IrajLjjJ6lqee2PxaC5XU%3D; Path=/; HttpOnly; SameSite=Lax",
                "better-auth.dont_remember=true.\
                 DHIbT8IgXS9LEUp5%2FKmEY8isx2df8teMB05Fceh1j2E%3D; Path=/; HttpOnly; SameSite=Lax",
            ]
        );
    }

    #[test]
    fn a_cookie_is_read_encoded_plain_or_quoted_and_the_first_counts() {
        let encoded = utf8_percent_encode(SIGNATURE, COMPONENT).to_string();
        for cookie in [
            format!("a=b; better-auth.session_token={TOKEN}.{encoded}"),
            format!("better-auth.session_token={TOKEN}.{SIGNATURE}; c=d"),
            format!("better-auth.session_token=\"{TOKEN}.{SIGNATURE}\""),
            format!("theme=é; better-auth.session_token={TOKEN}.{SIGNATURE}"),
            format!("better-auth.session_token={TOKEN}.{SIGNATURE}; better-auth.session_token=x"),
        ] {
            assert_eq!(cookies().session_token(&request(&cookie)).as_deref(), Some(TOKEN));
        }
    }

    #[test]
    fn the_last_dot_parts_token_and_signature() {
        let dotted = format!("{TOKEN}.with.dots");
        assert_eq!(cookies().verified(&cookies().signed(&dotted)), Some(dotted));
    }

    #[test]
    fn a_cookie_without_our_signature_is_no_session() {
        let foreign = Cookies::new(&"another-secret-do-not-use-0000000000".into(), false);
        for cookie in [
            String::new(),
            format!("better-auth.session_token={TOKEN}"),
            format!("better-auth.session_token={TOKEN}."),
            format!("better-auth.session_token={TOKEN}.{}", SIGNATURE.trim_end_matches('=')),
            format!("better-auth.session_token=x{TOKEN}.{SIGNATURE}"),
            format!("better-auth.session_token={}", foreign.signed(TOKEN)),
            format!("__Secure-better-auth.session_token={TOKEN}.{SIGNATURE}"),
            format!("better-auth.session_token=x; better-auth.session_token={TOKEN}.{SIGNATURE}"),
        ] {
            assert_eq!(cookies().session_token(&request(&cookie)), None, "{cookie}");
        }
    }

    #[test]
    fn cookies_are_secure_on_https() {
        let cookies = Cookies::new(&"example-secret-do-not-use-0000000000".into(), true);
        let cookie = cookies.start(TOKEN, Some(604_800)).remove(0);
        let cookie = cookie.to_str().unwrap();
        assert!(cookie.starts_with("__Secure-better-auth.session_token="), "{cookie}");
        assert!(
            cookie.ends_with("; Max-Age=604800; Path=/; HttpOnly; Secure; SameSite=Lax"),
            "{cookie}"
        );
    }
}
