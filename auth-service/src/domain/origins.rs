//! Trusted origins, which may send cookies with requests that change state, and to which redirects
//! may lead.

use service_kit::origins::WebOrigin;
use url::Url;

use crate::config::TrustedOrigin;

pub(crate) struct TrustedOrigins(pub(crate) Vec<TrustedOrigin>);

impl TrustedOrigins {
    fn cover(&self, origin: &WebOrigin) -> bool {
        self.0.iter().any(|trusted| trusted.covers(origin))
    }

    /// Returns whether an origin or a URL with the custom scheme of an app is trusted.
    pub(crate) fn cover_app(&self, address: &str) -> bool {
        self.0.iter().any(|trusted| trusted.covers_custom(address))
    }

    /// Returns whether an origin is trusted and has the form in which browsers send it.
    pub(crate) fn cover_origin(&self, origin: &str) -> bool {
        origin.parse().is_ok_and(|read: WebOrigin| read.as_str() == origin && self.cover(&read))
    }

    /// Returns whether a redirect target is a path on the service's own origin, or a URL that a
    /// trusted origin covers. Rejects targets that browsers and servers could interpret
    /// differently, such as those with a backslash.
    pub(crate) fn allow_target(&self, target: &str) -> bool {
        if target.contains('\\') || target.contains(char::is_control) {
            return false;
        }
        if target.starts_with('/') {
            let path = target.split(['?', '#']).next().unwrap_or_default().to_ascii_lowercase();
            return !path.starts_with("//") && !path.contains("%2f") && !path.contains("%5c");
        }
        if self.cover_app(target) {
            return true;
        }
        let Ok(url) = target.parse::<Url>() else { return false };
        let has_user = !url.username().is_empty() || url.password().is_some();
        let is_web = matches!(url.scheme(), "http" | "https");
        is_web && !has_user && WebOrigin::of(&url).is_some_and(|origin| self.cover(&origin))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_own_paths_and_trusted_origins_are_safe_targets() {
        let trusted = TrustedOrigins(
            ["http://localhost:3000", "myapp://"].map(|origin| origin.parse().unwrap()).into(),
        );
        for target in [
            "/",
            "/dashboard",
            "/a?next=%2Fb",
            "http://localhost:3000",
            "http://localhost:3000/a",
            "myapp://signed-in?from=mail",
        ] {
            assert!(trusted.allow_target(target), "{target}");
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
            "otherapp://signed-in",
            "myapp:\\evil",
            "myapp2://",
        ] {
            assert!(!trusted.allow_target(target), "{target}");
        }
    }
}
