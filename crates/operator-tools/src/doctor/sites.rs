//! Sites, as browsers distinguish them for cookies.

use service_kit::origins::WebOrigin;
use settings::is_on_this_machine;
use url::{Host, Url};

fn host(origin: &WebOrigin) -> Option<Host<String>> {
    Some(origin.as_str().parse::<Url>().ok()?.host()?.to_owned())
}

pub fn is_https(origin: &WebOrigin) -> bool {
    origin.as_str().starts_with("https://")
}

/// Returns whether the origin's host is a loopback address, or a name that always refers to one
/// (W3C Secure Contexts §3.1).
pub fn is_loopback(origin: &WebOrigin) -> bool {
    is_on_this_machine(origin.as_str())
}

/// Returns whether `SameSite` cookies are certainly not sent between two origins, regardless of
/// their schemes.
///
/// A site is a registrable domain (HTML §7.1.1.2): a public suffix such as `com`, `co.uk` or
/// `vercel.app` plus one label.
pub fn is_another_site(one: &WebOrigin, other: &WebOrigin) -> bool {
    match (host(one), host(other)) {
        (Some(Host::Domain(one)), Some(Host::Domain(other))) => {
            registrable(&one) != registrable(&other)
        }
        (one, other) => one != other,
    }
}

/// Returns the registrable domain of a host name. A public suffix or a single label is a site of
/// its own.
fn registrable(name: &str) -> &str {
    psl::domain_str(name).unwrap_or(name)
}

/// Returns `origin` with the host name of `other`, to suggest as a correction.
pub fn same_but_for_the_host(origin: &WebOrigin, other: &WebOrigin) -> Option<WebOrigin> {
    let mut url: Url = origin.as_str().parse().ok()?;
    url.set_host(Some(&host(other)?.to_string())).ok()?;
    WebOrigin::of(&url)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origin(text: &str) -> WebOrigin {
        text.parse().unwrap()
    }

    #[test]
    fn a_site_is_a_registered_domain_or_an_address() {
        for (one, other, are_apart) in [
            ("http://localhost:3000", "http://localhost:5173", false),
            ("http://localhost:3000", "http://127.0.0.1:3000", true),
            ("http://127.0.0.1:3000", "http://[::1]:3000", true),
            ("http://localhost", "http://app.localhost", true),
            ("https://app.example.com", "https://auth.example.com", false),
            ("https://example.com", "https://auth.example.com", false),
            ("https://app.example.com", "https://app.example.org", true),
            ("https://example.com", "https://notexample.com", true),
            ("https://app-y.vercel.app", "https://auth-x.vercel.app", true),
            ("https://app.one.co.uk", "https://auth.one.co.uk", false),
            ("https://one.co.uk", "https://two.co.uk", true),
            ("https://me.github.io", "https://you.github.io", true),
            ("https://192.0.2.1", "https://192.0.2.2", true),
        ] {
            let is_another = is_another_site(&origin(one), &origin(other));
            assert_eq!(is_another, are_apart, "{one} {other}");
        }
    }

    #[test]
    fn this_machine_has_several_names() {
        for name in ["http://localhost", "http://a.localhost", "http://127.0.0.2", "http://[::1]"] {
            assert!(is_loopback(&origin(name)), "{name}");
        }
        for name in ["http://localhost.example.com", "http://192.0.2.1", "http://[::2]"] {
            assert!(!is_loopback(&origin(name)), "{name}");
        }
        let page =
            same_but_for_the_host(&origin("http://127.0.0.1:5173"), &origin("http://localhost"));
        assert_eq!(page, Some(origin("http://localhost:5173")));
    }
}
