//! Web origins, such as those of the front end.

use std::str::FromStr;

use url::{Origin, Url};

/// A web origin (RFC 6454): scheme, host and port, written as a browser writes it in `Origin`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebOrigin(String);

impl WebOrigin {
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The origin of an address, if it is one of the web.
    pub fn of(url: &Url) -> Option<Self> {
        match url.origin() {
            Origin::Tuple(scheme, ..) if scheme != "http" && scheme != "https" => None,
            Origin::Opaque(_) => None,
            origin @ Origin::Tuple(..) => Some(Self(origin.ascii_serialization())),
        }
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
        Self::of(&url).filter(|_| is_bare).ok_or_else(refused)
    }
}
