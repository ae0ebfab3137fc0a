//! Better Auth's signed cookies, and the equivalent bearer tokens.

use actix_web::http::header::{COOKIE, HeaderMap, HeaderValue};
use aws_lc_rs::hmac;
use base64::{Engine as _, prelude::BASE64_STANDARD};
use percent_encoding::{percent_decode_str, utf8_percent_encode};
use secrecy::{ExposeSecret as _, SecretString};

use crate::{
    config::{CookieArgs, SameSite, Secrets},
    domain::javascript::URI_COMPONENT,
};

/// Length of a base64-encoded HMAC-SHA256: 44 characters, the last of which is `=`.
const SIGNATURE_CHARS: usize = 44;

/// Value of the `dont_remember` cookie, without the signature.
const MARKER: &str = "true";

/// Maximum number of cookies with the same name that are tried. A browser may send several, set for
/// different domains and paths.
const MAX_SAME_NAME: usize = 8;
/// Maximum number of session cache cookies that one response clears, because proxies limit the size
/// of response headers.
const MAX_CLEARED: usize = 10;

/// A token whose signature is valid, or that does not need one.
pub(crate) struct SignedToken {
    pub(crate) token: String,
    /// Whether an older secret signed it.
    pub(crate) is_outdated: bool,
}

/// Signer and verifier of cookies. Does not implement `Debug`, because it holds keys.
pub(crate) struct Cookies {
    key: hmac::Key,
    /// Keys of older secrets, used only for verification.
    older_keys: Vec<hmac::Key>,
    names: Names,
    /// Attributes of every cookie, other than `Max-Age` and `Domain`.
    attributes: String,
    /// `Domain` attribute of the cookies set by an earlier server.
    old_domain: Option<String>,
}

struct Names {
    session_token: String,
    /// Name of Better Auth's session cache cookie, which this service never sets.
    session_data: String,
    dont_remember: String,
}

impl Cookies {
    pub(crate) fn new(secrets: &Secrets, args: &CookieArgs, is_secure: bool) -> Self {
        let key = |secret: &SecretString| {
            hmac::Key::new(hmac::HMAC_SHA256, secret.expose_secret().as_bytes())
        };
        let prefix = if is_secure { "__Secure-" } else { "" };
        let name = |name: &str| format!("{prefix}{}.{name}", args.cookie_prefix);
        let secure = if is_secure { " Secure;" } else { "" };
        let same_site = match args.cookie_same_site {
            SameSite::Lax => "Lax",
            SameSite::Strict => "Strict",
            SameSite::None => "None",
        };
        let partitioned = if args.cookie_partitioned { "; Partitioned" } else { "" };
        Self {
            key: key(&secrets.current),
            older_keys: secrets.older.iter().map(key).collect(),
            names: Names {
                session_token: name("session_token"),
                session_data: name("session_data"),
                dont_remember: name("dont_remember"),
            },
            attributes: format!("Path=/; HttpOnly;{secure} SameSite={same_site}{partitioned}"),
            old_domain: args.old_cookie_domain.clone(),
        }
    }

    /// Returns `<token>.<signature>`, the form of a signed bearer token and, percent-encoded, of a
    /// cookie's value.
    pub(crate) fn signed(&self, token: &str) -> String {
        let signature = hmac::sign(&self.key, token.as_bytes());
        format!("{token}.{}", BASE64_STANDARD.encode(signature))
    }

    /// Verifies `<token>.<signature>`, percent-encoded or not. Returns the token if the signature
    /// is valid.
    pub(crate) fn verified(&self, signed: &str) -> Option<SignedToken> {
        let signed = percent_decode_str(signed).decode_utf8().ok()?;
        let (token, signature) = signed.rsplit_once('.')?;
        if signature.len() != SIGNATURE_CHARS || !signature.ends_with('=') {
            return None;
        }
        let signature = BASE64_STANDARD.decode(signature).ok()?;
        // `hmac::verify` compares in constant time.
        let is_of = |key| hmac::verify(key, token.as_bytes(), &signature).is_ok();
        let is_outdated = !is_of(&self.key);
        if is_outdated && !self.older_keys.iter().any(is_of) {
            return None;
        }
        Some(SignedToken { token: token.to_owned(), is_outdated })
    }

    /// Returns the session tokens with a valid signature from the request's cookies, without
    /// duplicates.
    pub(crate) fn session_tokens(&self, headers: &HeaderMap) -> Vec<SignedToken> {
        let values = values(headers, &self.names.session_token).take(MAX_SAME_NAME);
        let mut tokens = Vec::<SignedToken>::new();
        for signed in values.filter_map(|value| self.verified(value)) {
            if !tokens.iter().any(|known| known.token == signed.token) {
                tokens.push(signed);
            }
        }
        tokens
    }

    /// Returns whether the request has a valid `dont_remember` cookie: the user chose not to be
    /// remembered.
    pub(crate) fn has_marker(&self, headers: &HeaderMap) -> bool {
        let mut markers = values(headers, &self.names.dont_remember).take(MAX_SAME_NAME);
        markers.any(|value| self.verified(value).is_some_and(|marker| marker.token == MARKER))
    }

    /// Returns the cookies of a session, valid for `max_age` seconds or, without it, until the
    /// browser closes, and the cookies that clear those of an earlier server.
    pub(crate) fn start(&self, token: &str, max_age: Option<u64>) -> Vec<HeaderValue> {
        let mut lines = self.clear_old_domain();
        lines.extend(self.set_cookie(&self.names.session_token, &self.signed(token), max_age));
        if max_age.is_none() {
            lines.extend(self.set_cookie(&self.names.dont_remember, &self.signed(MARKER), None));
        }
        lines
    }

    pub(crate) fn clear_marker(&self) -> Option<HeaderValue> {
        self.set_cookie(&self.names.dont_remember, "", Some(0))
    }

    /// Returns the cookies that clear all three cookies of a session, even if the request has
    /// fewer, and those of an earlier server.
    pub(crate) fn clear(&self) -> Vec<HeaderValue> {
        let Names { session_token, session_data, dont_remember } = &self.names;
        let mut lines = self.clear_old_domain();
        lines.extend(
            [session_token, session_data, dont_remember]
                .into_iter()
                .filter_map(|name| self.set_cookie(name, "", Some(0))),
        );
        lines
    }

    /// Returns headers that clear cookies with the old `Domain` attribute, which could shadow the
    /// current ones.
    fn clear_old_domain(&self) -> Vec<HeaderValue> {
        let Some(domain) = &self.old_domain else { return Vec::new() };
        let Names { session_token, session_data, dont_remember } = &self.names;
        let clear =
            |name| header(format!("{name}=; Max-Age=0; Domain={domain}; {}", self.attributes));
        [session_token, session_data, dont_remember].into_iter().filter_map(clear).collect()
    }

    /// Returns headers that clear Better Auth's non-empty session cache cookies, which may be split
    /// into numbered chunks. Returns at most [`MAX_CLEARED`] headers.
    pub(crate) fn clear_left_overs(&self, headers: &HeaderMap) -> Vec<HeaderValue> {
        let names = pairs(headers).filter_map(|pair| {
            let (name, value) = str::from_utf8(pair).ok()?.split_once('=')?;
            let piece = name.strip_prefix(self.names.session_data.as_str())?;
            let is_number =
                |piece: &str| !piece.is_empty() && piece.bytes().all(|b| b.is_ascii_digit());
            let is_left_over = piece.is_empty() || piece.strip_prefix('.').is_some_and(is_number);
            (is_left_over && !value.is_empty()).then_some(name)
        });
        names.take(MAX_CLEARED).filter_map(|name| self.set_cookie(name, "", Some(0))).collect()
    }

    fn set_cookie(&self, name: &str, value: &str, max_age: Option<u64>) -> Option<HeaderValue> {
        let value = utf8_percent_encode(value, URI_COMPONENT);
        let max_age = max_age.map(|age| format!(" Max-Age={age};")).unwrap_or_default();
        header(format!("{name}={value};{max_age} {}", self.attributes))
    }
}

/// Returns a `Set-Cookie` header. It is never `None`: names and attributes are validated, and
/// percent-encoding leaves only characters that are valid in a header.
fn header(line: String) -> Option<HeaderValue> {
    HeaderValue::try_from(line).ok()
}

/// Returns the values of all cookies with this name, without surrounding quotes.
fn values<'a>(headers: &'a HeaderMap, name: &'a str) -> impl Iterator<Item = &'a str> {
    pairs(headers).filter_map(move |pair| {
        let value = pair.strip_prefix(name.as_bytes())?.strip_prefix(b"=")?;
        let value = str::from_utf8(value).ok()?;
        let unquoted = value.strip_prefix('"').and_then(|value| value.strip_suffix('"'));
        Some(unquoted.unwrap_or(value))
    })
}

/// Returns `name=value` of every cookie as bytes, because cookies of other applications need not be
/// UTF-8.
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

    fn args() -> CookieArgs {
        CookieArgs {
            cookie_prefix: "better-auth".to_owned(),
            cookie_same_site: SameSite::Lax,
            cookie_partitioned: false,
            old_cookie_domain: None,
        }
    }

    fn with_secret(secret: &str, args: &CookieArgs, is_secure: bool) -> Cookies {
        Cookies::new(&SecretString::from(secret).into(), args, is_secure)
    }

    /// Returns the tokens of a request, and for each whether an older secret signed it.
    fn tokens(cookies: &Cookies, cookie: &str) -> Vec<(String, bool)> {
        let tokens = cookies.session_tokens(&request(cookie));
        tokens.into_iter().map(|signed| (signed.token, signed.is_outdated)).collect()
    }

    fn cookies() -> Cookies {
        with_secret("example-secret-do-not-use-0000000000", &args(), false)
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
    fn a_cookie_is_read_encoded_plain_or_quoted_at_any_position() {
        let encoded = utf8_percent_encode(SIGNATURE, URI_COMPONENT).to_string();
        for cookie in [
            format!("a=b; better-auth.session_token={TOKEN}.{encoded}"),
            format!("better-auth.session_token={TOKEN}.{SIGNATURE}; c=d"),
            format!("better-auth.session_token=\"{TOKEN}.{SIGNATURE}\""),
            format!("theme=é; better-auth.session_token={TOKEN}.{SIGNATURE}"),
            format!("better-auth.session_token={TOKEN}.{SIGNATURE}; better-auth.session_token=x"),
            format!("better-auth.session_token=x; better-auth.session_token={TOKEN}.{SIGNATURE}"),
        ] {
            assert_eq!(tokens(&cookies(), &cookie), [(TOKEN.to_owned(), false)], "{cookie}");
        }
    }

    #[test]
    fn the_last_dot_separates_token_and_signature() {
        let dotted = format!("{TOKEN}.with.dots");
        let verified = cookies().verified(&cookies().signed(&dotted));
        assert_eq!(verified.map(|signed| signed.token), Some(dotted));
    }

    #[test]
    fn a_cookie_with_a_foreign_signature_is_not_a_session() {
        let foreign = with_secret("another-secret-do-not-use-0000000000", &args(), false);
        for cookie in [
            String::new(),
            format!("better-auth.session_token={TOKEN}"),
            format!("better-auth.session_token={TOKEN}."),
            format!("better-auth.session_token={TOKEN}.{}", SIGNATURE.trim_end_matches('=')),
            format!("better-auth.session_token=x{TOKEN}.{SIGNATURE}"),
            format!("better-auth.session_token={}", foreign.signed(TOKEN)),
            format!("__Secure-better-auth.session_token={TOKEN}.{SIGNATURE}"),
        ] {
            assert_eq!(tokens(&cookies(), &cookie), [], "{cookie}");
        }
    }

    #[test]
    fn a_cookie_of_an_older_secret_is_outdated() {
        let secrets =
            ["new", "old", "older"].map(|name| format!("{name}-secret-of-a-test-00000000000"));
        let [current, older @ ..] = secrets.clone().map(SecretString::from);
        let rotated = Cookies::new(&Secrets { current, older: older.into() }, &args(), false);
        for (secret, is_outdated) in secrets.iter().zip([false, true, true]) {
            let signed = with_secret(secret, &args(), false).signed(TOKEN);
            let cookie = format!("better-auth.session_token={signed}");
            assert_eq!(tokens(&rotated, &cookie), [(TOKEN.to_owned(), is_outdated)], "{secret}");
        }
        let unknown = format!("better-auth.session_token={}", cookies().signed(TOKEN));
        assert_eq!(tokens(&rotated, &unknown), []);
        assert_eq!(rotated.signed(TOKEN), with_secret(&secrets[0], &args(), false).signed(TOKEN));
    }

    #[test]
    fn cookies_are_secure_on_https() {
        let cookies = with_secret("example-secret-do-not-use-0000000000", &args(), true);
        let cookie = cookies.start(TOKEN, Some(604_800)).remove(0);
        let cookie = cookie.to_str().unwrap();
        assert!(cookie.starts_with("__Secure-better-auth.session_token="), "{cookie}");
        assert!(
            cookie.ends_with("; Max-Age=604800; Path=/; HttpOnly; Secure; SameSite=Lax"),
            "{cookie}"
        );
    }
    #[test]
    fn name_and_attributes_are_configured() {
        let args = CookieArgs {
            cookie_prefix: "my-app".to_owned(),
            cookie_same_site: SameSite::None,
            cookie_partitioned: true,
            old_cookie_domain: Some("example.com".to_owned()),
        };
        let cookies = with_secret("example-secret-do-not-use-0000000000", &args, true);
        let attributes = "Path=/; HttpOnly; Secure; SameSite=None; Partitioned";
        let lines = cookies.start(TOKEN, Some(60));
        let (new, old) = lines.split_last().unwrap();
        let new = new.to_str().unwrap();
        assert!(new.starts_with("__Secure-my-app.session_token=Example"), "{new}");
        assert!(new.ends_with(&format!("; Max-Age=60; {attributes}")), "{new}");
        let cleared = |name: &str| {
            format!("__Secure-my-app.{name}=; Max-Age=0; Domain=example.com; {attributes}")
        };
        assert_eq!(old, ["session_token", "session_data", "dont_remember"].map(cleared));
        assert!(args.fits(true) && !args.fits(false));
    }
}
