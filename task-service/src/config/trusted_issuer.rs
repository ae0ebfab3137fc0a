//! Further trusted issuers.

use std::str::FromStr;

use clap::ValueEnum as _;
use settings::{http_url, non_blank};
use url::Url;

use super::Algorithm;

/// Value of `jwks-url` if the URL is looked up in the issuer's metadata.
const DISCOVER: &str = "discover";

/// A further trusted issuer, written `issuer|audience|jwks-url` or
/// `issuer|audience|jwks-url|algorithms`.
#[derive(Clone, Debug)]
pub struct TrustedIssuer {
    pub(crate) issuer: String,
    pub(crate) audience: String,
    pub(crate) keys: KeyLocation,
    pub(crate) algorithms: Vec<Algorithm>,
}

/// Location of an issuer's keys.
#[derive(Clone, Debug)]
pub(crate) enum KeyLocation {
    Url(Url),
    /// The URL in the issuer's metadata (RFC 8414, OpenID Connect Discovery).
    Metadata,
}

impl FromStr for TrustedIssuer {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parts = text.trim().split('|').collect::<Vec<_>>();
        let (issuer, audience, keys, algorithms) = match parts[..] {
            [issuer, audience, keys] => (issuer, audience, keys, vec![Algorithm::EdDsa]),
            [issuer, audience, keys, names] => (issuer, audience, keys, algorithms(names)?),
            _ => return Err("expected issuer|audience|jwks-url|algorithms, separated by commas"),
        };
        let keys = match keys {
            DISCOVER => KeyLocation::Metadata,
            url => KeyLocation::Url(http_url(url)?),
        };
        Ok(Self { issuer: non_blank(issuer)?, audience: non_blank(audience)?, keys, algorithms })
    }
}

fn algorithms(names: &str) -> Result<Vec<Algorithm>, &'static str> {
    let algorithms = names.split_whitespace().map(|name| Algorithm::from_str(name, false));
    match algorithms.collect::<Result<Vec<_>, _>>() {
        Ok(algorithms) if !algorithms.is_empty() => Ok(algorithms),
        _ => Err("expected algorithms such as EdDSA ES256 RS256, separated by spaces"),
    }
}
