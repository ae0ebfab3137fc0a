//! The secrets of `.env.example`: good for a trial, and known to everybody.

use secrecy::{ExposeSecret as _, SecretString};
use url::{Host, Url};

/// What each of them begins with.
const MARK: &str = "for-trial-only";

/// A secret that everybody knows, where not everybody may come in.
#[derive(Debug, thiserror::Error)]
#[error("{0} has a secret of .env.example, which everybody knows: make one of your own")]
pub struct ExampleSecret(&'static str);

/// Refuses what holds a secret of `.env.example`, unless `site`, an address, is on this machine.
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

fn is_on_this_machine(site: &str) -> bool {
    let Ok(url) = site.parse::<Url>() else { return false };
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}
