//! The caller of a request and its permissions.

use shared_models::{CallerClaims, UserId};

/// A scope that a client needs for a request (RFC 6749 §3.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scope {
    ReadTasks,
    WriteTasks,
}

impl Scope {
    pub(crate) const ALL: [Self; 2] = [Self::ReadTasks, Self::WriteTasks];

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::ReadTasks => "tasks:read",
            Self::WriteTasks => "tasks:write",
        }
    }
}

/// The authenticated caller. Each caller owns tasks of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Principal {
    /// A user, who may read and change all of their own tasks.
    User(UserId),
    /// A client that acts on its own behalf (RFC 6749 §4.4), limited to the scopes of its token.
    Service { id: UserId, scopes: Vec<Scope> },
}

impl Principal {
    pub(crate) fn new(claims: &CallerClaims) -> Self {
        let id = claims.sub.clone();
        match claims.client_scopes() {
            None => Self::User(id),
            Some(scopes) => {
                let granted: Vec<_> = scopes.collect();
                let is_granted = |scope: &Scope| granted.contains(&scope.as_str());
                Self::Service { id, scopes: Scope::ALL.into_iter().filter(is_granted).collect() }
            }
        }
    }

    pub(crate) fn owner(&self) -> &UserId {
        match self {
            Self::User(id) | Self::Service { id, .. } => id,
        }
    }

    pub(crate) fn into_owner(self) -> UserId {
        match self {
            Self::User(id) | Self::Service { id, .. } => id,
        }
    }

    pub(crate) fn may(&self, scope: Scope) -> bool {
        match self {
            Self::User(_) => true,
            Self::Service { scopes, .. } => scopes.contains(&scope),
        }
    }
}
