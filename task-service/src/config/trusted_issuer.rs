//! Further trusted issuers.

use std::str::FromStr;

use service_kit::config::{http_url, non_blank};
use url::Url;

/// A further trusted issuer, written `issuer|audience|jwks-url`.
#[derive(Clone, Debug)]
pub struct TrustedIssuer {
    pub(crate) issuer: String,
    pub(crate) audience: String,
    pub(crate) jwks_url: Url,
}

impl FromStr for TrustedIssuer {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let [issuer, audience, jwks_url] = text.trim().split('|').collect::<Vec<_>>()[..] else {
            return Err("expected issuer|audience|jwks-url, separated by commas");
        };
        Ok(Self {
            issuer: non_blank(issuer)?,
            audience: non_blank(audience)?,
            jwks_url: http_url(jwks_url)?,
        })
    }
}
