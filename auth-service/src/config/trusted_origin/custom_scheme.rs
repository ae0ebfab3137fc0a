//! Origins of apps and browser extensions: `capacitor://localhost`, `myapp://`,
//! `chrome-extension://id`.
//!
//! `Url` gives URLs with unknown schemes an opaque origin, so these origins are compared part by
//! part.

use percent_encoding::percent_decode_str;
use service_kit::origins::is_app_scheme;

use super::pattern::{fits, is_of_a_range};

/// A scheme with an optional authority and path. In a pattern, `*` stands for any string.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CustomOrigin {
    scheme: String,
    /// Empty if this is a pattern that matches any authority.
    authority: String,
    /// Normalized: percent-decoded, without dot segments, empty segments or a trailing slash. Empty
    /// in a pattern that matches any path.
    path: String,
}

impl CustomOrigin {
    /// Parses a URL or a pattern. Returns `None` for schemes that apps do not use, strings without a
    /// valid scheme and strings with control characters.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (scheme, rest) = text.split_once(':')?;
        let scheme = scheme.to_ascii_lowercase();
        let is_scheme = scheme.starts_with(|c: char| c.is_ascii_lowercase())
            && scheme.bytes().all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b));
        if !is_scheme || !is_app_scheme(&scheme) || text.contains(char::is_control) {
            return None;
        }
        let (authority, path) = match rest.strip_prefix("//") {
            Some(rest) => rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len())),
            None => ("", rest),
        };
        let path = path.split(['?', '#']).next().unwrap_or_default();
        Some(Self { scheme, authority: authority.to_ascii_lowercase(), path: resolved(path) })
    }

    /// Parses a pattern. Returns `None` if it does not contain `://`, and in the same cases as
    /// [`Self::parse`].
    pub(super) fn parse_pattern(text: &str) -> Option<Self> {
        text.contains("://").then(|| Self::parse(text)).flatten()
    }

    /// Returns whether this origin or pattern covers a URL. A `*` never matches user information,
    /// because the real host follows the `@`.
    pub(super) fn covers(&self, address: &str) -> bool {
        let Some(other) = Self::parse(address) else { return false };
        let is_pattern = [&self.authority, &self.path].iter().any(|part| part.contains('*'));
        self.scheme == other.scheme
            && !(is_pattern && other.authority.contains('@'))
            && self.covers_authority(&other.authority)
            && self.covers_path(&other.path)
    }

    fn covers_authority(&self, other: &str) -> bool {
        self.authority.is_empty()
            || fits(&self.authority, other) && is_of_a_range(&self.authority, other)
    }

    fn covers_path(&self, other: &str) -> bool {
        if self.path.contains('*') {
            return fits(&self.path, if other.is_empty() { "/" } else { other });
        }
        other.strip_prefix(&*self.path).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }
}

/// Returns the percent-decoded path, with dot segments resolved and empty segments removed.
fn resolved(path: &str) -> String {
    let decoded = percent_decode_str(path).decode_utf8_lossy();
    let mut segments = Vec::new();
    for segment in decoded.split('/') {
        match segment {
            ".." => drop(segments.pop()),
            "" | "." => {}
            segment => segments.push(segment),
        }
    }
    segments.iter().fold(String::new(), |path, segment| path + "/" + segment)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn covers(pattern: &str, addresses: &[&str], others: &[&str]) {
        let pattern_read = CustomOrigin::parse_pattern(pattern).unwrap();
        for address in addresses {
            assert!(pattern_read.covers(address), "{pattern} covers {address}");
        }
        for other in others {
            assert!(!pattern_read.covers(other), "{pattern} covers {other}");
        }
    }

    #[test]
    fn a_scheme_alone_covers_all_of_it() {
        covers(
            "myapp://",
            &["myapp://", "MyApp://callback?x=1", "myapp:/callback", "myapp://a/b#c"],
            &["myapp2://", "https://myapp", "/", "", "myapp", "notmyapp://callback"],
        );
    }

    #[test]
    fn an_authority_and_a_path_are_compared_in_full() {
        covers(
            "capacitor://localhost",
            &["capacitor://localhost", "capacitor://LOCALHOST/auth?x=1"],
            &["capacitor://localhost.evil.example", "capacitor://evil", "capacitor://x@localhost"],
        );
        covers(
            "myapp://host/cb",
            &["myapp://host/cb", "myapp://host/cb/", "myapp://host/cb/x"],
            &["myapp://host/cb/../evil", "myapp://host/cb/%2e%2e/evil", "myapp://host/cbx"],
        );
    }

    #[test]
    fn a_star_matches_any_string() {
        covers(
            "exp://192.168.*.*:*/*",
            &["exp://192.168.0.7:8081/--/auth", "exp://192.168.0.7:8081"],
            &["exp://192.168.evil.example:1/x", "exp://192.168.0.7:8081@evil/x"],
        );
        covers("chrome-extension://*", &["chrome-extension://abcdef"], &["moz-extension://abc"]);
    }

    #[test]
    fn refuses_web_schemes_and_schemes_that_execute() {
        for text in [
            "javascript://",
            "data://x",
            "https://x",
            "http://",
            "wss://x",
            "://",
            "1a://",
            "a b://",
        ] {
            assert_eq!(CustomOrigin::parse_pattern(text), None, "{text}");
        }
    }
}
