//! The public face: settings, and tokens in, claims out.

use std::{
    fmt,
    sync::Arc,
    time::{Duration, SystemTime},
};

use reqwest::redirect;
use serde::de::DeserializeOwned;
use tracing::debug;
use url::Url;

use crate::{
    error::Error,
    keys::{KeySource, Timing},
    token::{Rules, Token},
};

type Now = Arc<dyn Fn() -> SystemTime + Send + Sync>;

/// Verifies the tokens of one issuer. Cheap to clone; all clones share the keys.
#[derive(Clone)]
pub struct JwksClient {
    keys: Arc<KeySource>,
    rules: Rules,
    now: Now,
}

impl fmt::Debug for JwksClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JwksClient").field("rules", &self.rules).finish_non_exhaustive()
    }
}

impl JwksClient {
    /// `jwks_url` is where the keys are, `issuer` and `audience` are what `iss` must equal and
    /// `aud` must contain, byte for byte. The address is never derived from a token.
    pub fn builder(
        jwks_url: Url,
        issuer: impl Into<String>,
        audience: impl Into<String>,
    ) -> JwksClientBuilder {
        JwksClientBuilder {
            jwks_url,
            rules: Rules {
                issuer: issuer.into(),
                audience: audience.into(),
                leeway: Duration::from_secs(30),
            },
            timing: Timing {
                cache_ttl: Duration::from_mins(5),
                cooldown: Duration::from_secs(30),
                max_stale: Duration::from_hours(24),
            },
            fetch_timeout: Duration::from_secs(5),
            now: Arc::new(SystemTime::now),
        }
    }

    /// What a token says, as `C`, if the issuer signed it for us and it has not expired.
    ///
    /// The network is only used for a `kid` that was never seen, at most once per cool-down.
    pub async fn verify<C: DeserializeOwned>(&self, token: &str) -> Result<C, Error> {
        let verified = self.verify_unlogged(token).await;
        if let Err(Error::Refused(refusal)) = &verified {
            debug!(%refusal, "a token was refused");
        }
        verified
    }

    async fn verify_unlogged<C: DeserializeOwned>(&self, token: &str) -> Result<C, Error> {
        let token = Token::parse(token)?;
        let key = self.keys.find(&token.kid).await?;
        let claims = token.claims(&key)?;
        let now = (self.now)().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        self.rules.check(claims, now)
    }

    /// Whether tokens can be verified now: the keys were obtained, and not too long ago.
    pub fn is_ready(&self) -> bool {
        self.keys.is_ready()
    }
}

/// Settings of a [`JwksClient`].
#[derive(Clone)]
pub struct JwksClientBuilder {
    jwks_url: Url,
    rules: Rules,
    timing: Timing,
    fetch_timeout: Duration,
    now: Now,
}

impl fmt::Debug for JwksClientBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JwksClientBuilder")
            .field("jwks_url", &self.jwks_url.as_str())
            .field("rules", &self.rules)
            .field("timing", &self.timing)
            .field("fetch_timeout", &self.fetch_timeout)
            .finish_non_exhaustive()
    }
}

/// The HTTP client could not be made: the system has no CA certificates for `https`.
#[derive(Debug, thiserror::Error)]
#[error("cannot set up HTTPS for the issuer's keys; are CA certificates installed?")]
pub struct BuildError(#[from] reqwest::Error);

impl JwksClientBuilder {
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

    /// How long the last good set serves while the issuer is away. Default: 24 hours.
    #[must_use]
    pub fn max_stale(mut self, max_stale: Duration) -> Self {
        self.timing.max_stale = max_stale;
        self
    }

    /// How long one fetch may take. Default: 5 seconds.
    #[must_use]
    pub fn fetch_timeout(mut self, fetch_timeout: Duration) -> Self {
        self.fetch_timeout = fetch_timeout;
        self
    }

    /// How far the issuer's clock and ours may be apart. Default: 30 seconds.
    #[must_use]
    pub fn leeway(mut self, leeway: Duration) -> Self {
        self.rules.leeway = leeway;
        self
    }

    /// Another clock, for tests.
    #[must_use]
    pub fn clock(mut self, now: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        self.now = Arc::new(now);
        self
    }

    /// Starts to fetch the keys in the background. Call it inside a tokio runtime.
    pub fn build(self) -> Result<JwksClient, BuildError> {
        let mut http = reqwest::Client::builder()
            .timeout(self.fetch_timeout)
            .redirect(redirect::Policy::none());
        if self.jwks_url.scheme() == "http" {
            // A small image may have no certificates, and needs none.
            http = http.tls_certs_only([]);
        }
        let http = http.build()?;
        let keys = KeySource::start(http, self.jwks_url, self.timing);
        Ok(JwksClient { keys, rules: self.rules, now: self.now })
    }
}
