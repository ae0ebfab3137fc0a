//! Verifies tokens and returns their claims.

use std::{
    fmt,
    sync::{Arc, atomic::AtomicU64},
    time::{Duration, SystemTime},
};

use serde::de::DeserializeOwned;
use serde_json::Value;
use tracing::debug;

#[cfg(feature = "events")]
use crate::events::{EventReader, Follower};
use crate::{
    cache::TokenCache,
    claims::{RegisteredClaims, Rules},
    clock::Now,
    error::{Error, Refusal},
    keys::{FetchTrigger, Keys},
    stats::{CacheStats, Outcomes, Stats},
    token::{Kind, MAX_BYTES, Token},
    trusted_issuer::ClaimsRule,
    verified::{Accepted, Facts, Verified},
};

pub(crate) type IsRevoked = Arc<dyn Fn(&RegisteredClaims) -> bool + Send + Sync>;

/// A verifier for tokens of one or several issuers. Cheap to clone; all clones share the keys and
/// the cache.
#[derive(Clone)]
pub struct Verifier(pub(crate) Arc<Inner>);

pub(crate) struct Inner {
    /// The primary issuer comes first.
    pub(crate) issuers: Vec<Issuer>,
    pub(crate) cache: Option<TokenCache>,
    pub(crate) is_revoked: Option<IsRevoked>,
    /// The follower of the primary issuer's security events, if they are followed.
    #[cfg(feature = "events")]
    pub(crate) follower: Option<Arc<Follower>>,
    pub(crate) now: Now,
    pub(crate) outcomes: Outcomes,
}

pub(crate) struct Issuer {
    pub(crate) rules: Rules,
    /// Rules of the application.
    pub(crate) own_rules: Vec<ClaimsRule>,
    pub(crate) keys: Arc<Keys>,
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let issuers = self.0.issuers.iter().map(|issuer| &issuer.rules);
        f.debug_struct("Verifier").field("issuers", &issuers.collect::<Vec<_>>()).finish()
    }
}

impl Verifier {
    /// Verifies a token and returns its claims as `C`. The token must be signed by a trusted
    /// issuer, be intended for the audience configured for that issuer, and be neither expired nor
    /// revoked.
    ///
    /// Fetches keys only if the key set lacks the token's `kid`, has never been fetched or is too
    /// old, and at most once per cool-down. Verifying a cached token again costs a hash and a
    /// lookup.
    pub async fn verify<C>(&self, token: &str) -> Result<Verified<C>, Error>
    where
        C: DeserializeOwned + Send + Sync + 'static,
    {
        // Checked first, because hashing a large input is slow.
        if token.len() > MAX_BYTES {
            return self.conclude(Err(Refusal::TooLong.into()));
        }
        let Some(cache) = &self.0.cache else {
            return self.conclude(self.verify_anew(token).await.map(Verified));
        };
        let key = TokenCache::key::<C>(token);
        if let Some(accepted) = cache.get::<C>(&key, |facts| self.is_still_good(facts)) {
            return Ok(Verified(accepted));
        }
        let epoch = cache.epoch();
        // Boxed to keep the future of this function small, because callers move it even if the
        // token is cached.
        let accepted = Box::pin(self.verify_anew(token)).await;
        if let Ok(accepted) = &accepted {
            let accepted = Arc::clone(accepted);
            cache.insert(key, token, accepted, epoch);
        }
        self.conclude(accepted.map(Verified))
    }

    fn conclude<T>(&self, outcome: Result<T, Error>) -> Result<T, Error> {
        self.0.outcomes.count(&outcome);
        if let Err(Error::Refused(refusal)) = &outcome {
            debug!(jwt.refusal = %refusal, "token rejected");
        }
        outcome
    }

    /// Returns whether a cached token is still valid, by checking everything that may have changed
    /// since it was verified.
    fn is_still_good(&self, facts: &Facts) -> bool {
        let Some(issuer) = self.0.issuers.get(facts.issuer) else { return false };
        issuer.keys.has(facts.kid.as_deref(), &facts.key, &facts.keys_seen)
            && self.may_be_used_now(&issuer.rules, &facts.registered).is_ok()
            && self.check_events(facts).is_ok()
    }

    async fn verify_anew<C>(&self, token: &str) -> Result<Arc<Accepted<C>>, Error>
    where
        C: DeserializeOwned,
    {
        let token = Token::parse(token, Kind::Access)?;
        let named = |issuer: &Issuer| token.claimed_issuer() == Some(&*issuer.rules.issuer);
        let index = self.0.issuers.iter().position(named).ok_or(Refusal::WrongIssuer)?;
        let Issuer { rules, own_rules, keys } =
            self.0.issuers.get(index).ok_or(Refusal::WrongIssuer)?;
        let kid = token.kid.clone();
        let key = keys.find(kid.as_deref(), token.algorithm, FetchTrigger::UnknownKey).await?;
        let claims = token.signed_by(&key)?;
        let registered = rules.read(&claims)?;
        if !own_rules.iter().all(|are_acceptable| are_acceptable(&claims)) {
            return Err(Refusal::UnexpectedClaims.into());
        }
        let claims = C::deserialize(Value::Object(claims))
            .map_err(|_error: serde_json::Error| Refusal::UnexpectedClaims)?;
        self.may_be_used_now(rules, &registered)?;
        let facts = Facts {
            issuer: index,
            kid,
            key,
            keys_seen: AtomicU64::new(0),
            registered,
            #[cfg(feature = "events")]
            revocations_seen: AtomicU64::new(0),
        };
        self.check_events(&facts)?;
        Ok(Arc::new(Accepted { facts, claims }))
    }

    /// Checks the dates, and asks the callback whether the token is revoked. The expiry is checked
    /// last, so that a token that the callback rejects is reported as revoked even if it has also
    /// expired.
    fn may_be_used_now(&self, rules: &Rules, claims: &RegisteredClaims) -> Result<(), Error> {
        let now = (self.0.now)().duration_since(SystemTime::UNIX_EPOCH).unwrap_or(Duration::ZERO);
        rules.has_begun(claims, now)?;
        if self.0.is_revoked.as_ref().is_some_and(|is_revoked| is_revoked(claims)) {
            return Err(Refusal::Revoked.into());
        }
        rules.has_not_ended(claims, now)
    }

    /// Checks tokens of the primary issuer against its security events, if they are followed; see
    /// [`Follower::check`].
    #[cfg(feature = "events")]
    fn check_events(&self, facts: &Facts) -> Result<(), Error> {
        match &self.0.follower {
            Some(follower) if facts.issuer == 0 => follower.check_again(facts),
            _ => Ok(()),
        }
    }

    #[cfg(not(feature = "events"))]
    #[expect(
        clippy::unused_self,
        clippy::unnecessary_wraps,
        reason = "without the feature, nothing is revoked"
    )]
    fn check_events(&self, _: &Facts) -> Result<(), Error> {
        Ok(())
    }

    /// Returns a reader of the primary issuer's security events, if the verifier follows them.
    #[cfg(feature = "events")]
    pub fn event_reader(&self) -> Option<EventReader> {
        self.0.follower.as_ref().map(|follower| follower.reader.clone())
    }

    /// Removes a token from the cache. To reject it from now on, use
    /// [`VerifierBuilder::revoked_if`](crate::VerifierBuilder::revoked_if).
    pub fn invalidate(&self, token: &str) {
        if let Some(cache) = &self.0.cache {
            cache.remove_token(token);
        }
    }

    /// Removes from the cache the tokens for which the predicate returns true. Tokens that are
    /// being verified at the same time are not cached. Visits every entry.
    pub fn invalidate_where(&self, is_meant: impl Fn(&RegisteredClaims) -> bool) {
        if let Some(cache) = &self.0.cache {
            cache.remove_where(is_meant);
        }
    }

    /// Removes all tokens from the cache.
    pub fn invalidate_all(&self) {
        self.invalidate_where(|_| true);
    }

    /// Returns whether tokens of the primary issuer can be verified: its keys were fetched and are
    /// not too old. Other issuers do not count, so that an unavailable one does not take the
    /// application out of service; [`Self::stats`] reports each.
    pub fn is_ready(&self) -> bool {
        self.0.issuers.first().is_some_and(|primary| primary.keys.is_ready())
    }

    /// Returns counters and the current state of the cache, the keys and the feed.
    pub fn stats(&self) -> Stats {
        let cache = self.0.cache.as_ref().map_or_else(CacheStats::default, TokenCache::stats);
        let issuers = self.0.issuers.iter().map(|issuer| issuer.keys.stats()).collect();
        Stats {
            #[cfg(feature = "events")]
            feed: self.0.follower.as_ref().map(|follower| follower.stats()),
            ..self.0.outcomes.stats(cache, issuers)
        }
    }
}
