//! Patterns of web origins.

use std::net::Ipv4Addr;

/// A pattern in which `*` stands for any string, even one with dots.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OriginPattern {
    /// `None` matches http and https.
    scheme: Option<String>,
    host: String,
    /// `None` matches the default port of the scheme.
    port: Option<String>,
}

impl OriginPattern {
    pub(super) fn covers(&self, origin: &str) -> bool {
        let Some((scheme, authority)) = origin.split_once("://") else { return false };
        let (host, port) = host_and_port(authority);
        let has_port = match (&self.port, port) {
            (Some(pattern), Some(port)) => fits(pattern, port),
            (pattern, port) => pattern.is_none() && port.is_none(),
        };
        let has_scheme = match &self.scheme {
            Some(trusted) => trusted == scheme,
            None => matches!(scheme, "http" | "https"),
        };
        has_scheme && has_port && is_of_a_range(&self.host, host) && fits(&self.host, host)
    }

    /// Parses a pattern. Returns `None` for a string that is not a pattern, and for patterns that
    /// would trust every domain (`*`) or a name under every top-level domain (`example.*`).
    pub(super) fn read(text: &str) -> Option<Self> {
        let text = text.to_ascii_lowercase();
        let (scheme, authority) = match text.split_once("://") {
            Some((scheme @ ("http" | "https"), authority)) => (Some(scheme), authority),
            Some(_) => return None,
            None => (None, text.as_str()),
        };
        let (host, port) = host_and_port(authority);
        let port = port.filter(|port| {
            !matches!((scheme, *port), (Some("http"), "80") | (Some("https"), "443"))
        });
        let is_host = host.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._*".contains(&b));
        let is_port = port.is_none_or(|port| {
            !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit() || b == b'*')
        });
        let last_label = host.rsplit('.').next().unwrap_or_default();
        let names_a_domain = !last_label.is_empty() && !last_label.contains('*');
        (is_host && is_port && (names_a_domain || is_address_range(host))).then(|| Self {
            scheme: scheme.map(str::to_owned),
            host: host.to_owned(),
            port: port.map(str::to_owned),
        })
    }
}

fn host_and_port(authority: &str) -> (&str, Option<&str>) {
    authority.split_once(':').map_or((authority, None), |(host, port)| (host, Some(port)))
}

/// Returns whether the host of a pattern is an address range such as `192.168.*.*` or `10.*`.
fn is_address_range(host: &str) -> bool {
    host.starts_with(|c: char| c.is_ascii_digit())
        && host.bytes().all(|b| b.is_ascii_digit() || b".*".contains(&b))
}

/// Returns `false` if the pattern is an address range and the authority is not an IPv4 address: the
/// `*` of `10.*` must not match part of a domain name.
pub(super) fn is_of_a_range(pattern: &str, authority: &str) -> bool {
    let [pattern, host] = [pattern, authority].map(|authority| host_and_port(authority).0);
    !is_address_range(pattern) || host.parse::<Ipv4Addr>().is_ok()
}

/// Returns whether a string matches a pattern in which `*` stands for any string.
pub(super) fn fits(pattern: &str, text: &str) -> bool {
    let mut pieces = pattern.split('*');
    let Some(rest) = pieces.next().and_then(|first| text.strip_prefix(first)) else { return false };
    let Some(last) = pieces.next_back() else { return rest.is_empty() };
    let Some(mut rest) = rest.strip_suffix(last) else { return false };
    pieces.all(|piece| match rest.split_once(piece) {
        Some((_, after)) => {
            rest = after;
            true
        }
        None => false,
    })
}
