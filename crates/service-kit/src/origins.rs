//! Web origins, such as those of the web app.

use std::str::FromStr;

use url::{Origin, Url};

/// A web origin (RFC 6454): scheme, host and port, serialized as in a browser's `Origin` header.
/// Also supports origins of web views and extensions, such as `capacitor://localhost`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebOrigin(String);

impl WebOrigin {
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the origin of an http or https URL, or `None` for any other URL.
    pub fn of(url: &Url) -> Option<Self> {
        match url.origin() {
            Origin::Tuple(scheme, ..) if scheme != "http" && scheme != "https" => None,
            Origin::Opaque(_) => None,
            origin @ Origin::Tuple(..) => Some(Self(origin.ascii_serialization())),
        }
    }

    /// Returns the origin of a URL with a custom scheme, or `None` if anything follows the port.
    /// `Url` treats such an origin as opaque, but web views send scheme, host and port.
    fn of_app(url: &Url) -> Option<Self> {
        let host = url.host_str().filter(|host| !host.is_empty() && !host.contains('*'))?;
        let origin = match url.port() {
            Some(port) => format!("{}://{host}:{port}", url.scheme()),
            None => format!("{}://{host}", url.scheme()),
        };
        let is_bare = url.as_str().trim_end_matches('/') == origin;
        (is_bare && is_app_scheme(url.scheme())).then_some(Self(origin))
    }
}

impl FromStr for WebOrigin {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let refused = || {
            format!(
                "`{text}` is not an origin such as http://localhost:3000 (no path, no wildcard)"
            )
        };
        let url: Url = text.trim().parse().map_err(|_error: url::ParseError| refused())?;
        let is_bare = url.path() == "/"
            && url.query().is_none()
            && url.fragment().is_none()
            && url.username().is_empty()
            && url.password().is_none()
            && !url.host_str().unwrap_or_default().contains('*');
        Self::of(&url).filter(|_| is_bare).or_else(|| Self::of_app(&url)).ok_or_else(refused)
    }
}

/// Returns whether a URL scheme may be one of an app or a browser extension. It may not if it is a
/// web scheme, if its URLs have no host, or if browsers run or display the content of its URLs.
pub fn is_app_scheme(scheme: &str) -> bool {
    const OTHERS: [&str; 11] = [
        "about",
        "blob",
        "data",
        "file",
        "ftp",
        "http",
        "https",
        "javascript",
        "vbscript",
        "ws",
        "wss",
    ];
    !OTHERS.contains(&scheme)
}

/// Parses an http or https origin.
pub fn http_origin(text: &str) -> Result<WebOrigin, String> {
    let origin: WebOrigin = text.parse()?;
    if origin.as_str().starts_with("http://") || origin.as_str().starts_with("https://") {
        Ok(origin)
    } else {
        Err(format!("`{text}` is not an origin such as http://localhost:3000"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_of_the_web_and_of_apps_are_accepted() {
        for text in ["https://app.example", "http://localhost:3000", "capacitor://localhost"] {
            assert_eq!(text.parse::<WebOrigin>().unwrap().as_str(), text);
        }
    }

    #[test]
    fn schemes_that_are_never_the_origin_of_an_app_are_rejected() {
        for text in ["ws://app.example", "wss://app.example", "ftp://app.example", "blob://app"] {
            assert!(text.parse::<WebOrigin>().is_err(), "{text}");
        }
    }
}
