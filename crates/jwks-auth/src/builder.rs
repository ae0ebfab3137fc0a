//! The settings of a verifier.

use std::{
    collections::HashSet,
    fmt,
    sync::Arc,
    time::{Duration, SystemTime},
};

#[cfg(feature = "http")]
use crate::http::{Headers, HttpKeys};
use crate::{
    cache::{Limits, TokenCache},
    claims::{RegisteredClaims, Rules},
    keys::{Keys, Timing},
    source::KeySource,
    stats::Outcomes,
    verifier::{Inner, IsRevoked, Issuer, Now, Verifier},
};

/// What a verified token may take on average, unless a limit is set.
const BYTES_PER_ENTRY: usize = 2 * 1024;

/// An issuer, what its tokens must say, and where its keys are.
pub struct TrustedIssuer {
    issuer: String,
    audience: String,
    source: Source,
}

enum Source {
    #[cfg(feature = "http")]
    Http(url::Url),
    Custom(Box<dyn KeySource>),
}

impl fmt::Debug for TrustedIssuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TrustedIssuer")
            .field("issuer", &self.issuer)
            .field("audience", &self.audience)
            .finish_non_exhaustive()
    }
}

impl TrustedIssuer {
    /// `issuer` and `audience` are what `iss` must equal and `aud` must contain, byte for byte.
    /// `jwks_url` is where the keys are; it is never derived from a token.
    #[cfg(feature = "http")]
    pub fn new(issuer: impl Into<String>, audience: impl Into<String>, jwks_url: url::Url) -> Self {
        let source = Source::Http(jwks_url);
        Self { issuer: issuer.into(), audience: audience.into(), source }
    }

    /// As `new`, with keys from elsewhere.
    pub fn with_source(
        issuer: impl Into<String>,
        audience: impl Into<String>,
        source: impl KeySource,
    ) -> Self {
        let source = Source::Custom(Box::new(source));
        Self { issuer: issuer.into(), audience: audience.into(), source }
    }
}

/// Settings of a [`Verifier`].
pub struct VerifierBuilder {
    issuers: Vec<TrustedIssuer>,
    leeway: Duration,
    timing: Timing,
    cache_entries: usize,
    /// In bytes; `None` goes with the entries.
    cache_bytes: Option<usize>,
    is_revoked: Option<IsRevoked>,
    now: Now,
    #[cfg(feature = "http")]
    headers: Option<Headers>,
}

impl fmt::Debug for VerifierBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VerifierBuilder")
            .field("issuers", &self.issuers)
            .field("leeway", &self.leeway)
            .field("timing", &self.timing)
            .field("cache_entries", &self.cache_entries)
            .field("cache_bytes", &self.cache_bytes)
            .finish_non_exhaustive()
    }
}

/// Why a [`Verifier`] could not be built.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// One `iss` would have two sets of keys or two audiences.
    #[error("the issuer {0:?} is trusted twice")]
    SameIssuer(String),
    /// The HTTP client could not be made: the system has no CA certificates for `https`.
    #[cfg(feature = "http")]
    #[error("cannot set up HTTPS for the issuer's keys; are CA certificates installed?")]
    Https(#[from] reqwest::Error),
}

impl VerifierBuilder {
    pub(crate) fn new(primary: TrustedIssuer) -> Self {
        Self {
            issuers: vec![primary],
            leeway: Duration::from_secs(30),
            timing: Timing {
                cache_ttl: Duration::from_mins(5),
                cooldown: Duration::from_secs(30),
                fetch_timeout: Duration::from_secs(5),
                max_stale: Duration::from_hours(24),
            },
            cache_entries: 10_000,
            cache_bytes: None,
            is_revoked: None,
            now: Arc::new(SystemTime::now),
            #[cfg(feature = "http")]
            headers: None,
        }
    }

    /// Trusts one more issuer. A token is only checked with the keys of the issuer that it names,
    /// and must be for that issuer's audience.
    #[must_use]
    pub fn also_trust(mut self, issuer: TrustedIssuer) -> Self {
        self.issuers.push(issuer);
        self
    }

    /// How long a withdrawn key may still be accepted. Default: 5 minutes.
    #[must_use]
    pub fn cache_ttl(mut self, cache_ttl: Duration) -> Self {
        self.timing.cache_ttl = cache_ttl;
        self
    }

    /// The least pause between two fetches for unknown keys. Default: 30 seconds.
    #[must_use]
    pub fn cooldown(mut self, cooldown: Duration) -> Self {
        self.timing.cooldown = cooldown;
        self
    }

    /// How long one fetch may take. Default: 5 seconds.
    #[must_use]
    pub fn fetch_timeout(mut self, fetch_timeout: Duration) -> Self {
        self.timing.fetch_timeout = fetch_timeout;
        self
    }

    /// How long the last good set serves while the issuer is away. Default: 24 hours.
    #[must_use]
    pub fn max_stale(mut self, max_stale: Duration) -> Self {
        self.timing.max_stale = max_stale;
        self
    }

    /// How far the issuer's clock and ours may be apart. Default: 30 seconds.
    #[must_use]
    pub fn leeway(mut self, leeway: Duration) -> Self {
        self.leeway = leeway;
        self
    }

    /// How many verified tokens are kept; 0 keeps none. Default: 10 000.
    #[must_use]
    pub fn token_cache(mut self, entries: usize) -> Self {
        self.cache_entries = entries;
        self
    }

    /// How many bytes verified tokens may take, counted as their own length and 512 each.
    /// Default: 2 KiB for each that [`Self::token_cache`] allows.
    #[must_use]
    pub fn token_cache_bytes(mut self, bytes: usize) -> Self {
        self.cache_bytes = Some(bytes);
        self
    }

    /// Refuses tokens that are good but for this. It is asked about every such token, in the cache
    /// or not, so it must not wait for anything; keep what was revoked in memory.
    #[must_use]
    pub fn revoked_if(
        mut self,
        is_revoked: impl Fn(&RegisteredClaims) -> bool + Send + Sync + 'static,
    ) -> Self {
        self.is_revoked = Some(Arc::new(is_revoked));
        self
    }

    /// Sends further headers with every fetch by HTTP, by name and value: a `traceparent`, say. It is
    /// asked inside the span `fetch_keys`, which belongs to the request that caused the fetch, if
    /// one did.
    #[cfg(feature = "http")]
    #[must_use]
    pub fn fetch_headers(
        mut self,
        headers: impl Fn() -> Vec<(String, String)> + Send + Sync + 'static,
    ) -> Self {
        self.headers = Some(Arc::new(headers));
        self
    }

    /// Another clock, for tests.
    #[must_use]
    pub fn clock(mut self, now: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        self.now = Arc::new(now);
        self
    }

    /// Starts to fetch the keys in the background. Call it inside a tokio runtime.
    pub fn build(self) -> Result<Verifier, BuildError> {
        let Self { issuers, leeway, timing, cache_entries, cache_bytes, is_revoked, now, .. } =
            self;
        let mut names = HashSet::new();
        if let Some(twice) = issuers.iter().find(|one| !names.insert(one.issuer.clone())) {
            return Err(BuildError::SameIssuer(twice.issuer.clone()));
        }
        let start = |TrustedIssuer { issuer, audience, source }| {
            let source: Box<dyn KeySource> = match source {
                #[cfg(feature = "http")]
                Source::Http(url) => {
                    Box::new(HttpKeys::new(url, timing.fetch_timeout, self.headers.clone())?)
                }
                Source::Custom(source) => source,
            };
            let keys = Keys::start(issuer.clone(), source, timing);
            Ok(Issuer { rules: Rules { issuer, audience, leeway }, keys })
        };
        let issuers = issuers.into_iter().map(start).collect::<Result<_, BuildError>>()?;
        let bytes = cache_bytes.unwrap_or(cache_entries.saturating_mul(BYTES_PER_ENTRY));
        let cache = Limits { entries: cache_entries, bytes };
        let cache = (cache.entries > 0).then(|| TokenCache::new(cache));
        let outcomes = Outcomes::default();
        Ok(Verifier(Arc::new(Inner { issuers, cache, is_revoked, now, outcomes })))
    }
}
