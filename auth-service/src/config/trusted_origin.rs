//! Trusted origins and patterns of origins. Requests from them may carry a session cookie, and
//! links may redirect to them. CORS is configured separately and never uses patterns.

mod custom_scheme;
mod pattern;

use std::str::FromStr;

use service_kit::origins::WebOrigin;

use self::{custom_scheme::CustomOrigin, pattern::OriginPattern};

/// An origin, or a pattern such as `https://*.example.com`, `*.example.com` or `myapp://`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TrustedOrigin {
    Exactly(WebOrigin),
    Like(OriginPattern),
    /// An origin of an app or a browser extension, or a pattern for such origins.
    Custom(CustomOrigin),
}

impl TrustedOrigin {
    pub(crate) fn covers(&self, origin: &WebOrigin) -> bool {
        match self {
            Self::Exactly(trusted) => trusted == origin,
            Self::Like(pattern) => pattern.covers(origin.as_str()),
            Self::Custom(_) => false,
        }
    }

    /// Returns whether this origin covers a URL with a custom scheme.
    pub(crate) fn covers_custom(&self, address: &str) -> bool {
        matches!(self, Self::Custom(custom) if custom.covers(address))
    }
}

impl From<&WebOrigin> for TrustedOrigin {
    fn from(origin: &WebOrigin) -> Self {
        CustomOrigin::parse_pattern(origin.as_str())
            .map_or_else(|| Self::Exactly(origin.clone()), Self::Custom)
    }
}

impl FromStr for TrustedOrigin {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let custom = CustomOrigin::parse_pattern(text).map(Self::Custom);
        let read = if custom.is_some() {
            custom
        } else if text.contains('*') {
            OriginPattern::read(text).map(Self::Like)
        } else {
            text.parse().ok().map(Self::Exactly)
        };
        read.ok_or_else(|| {
            format!(
                "`{text}` is not an origin such as https://app.example.com, nor a pattern such as \
                 https://*.example.com, *.example.com or myapp://"
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn covers(pattern: &str, origins: &[&str], others: &[&str]) {
        let trusted: TrustedOrigin = pattern.parse().unwrap();
        let covered = |origin: &str| trusted.covers(&origin.parse().unwrap());
        for origin in origins {
            assert!(covered(origin), "{pattern} covers {origin}");
        }
        for other in others {
            assert!(!covered(other), "{pattern} covers {other}");
        }
    }

    #[test]
    fn an_origin_covers_itself() {
        covers(
            "https://app.example.com",
            &["https://app.example.com", "https://APP.example.com:443"],
            &["http://app.example.com", "https://app.example.com:8443", "https://example.com"],
        );
    }

    #[test]
    fn a_pattern_with_a_scheme_covers_that_scheme() {
        covers(
            "https://*.example.com",
            &["https://app.example.com", "https://a.b.example.com"],
            &[
                "http://app.example.com",
                "https://app.example.com:8443",
                "https://example.com",
                "https://evil-example.com",
                "https://app.example.com.evil.example",
                "https://app.example.community",
                "https://evil.example",
            ],
        );
        covers("HTTPS://*.Example.com:443", &["https://app.example.com"], &[]);
    }

    #[test]
    fn a_pattern_without_a_scheme_covers_both() {
        covers(
            "*.example.com",
            &["https://app.example.com", "http://app.example.com"],
            &["https://app.example.com:8443", "https://evil-example.com"],
        );
    }

    #[test]
    fn a_star_may_be_anywhere_before_the_last_label() {
        covers(
            "https://app-*-team.example.com",
            &["https://app-42-team.example.com", "https://app--team.example.com"],
            &["https://app-team.example.com", "https://app-42.example.com"],
        );
        covers(
            "https://*.preview.*.example.com",
            &["https://a.preview.b.example.com", "https://a.preview.b.preview.c.example.com"],
            &["https://a.preview.example.com", "https://preview.a.example.com"],
        );
    }

    #[test]
    fn a_port_is_the_schemes_default_or_that_of_the_pattern() {
        covers(
            "http://localhost:*",
            &["http://localhost:3000", "http://localhost:5173"],
            &["http://localhost", "https://localhost:3000", "http://localhost.evil.example:3000"],
        );
        covers(
            "*.example.com:8443",
            &["https://app.example.com:8443"],
            &["https://app.example.com", "https://app.example.com:18443"],
        );
    }

    #[test]
    fn a_range_of_addresses_covers_no_name() {
        for range in ["http://192.168.*.*:3000", "192.168.*:3000"] {
            covers(
                range,
                &["http://192.168.0.7:3000"],
                &["http://192.168.evil.example:3000", "http://192.169.0.7:3000"],
            );
        }
    }

    #[test]
    fn rejects_patterns_that_are_too_broad_or_not_origins() {
        for text in [
            "",
            "*",
            "*:443",
            "https://*",
            "*.*",
            "example.*",
            "*.com*",
            "*.example.com.",
            "*://*.example.com",
            "ftp://*.example.com",
            "https://*.example.com/",
            "https://*.example.com/path",
            "https://user@*.example.com",
            "https://*.example.com:",
            "https://*.example.com:https",
            "https://*.bücher.example",
            "https://[::*]",
            "app.example.com",
            "/",
        ] {
            assert!(text.parse::<TrustedOrigin>().is_err(), "{text}");
        }
    }
}
