//! Whose tokens are accepted: the issuer of the settings, and those that are trusted beside it.

use std::str::FromStr;

use jwks_auth::{BuildError, Verifier};
use service_kit::{
    Clock,
    config::{http_url, non_blank},
    telemetry::trace_headers,
};
use url::Url;

use crate::config::Config;

/// An issuer beside the primary one, written `issuer|audience|jwks-url`.
#[derive(Clone, Debug)]
pub struct TrustedIssuer {
    issuer: String,
    audience: String,
    jwks_url: Url,
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

impl From<TrustedIssuer> for jwks_auth::TrustedIssuer {
    fn from(TrustedIssuer { issuer, audience, jwks_url }: TrustedIssuer) -> Self {
        Self::new(issuer, audience, jwks_url)
    }
}

/// The variable to change when a verifier cannot be built.
pub(crate) fn setting(error: &BuildError) -> &'static str {
    match error {
        BuildError::SameIssuer(_) => "TRUSTED_ISSUERS",
        _ => "BETTER_AUTH_JWKS_URL",
    }
}

/// Starts to fetch the keys; the issuers may be away.
pub(crate) fn build(config: &Config, clock: Clock) -> Result<Verifier, BuildError> {
    let primary = jwks_auth::TrustedIssuer::new(
        &config.better_auth_issuer,
        &config.better_auth_audience,
        config.better_auth_jwks_url.clone(),
    );
    let others = config.trusted_issuers.iter().cloned();
    others
        .fold(Verifier::builder(primary), |verifier, issuer| verifier.also_trust(issuer.into()))
        .cache_ttl(config.jwks_cache_ttl)
        .cooldown(config.jwks_cooldown)
        .fetch_timeout(config.jwks_fetch_timeout)
        .max_stale(config.jwks_max_stale)
        .token_cache(config.jwks_token_cache)
        .fetch_headers(trace_headers)
        .clock(move || clock.now().into())
        .build()
}
