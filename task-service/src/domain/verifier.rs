//! Builds the verifier from the settings: the primary issuer and further trusted ones.

use jwks_auth::{BuildError, EventFeed, Verifier};
use service_kit::Clock;
use telemetry::trace_headers;
use url::Url;

use crate::config::{Algorithm, Config, KeyLocation, TrustedIssuer, WhenSilent};

impl From<TrustedIssuer> for jwks_auth::TrustedIssuer {
    fn from(TrustedIssuer { issuer, audience, keys, algorithms }: TrustedIssuer) -> Self {
        let trusted = match keys {
            KeyLocation::Url(url) => Self::new(issuer, audience, url),
            KeyLocation::Metadata => Self::discover(issuer, audience),
        };
        trusted.algorithms(algorithms.into_iter().map(Into::into))
    }
}

impl From<Algorithm> for jwks_auth::Algorithm {
    fn from(algorithm: Algorithm) -> Self {
        match algorithm {
            Algorithm::EdDsa => Self::EdDsa,
            Algorithm::Es256 => Self::Es256,
            Algorithm::Es384 => Self::Es384,
            Algorithm::Rs256 => Self::Rs256,
            Algorithm::Rs384 => Self::Rs384,
            Algorithm::Rs512 => Self::Rs512,
            Algorithm::Ps256 => Self::Ps256,
            Algorithm::Ps384 => Self::Ps384,
            Algorithm::Ps512 => Self::Ps512,
        }
    }
}

/// Returns the name of the environment variable that caused an error.
pub(crate) fn setting(error: &BuildError) -> &'static str {
    match error {
        BuildError::SameIssuer(_) | BuildError::NotDiscoverable(_) => "TRUSTED_ISSUERS",
        BuildError::Secret => "EVENTS_SECRET",
        _ => "BETTER_AUTH_JWKS_URL",
    }
}

/// Builds the verifier and starts to fetch the keys. Succeeds even if the issuers are unavailable.
pub(crate) fn build(config: &Config, clock: Clock) -> Result<Verifier, BuildError> {
    let primary = jwks_auth::TrustedIssuer::new(
        &config.better_auth_issuer,
        &config.better_auth_audience,
        config.better_auth_jwks_url.clone(),
    )
    .algorithms(config.better_auth_algorithms.iter().copied().map(Into::into));
    let others = config.trusted_issuers.iter().cloned();
    let verifier = others
        .fold(Verifier::builder(primary), |verifier, issuer| verifier.also_trust(issuer.into()))
        .cache_ttl(config.jwks_cache_ttl)
        .cooldown(config.jwks_cooldown)
        .fetch_timeout(config.jwks_fetch_timeout)
        .max_stale(config.jwks_max_stale)
        .token_cache(config.jwks_token_cache)
        .fetch_headers(trace_headers)
        .clock(move || clock.now().into());
    match config.events.feed(&config.better_auth_jwks_url) {
        Some((url, secret)) => verifier.follow(feed(config, url, secret)?).build(),
        None => verifier.build(),
    }
}

fn feed(config: &Config, url: Url, secret: &str) -> Result<EventFeed, BuildError> {
    let when_silent = match config.events.events_when_silent {
        WhenSilent::Accept => jwks_auth::WhenSilent::Accept,
        WhenSilent::Refuse => jwks_auth::WhenSilent::Refuse,
    };
    let feed = EventFeed::new(url, secret)?;
    Ok(feed.max_silence(config.events.events_max_silence).when_silent(when_silent))
}
