//! Trusted issuers: their name, audience, keys and algorithms, and the application's rules for the
//! claims of their tokens.

use std::fmt;

use serde_json::{Map, Value};

use crate::{Algorithm, keys::KeyPolicy, source::KeySource};
#[cfg(feature = "http")]
use crate::{
    error::BuildError,
    http::{DiscoveredKeys, HttpKeys, HttpSettings},
};

/// An application's rule for the claims of a token.
pub(crate) type ClaimsRule = Box<dyn Fn(&Map<String, Value>) -> bool + Send + Sync>;

/// An issuer, the audience of its tokens, the source of its keys, the algorithms that it uses, and
/// rules for the claims of its tokens.
pub struct TrustedIssuer {
    pub(crate) issuer: String,
    pub(crate) audience: String,
    source: Source,
    pub(crate) policy: KeyPolicy,
    pub(crate) rules: Vec<ClaimsRule>,
}

enum Source {
    #[cfg(feature = "http")]
    Http(url::Url),
    #[cfg(feature = "http")]
    Discovery,
    Custom(Box<dyn KeySource>),
}

impl fmt::Debug for TrustedIssuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TrustedIssuer")
            .field("issuer", &self.issuer)
            .field("audience", &self.audience)
            .field("policy", &self.policy)
            .finish_non_exhaustive()
    }
}

impl TrustedIssuer {
    /// Creates an issuer whose tokens must have this `iss` and contain this audience in `aud`, both
    /// compared byte for byte. The keys are fetched from `jwks_url`, which is never derived from a
    /// token.
    #[cfg(feature = "http")]
    pub fn new(issuer: impl Into<String>, audience: impl Into<String>, jwks_url: url::Url) -> Self {
        Self::of(issuer.into(), audience.into(), Source::Http(jwks_url))
    }

    /// Creates an issuer like `new` does, but finds the URL of the keys in the issuer's metadata
    /// (RFC 8414, OpenID Connect Discovery 1.0), which must name exactly this issuer. The metadata
    /// is fetched in the background, before the keys. It is reused for further fetches of keys
    /// until it is older than [`VerifierBuilder::cache_ttl`](crate::VerifierBuilder::cache_ttl),
    /// or until such a fetch fails.
    ///
    /// The issuer must be an `https` URL; `http` is accepted for local hosts.
    #[cfg(feature = "http")]
    pub fn discover(issuer: impl Into<String>, audience: impl Into<String>) -> Self {
        Self::of(issuer.into(), audience.into(), Source::Discovery)
    }

    /// Creates an issuer like `new` does, but with keys from another source.
    pub fn with_source(
        issuer: impl Into<String>,
        audience: impl Into<String>,
        source: impl KeySource,
    ) -> Self {
        Self::of(issuer.into(), audience.into(), Source::Custom(Box::new(source)))
    }

    #[cfg(feature = "http")]
    pub(crate) fn into_source(self, http: &HttpSettings) -> Result<Box<dyn KeySource>, BuildError> {
        let source: Box<dyn KeySource> = match self.source {
            Source::Http(url) => Box::new(HttpKeys::new(url, http)?),
            Source::Discovery => Box::new(DiscoveredKeys::new(self.issuer, http.clone())?),
            Source::Custom(source) => source,
        };
        Ok(source)
    }

    #[cfg(not(feature = "http"))]
    pub(crate) fn into_source(self) -> Box<dyn KeySource> {
        let Source::Custom(source) = self.source;
        source
    }

    fn of(issuer: String, audience: String, source: Source) -> Self {
        let policy = KeyPolicy { algorithms: vec![Algorithm::EdDsa], is_kid_required: false };
        Self { issuer, audience, source, policy, rules: Vec::new() }
    }

    /// Sets the algorithms that the issuer's tokens may use. Default: EdDSA only.
    ///
    /// A key verifies only the algorithms of this list that belong to its type and to its `alg`, if
    /// it has one. Keys for other algorithms are ignored.
    #[must_use]
    pub fn algorithms(mut self, algorithms: impl IntoIterator<Item = Algorithm>) -> Self {
        self.policy.algorithms = algorithms.into_iter().collect();
        self
    }

    /// Accepts only tokens whose claims also satisfy this predicate, which is called after the
    /// signature, issuer, audience and subject have been verified. If the method is called several
    /// times, all predicates must hold.
    ///
    /// A cached token is not checked again. For conditions that may change, use
    /// [`VerifierBuilder::revoked_if`](crate::VerifierBuilder::revoked_if).
    #[must_use]
    pub fn require_claims(
        mut self,
        are_acceptable: impl Fn(&Map<String, Value>) -> bool + Send + Sync + 'static,
    ) -> Self {
        self.rules.push(Box::new(are_acceptable));
        self
    }

    /// Sets whether tokens without a `kid` are rejected. By default they are accepted while the
    /// issuer has a single usable key.
    #[must_use]
    pub fn require_kid(mut self, is_required: bool) -> Self {
        self.policy.is_kid_required = is_required;
        self
    }
}
