//! The public face: tokens in, claims out.

use std::{
    fmt,
    sync::Arc,
    time::{Duration, SystemTime},
};

use serde::de::DeserializeOwned;
use serde_json::Value;
use tracing::debug;

use crate::{
    builder::{TrustedIssuer, VerifierBuilder},
    cache::TokenCache,
    claims::{RegisteredClaims, Rules},
    error::{Error, Refusal},
    keys::Keys,
    stats::{CacheStats, Outcomes, Stats},
    token::{MAX_BYTES, Token},
    verified::{Accepted, Facts, Verified},
};

pub(crate) type Now = Arc<dyn Fn() -> SystemTime + Send + Sync>;
pub(crate) type IsRevoked = Arc<dyn Fn(&RegisteredClaims) -> bool + Send + Sync>;

/// Verifies the tokens of one or several issuers. Cheap to clone; all clones share keys and cache.
#[derive(Clone)]
pub struct Verifier(pub(crate) Arc<Inner>);

pub(crate) struct Inner {
    /// The primary issuer first.
    pub(crate) issuers: Vec<Issuer>,
    pub(crate) cache: Option<TokenCache>,
    pub(crate) is_revoked: Option<IsRevoked>,
    pub(crate) now: Now,
    pub(crate) outcomes: Outcomes,
}

pub(crate) struct Issuer {
    pub(crate) rules: Rules,
    pub(crate) keys: Arc<Keys>,
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let issuers = self.0.issuers.iter().map(|issuer| &issuer.rules);
        f.debug_struct("Verifier").field("issuers", &issuers.collect::<Vec<_>>()).finish()
    }
}

impl Verifier {
    /// Trusts this issuer, which is the primary one: [`Self::is_ready`] asks about its keys.
    pub fn builder(issuer: TrustedIssuer) -> VerifierBuilder {
        VerifierBuilder::new(issuer)
    }

    /// What a token says, as `C`, if a trusted issuer signed it for us, it has not expired, and it
    /// is not revoked.
    ///
    /// The network is only used for a `kid` that the issuer did not publish when last asked, at
    /// most once per cool-down. A token that was good a moment ago costs a hash and a look-up.
    pub async fn verify<C>(&self, token: &str) -> Result<Verified<C>, Error>
    where
        C: DeserializeOwned + Send + Sync + 'static,
    {
        // Before it is hashed: a hash of a megabyte is work.
        if token.len() > MAX_BYTES {
            return self.conclude(Err(Refusal::TooLong.into()));
        }
        let Some(cache) = &self.0.cache else {
            return self.conclude(self.verify_anew(token).await.map(Verified));
        };
        let key = TokenCache::key::<C>(token);
        if let Some(accepted) = cache.get::<C>(&key)
            && self.is_still_good(&accepted.facts)
        {
            cache.count_hit(&key);
            return Ok(Verified(accepted));
        }
        cache.count_miss(&key);
        let epoch = cache.epoch();
        let accepted = self.verify_anew(token).await;
        if let Ok(accepted) = &accepted {
            let accepted = Arc::clone(accepted);
            cache.insert(key, token, accepted, epoch);
        }
        self.conclude(accepted.map(Verified))
    }

    fn conclude<T>(&self, outcome: Result<T, Error>) -> Result<T, Error> {
        self.0.outcomes.count(&outcome);
        if let Err(Error::Refused(refusal)) = &outcome {
            debug!(jwt.refusal = %refusal, "a token was refused");
        }
        outcome
    }

    /// Whether a token that was good would be good again: all that can have changed.
    fn is_still_good(&self, facts: &Facts) -> bool {
        let Some(issuer) = self.0.issuers.get(facts.issuer) else { return false };
        issuer.keys.has(&facts.kid, &facts.key)
            && self.may_be_used_now(&issuer.rules, &facts.registered).is_ok()
    }

    async fn verify_anew<C>(&self, token: &str) -> Result<Arc<Accepted<C>>, Error>
    where
        C: DeserializeOwned,
    {
        let token = Token::parse(token)?;
        let named = |issuer: &Issuer| token.claimed_issuer() == Some(&*issuer.rules.issuer);
        let index = self.0.issuers.iter().position(named).ok_or(Refusal::WrongIssuer)?;
        let Issuer { rules, keys } = self.0.issuers.get(index).ok_or(Refusal::WrongIssuer)?;
        let kid = token.kid.clone();
        let key = keys.find(&kid).await?;
        let claims = token.signed_by(&key)?;
        let registered = rules.read(&claims)?;
        let claims = C::deserialize(Value::Object(claims))
            .map_err(|_error: serde_json::Error| Refusal::UnexpectedClaims)?;
        self.may_be_used_now(rules, &registered)?;
        let facts = Facts { issuer: index, kid, key, registered };
        Ok(Arc::new(Accepted { facts, claims }))
    }

    /// That the token has ended comes last: only one that was good once is told so.
    fn may_be_used_now(&self, rules: &Rules, claims: &RegisteredClaims) -> Result<(), Error> {
        let now = (self.0.now)().duration_since(SystemTime::UNIX_EPOCH).unwrap_or(Duration::ZERO);
        rules.has_begun(claims, now)?;
        if self.0.is_revoked.as_ref().is_some_and(|is_revoked| is_revoked(claims)) {
            return Err(Refusal::Revoked.into());
        }
        rules.has_not_ended(claims, now)
    }

    /// Forgets that this token was verified. To refuse it from now on, see
    /// [`VerifierBuilder::revoked_if`].
    pub fn invalidate(&self, token: &str) {
        if let Some(cache) = &self.0.cache {
            cache.remove_token(token);
        }
    }

    /// Forgets the tokens that `is_meant` says, by their `sub`, `jti`, `sid` or `iat`, and any that
    /// is being verified meanwhile. Looks at every entry.
    pub fn invalidate_where(&self, is_meant: impl Fn(&RegisteredClaims) -> bool) {
        if let Some(cache) = &self.0.cache {
            cache.remove_where(is_meant);
        }
    }

    /// Forgets all verified tokens.
    pub fn invalidate_all(&self) {
        self.invalidate_where(|_| true);
    }

    /// Whether tokens of the primary issuer can be verified now: its keys were obtained, and not
    /// too long ago. Other issuers do not count, so that one of them that ends, or is not there
    /// yet, takes nobody out of service; [`Self::stats`] has each.
    pub fn is_ready(&self) -> bool {
        self.0.issuers.first().is_some_and(|primary| primary.keys.is_ready())
    }

    /// What was done so far, and how things stand.
    pub fn stats(&self) -> Stats {
        let cache = self.0.cache.as_ref().map_or_else(CacheStats::default, TokenCache::stats);
        let issuers = self.0.issuers.iter().map(|issuer| issuer.keys.stats()).collect();
        self.0.outcomes.stats(cache, issuers)
    }
}
