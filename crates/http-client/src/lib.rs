#![doc = include_str!("../README.md")]

use hyper_util::client::proxy::matcher::Matcher;
use reqwest::{ClientBuilder, redirect::Policy};
use url::{Host, Url};

/// Returns a builder for a client that sends requests to `url` and follows no redirects. The client
/// must not be used for other servers, because its proxy and its certificates depend on `url`.
pub fn builder(url: &Url) -> ClientBuilder {
    let mut builder = ClientBuilder::new().redirect(Policy::none());
    if url.scheme() == "http" {
        // With the default settings, a client cannot be built if there are no root certificates, as
        // in minimal images. Plain HTTP needs none.
        builder = builder.tls_certs_only([]);
    }
    if is_local(url) {
        builder = builder.no_proxy();
    }
    builder
}

/// Returns the proxy for requests to `url`, without the proxy's credentials, from `HTTP_PROXY`,
/// `HTTPS_PROXY` or `ALL_PROXY`. Returns `None` if no proxy is set, or if the host bypasses it, for
/// instance because `NO_PROXY` lists the host.
pub fn proxy(url: &Url) -> Option<String> {
    if is_local(url) {
        return None;
    }
    let target = url.as_str().parse().ok()?;
    let proxy = Matcher::from_env().intercept(&target)?;
    let (uri, host) = (proxy.uri(), proxy.uri().host()?);
    let port = uri.port().map(|port| format!(":{port}")).unwrap_or_default();
    Some(format!("{}://{host}{port}", uri.scheme_str().unwrap_or("http")))
}

/// Returns whether the host is this machine or has a name without a dot, as containers on one
/// network do. Requests to such a host never use a proxy.
pub fn is_local(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => !name.contains('.') || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback() || address.is_unspecified(),
        Some(Host::Ipv6(address)) => address.is_loopback() || address.is_unspecified(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_and_its_network_bypass_the_proxy() {
        for (url, expected) in [
            ("http://localhost:3000/jwks", true),
            ("http://auth.localhost/jwks", true),
            ("http://127.0.0.1:3000/jwks", true),
            ("http://[::1]:3000/jwks", true),
            ("http://auth-service:3000/jwks", true),
            ("https://auth.example.com/jwks", false),
            ("http://192.0.2.1/jwks", false),
            ("http://localhost.example.com/jwks", false),
        ] {
            assert_eq!(is_local(&url.parse().unwrap()), expected, "{url}");
        }
    }
}
