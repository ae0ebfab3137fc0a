//! The example secrets of `.env.example`, which are public and only for local trials.

use secrecy::{ExposeSecret as _, SecretString};
use url::{Host, Url};

/// Common prefix of the example secrets.
const MARK: &str = "for-trial-only";

/// Error for an example secret of a service whose address is not on this machine.
#[derive(Debug, thiserror::Error)]
#[error("{0} is an example secret from .env.example, which is public: generate your own")]
pub struct ExampleSecret(&'static str);

/// Rejects an example secret from `.env.example`, unless the URL `site` refers to this machine.
pub fn refuse_example(
    variable: &'static str,
    secret: &SecretString,
    site: &str,
) -> Result<(), ExampleSecret> {
    if secret.expose_secret().contains(MARK) && !is_on_this_machine(site) {
        return Err(ExampleSecret(variable));
    }
    Ok(())
}

/// Returns whether the host of a URL is `localhost`, a subdomain of it, or a loopback address.
pub fn is_on_this_machine(site: &str) -> bool {
    let Ok(url) = site.parse::<Url>() else { return false };
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}
