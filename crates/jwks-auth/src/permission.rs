//! Scopes and roles of a verified token.

use std::{fmt, marker::PhantomData, ops::Deref};

use crate::{Error, RegisteredClaims, Verified};

/// The scopes and roles that a handler requires of every token; see [`Authorized`].
pub trait Permission: 'static {
    /// Scopes that the token must have. All of them are required.
    const SCOPES: &'static [&'static str] = &[];
    /// Roles of which the token must have at least one. If the list is empty, no role is required.
    const ROLES: &'static [&'static str] = &[];
}

/// The verified claims of a token that has the permission `P`. An extractor like `Bearer`, for the
/// same frameworks; a request whose token lacks the permission gets a 403.
///
/// Dereferences to [`Verified`].
pub struct Authorized<C, P> {
    verified: Verified<C>,
    permission: PhantomData<fn() -> P>,
}

impl<C, P: Permission> Authorized<C, P> {
    /// Checks that a token has the permission. Returns [`Error::InsufficientScope`] if it does not.
    pub fn check(verified: Verified<C>) -> Result<Self, Error> {
        verified.registered().require_scopes(P::SCOPES)?;
        verified.registered().require_any_role(P::ROLES)?;
        Ok(Self { verified, permission: PhantomData })
    }

    /// Returns the verified claims.
    pub fn into_verified(self) -> Verified<C> {
        self.verified
    }
}

impl<C: fmt::Debug, P> fmt::Debug for Authorized<C, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Authorized").field(&self.verified).finish()
    }
}

impl<C, P> Deref for Authorized<C, P> {
    type Target = Verified<C>;

    fn deref(&self) -> &Verified<C> {
        &self.verified
    }
}

impl RegisteredClaims {
    /// Returns [`Error::InsufficientScope`] unless the token has all of these scopes, compared
    /// exactly (RFC 6749 §3.3).
    pub fn require_scopes(&self, scopes: &'static [&'static str]) -> Result<(), Error> {
        let has = |scope: &&str| self.scopes.iter().any(|own| own == scope);
        if scopes.iter().all(has) { Ok(()) } else { Err(Error::InsufficientScope { scopes }) }
    }

    /// Returns [`Error::InsufficientScope`] unless the token has one of these roles, or the list is
    /// empty.
    pub fn require_any_role(&self, roles: &'static [&'static str]) -> Result<(), Error> {
        let has = |role: &&str| self.roles.iter().any(|own| own == role);
        let is_allowed = roles.is_empty() || roles.iter().any(has);
        if is_allowed { Ok(()) } else { Err(Error::InsufficientScope { scopes: &[] }) }
    }
}
