//! A verified token, shared by concurrent callers.

use std::{
    any::Any,
    ops::Deref,
    sync::{Arc, atomic::AtomicU64},
};

use crate::{PublicKey, claims::RegisteredClaims};

/// The claims of a verified token. Cheap to clone; dereferences to `C`.
#[derive(Debug)]
pub struct Verified<C>(pub(crate) Arc<Accepted<C>>);

/// The result of a successful verification, which can be cached.
#[derive(Debug)]
pub(crate) struct Accepted<C> {
    pub(crate) facts: Facts,
    pub(crate) claims: C,
}

/// The facts that are checked again when a cached token is used.
#[derive(Debug)]
pub(crate) struct Facts {
    /// Index of the issuer among the trusted issuers.
    pub(crate) issuer: usize,
    pub(crate) kid: Option<String>,
    pub(crate) key: Arc<PublicKey>,
    /// Generation of the key set in which the key was last found; 0 before the key was found once.
    pub(crate) keys_seen: AtomicU64,
    pub(crate) registered: RegisteredClaims,
    /// Generation of the revocations at the last check of the token; 0 before the first check.
    #[cfg(feature = "events")]
    pub(crate) revocations_seen: AtomicU64,
}

/// An [`Accepted`] with any type of claims.
pub(crate) trait AnyAccepted: Send + Sync {
    fn facts(&self) -> &Facts;

    fn into_any(self: Arc<Self>) -> Arc<dyn Any + Send + Sync>;
}

impl<C: Send + Sync + 'static> AnyAccepted for Accepted<C> {
    fn facts(&self) -> &Facts {
        &self.facts
    }

    fn into_any(self: Arc<Self>) -> Arc<dyn Any + Send + Sync> {
        self
    }
}

impl<C> Verified<C> {
    /// Returns the registered claims, which do not depend on `C`.
    pub fn registered(&self) -> &RegisteredClaims {
        &self.0.facts.registered
    }

    /// Returns the claims as an owned value.
    pub fn into_claims(self) -> C
    where
        C: Clone,
    {
        Arc::try_unwrap(self.0)
            .map_or_else(|shared| shared.claims.clone(), |accepted| accepted.claims)
    }
}

impl<C> Clone for Verified<C> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<C> Deref for Verified<C> {
    type Target = C;

    fn deref(&self) -> &C {
        &self.0.claims
    }
}
