//! Builder and settings of a verifier.

use std::{
    collections::HashSet,
    fmt, mem,
    sync::Arc,
    time::{Duration, SystemTime},
};

#[cfg(feature = "events")]
use crate::events::EventFeed;
#[cfg(feature = "http")]
use crate::http::{Headers, HttpSettings};
use crate::{
    cache::{Limits, TokenCache},
    claims::{RegisteredClaims, Rules},
    clock::Now,
    error::BuildError,
    keys::{Keys, Timing},
    stats::Outcomes,
    trusted_issuer::TrustedIssuer,
    verifier::{Inner, IsRevoked, Issuer, Verifier},
};

/// Memory per cached token in bytes, from which the default size limit of the cache is derived.
const BYTES_PER_ENTRY: usize = 2 * 1024;

/// Settings of a [`Verifier`].
pub struct VerifierBuilder {
    issuers: Vec<TrustedIssuer>,
    leeway: Duration,
    timing: Timing,
    cache_entries: usize,
    /// Maximum size in bytes; `None` derives it from `cache_entries`.
    cache_bytes: Option<usize>,
    is_revoked: Option<IsRevoked>,
    now: Now,
    #[cfg(feature = "http")]
    headers: Option<Headers>,
    #[cfg(feature = "http")]
    client: Option<reqwest::Client>,
    #[cfg(feature = "events")]
    feed: Option<EventFeed>,
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

impl Verifier {
    /// Returns a builder for a verifier. `issuer` becomes the primary issuer, whose keys
    /// [`Self::is_ready`] checks.
    pub fn builder(issuer: TrustedIssuer) -> VerifierBuilder {
        VerifierBuilder::new(issuer)
    }
}

impl VerifierBuilder {
    /// Default tolerance for clock skew; see [`Self::leeway`].
    pub const DEFAULT_LEEWAY: Duration = Duration::from_secs(30);

    fn new(primary: TrustedIssuer) -> Self {
        Self {
            issuers: vec![primary],
            leeway: Self::DEFAULT_LEEWAY,
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
            #[cfg(feature = "http")]
            client: None,
            #[cfg(feature = "events")]
            feed: None,
        }
    }

    /// Adds a trusted issuer. A token is only verified with the keys of the issuer that it names,
    /// and must be for that issuer's audience.
    #[must_use]
    pub fn also_trust(mut self, issuer: TrustedIssuer) -> Self {
        self.issuers.push(issuer);
        self
    }

    /// Sets the maximum age of the key set while the issuer is available; a key that the issuer
    /// removes is refused within this time. Default: 5 minutes.
    #[must_use]
    pub fn cache_ttl(mut self, cache_ttl: Duration) -> Self {
        self.timing.cache_ttl = cache_ttl;
        self
    }

    /// Sets the minimum interval between fetches caused by unknown keys, and the maximum delay
    /// before a failed fetch is retried. Default: 30 seconds.
    #[must_use]
    pub fn cooldown(mut self, cooldown: Duration) -> Self {
        self.timing.cooldown = cooldown;
        self
    }

    /// Sets the timeout of a JWKS fetch, including discovery. Default: 5 seconds.
    #[must_use]
    pub fn fetch_timeout(mut self, fetch_timeout: Duration) -> Self {
        self.timing.fetch_timeout = fetch_timeout;
        self
    }

    /// Sets the maximum age up to which the last valid key set is used while the issuer is
    /// unavailable. Default: 24 hours.
    #[must_use]
    pub fn max_stale(mut self, max_stale: Duration) -> Self {
        self.timing.max_stale = max_stale;
        self
    }

    /// Sets the tolerated clock skew between the issuer and this verifier. Default: 30 seconds.
    #[must_use]
    pub fn leeway(mut self, leeway: Duration) -> Self {
        self.leeway = leeway;
        self
    }

    /// Sets the maximum number of verified tokens in the cache; 0 turns it off. Default: 10 000.
    #[must_use]
    pub fn token_cache(mut self, entries: usize) -> Self {
        self.cache_entries = entries;
        self
    }

    /// Sets the maximum size of the token cache in bytes, where each token counts as its length
    /// plus 512. Default: 2 KiB per entry allowed by [`Self::token_cache`].
    #[must_use]
    pub fn token_cache_bytes(mut self, bytes: usize) -> Self {
        self.cache_bytes = Some(bytes);
        self
    }

    /// Rejects tokens for which the callback returns true. The callback is called at every
    /// verification of a token whose signature and claims are valid, even if the token is cached or
    /// has expired. It must not block; keep revocations in memory.
    #[must_use]
    pub fn revoked_if(
        mut self,
        is_revoked: impl Fn(&RegisteredClaims) -> bool + Send + Sync + 'static,
    ) -> Self {
        self.is_revoked = Some(Arc::new(is_revoked));
        self
    }

    /// Adds headers such as `traceparent`, as pairs of name and value, to every HTTP request for
    /// keys or metadata. The callback runs inside the span `fetch_keys`, a child of the span of the
    /// request that caused the fetch, if there is one.
    #[cfg(feature = "http")]
    #[must_use]
    pub fn fetch_headers(
        mut self,
        headers: impl Fn() -> Vec<(String, String)> + Send + Sync + 'static,
    ) -> Self {
        self.headers = Some(Arc::new(headers));
        self
    }

    /// Sends all requests with this client instead of one that is built for each URL. The client
    /// should not follow redirects. Its proxies are used for local hosts as well, and are not
    /// reported in [`IssuerStats`].
    ///
    /// [`IssuerStats`]: crate::IssuerStats
    #[cfg(feature = "http")]
    #[must_use]
    pub fn http_client(mut self, client: reqwest::Client) -> Self {
        self.client = Some(client);
        self
    }

    /// Follows the primary issuer's feed of security events, and rejects a token if the issuer has
    /// revoked it, its session or its signing key, or has disabled or deleted its user.
    /// [`Stats::feed`](crate::Stats::feed) reports the state of the feed.
    #[cfg(feature = "events")]
    #[must_use]
    pub fn follow(mut self, feed: EventFeed) -> Self {
        self.feed = Some(feed);
        self
    }

    /// Replaces the clock, for tests.
    #[must_use]
    pub fn clock(mut self, now: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        self.now = Arc::new(now);
        self
    }

    /// Builds the verifier. Starts to fetch the keys and to follow the feed of security events, if
    /// one is set, in the background. Must be called inside a Tokio runtime.
    pub fn build(self) -> Result<Verifier, BuildError> {
        let Self { issuers, leeway, timing, cache_entries, cache_bytes, is_revoked, now, .. } =
            self;
        let mut names = HashSet::new();
        if let Some(twice) = issuers.iter().find(|one| !names.insert(one.issuer.clone())) {
            return Err(BuildError::SameIssuer(twice.issuer.clone()));
        }
        if let Some(empty) = issuers.iter().find(|one| one.policy.algorithms.is_empty()) {
            return Err(BuildError::NoAlgorithms(empty.issuer.clone()));
        }
        #[cfg(feature = "http")]
        let http = HttpSettings {
            timeout: timing.fetch_timeout,
            refresh_after: timing.cache_ttl,
            max_stale: timing.max_stale,
            headers: self.headers,
            client: self.client,
        };
        let start = |mut trusted: TrustedIssuer| {
            let (issuer, audience) = (trusted.issuer.clone(), trusted.audience.clone());
            let policy = trusted.policy.clone();
            let own_rules = mem::take(&mut trusted.rules);
            #[cfg(feature = "http")]
            let source = trusted.into_source(&http)?;
            #[cfg(not(feature = "http"))]
            let source = trusted.into_source();
            let keys = Keys::start(issuer.clone(), policy, source, timing);
            Ok(Issuer { rules: Rules { issuer, audience, leeway }, own_rules, keys })
        };
        let issuers = issuers.into_iter().map(start).collect::<Result<Vec<_>, BuildError>>()?;
        #[cfg(feature = "events")]
        let follower = match (self.feed, issuers.first()) {
            (Some(feed), Some(Issuer { rules, keys, .. })) => {
                Some(feed.start(rules.clone(), Arc::clone(keys), Arc::clone(&now), http.client)?)
            }
            _ => None,
        };
        let bytes = cache_bytes.unwrap_or(cache_entries.saturating_mul(BYTES_PER_ENTRY));
        let cache = Limits { entries: cache_entries, bytes };
        let cache = (cache.entries > 0).then(|| TokenCache::new(cache));
        let outcomes = Outcomes::default();
        Ok(Verifier(Arc::new(Inner {
            issuers,
            cache,
            is_revoked,
            #[cfg(feature = "events")]
            follower,
            now,
            outcomes,
        })))
    }
}
