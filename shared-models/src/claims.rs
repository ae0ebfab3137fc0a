//! What an access token says (RFC 7519 §4).

use serde::{Deserialize, Serialize};

use crate::{User, UserId};

/// The payload that auth-service signs: the complete user and the registered claims.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccessClaims {
    /// Issued at, in seconds since the epoch.
    pub iat: i64,
    #[serde(flatten)]
    pub user: User,
    /// The user's id once more: what a resource server goes by.
    pub sub: UserId,
    /// Expires at, in seconds since the epoch.
    pub exp: i64,
    pub iss: String,
    pub aud: String,
    /// This token, unique per token.
    pub jti: String,
    /// The session it was made from.
    pub sid: String,
}

/// All that a resource server needs of any issuer's token, ours or another's.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct CallerClaims {
    pub sub: UserId,
}
