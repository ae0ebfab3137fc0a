//! A token that was good, shared by all who ask about it.

use std::{any::Any, ops::Deref, sync::Arc};

use crate::{PublicKey, claims::RegisteredClaims};

/// The claims of a good token. Cheap to clone; dereferences to `C`.
#[derive(Debug)]
pub struct Verified<C>(pub(crate) Arc<Accepted<C>>);

/// What was found out about a token, as it is kept.
#[derive(Debug)]
pub(crate) struct Accepted<C> {
    pub(crate) facts: Facts,
    pub(crate) claims: C,
}

/// What to check again when the token comes back.
#[derive(Debug)]
pub(crate) struct Facts {
    /// The issuer, by its place among those that are trusted.
    pub(crate) issuer: usize,
    pub(crate) kid: String,
    pub(crate) key: Arc<PublicKey>,
    pub(crate) registered: RegisteredClaims,
}

/// An [`Accepted`] of any type.
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
    /// The claims that every token has, whatever `C` reads.
    pub fn registered(&self) -> &RegisteredClaims {
        &self.0.facts.registered
    }

    /// The claims to keep.
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
