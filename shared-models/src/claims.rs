//! Claims of an access token (RFC 7519 §4).

use serde::{Deserialize, Serialize};

use crate::{User, UserId};

/// The payload that auth-service signs: the complete user, registered claims and the session id.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccessClaims {
    /// Time of issue, in seconds since the epoch.
    pub iat: i64,
    #[serde(flatten)]
    pub user: User,
    /// Copy of the user's id, for resource servers.
    pub sub: UserId,
    /// Time of expiry, in seconds since the epoch.
    pub exp: i64,
    pub iss: String,
    pub aud: String,
    /// Unique id of the token.
    pub jti: String,
    /// Id of the session for which the token was issued.
    pub sid: String,
}

/// The claims that a resource server needs from tokens of any issuer.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct CallerClaims {
    pub sub: UserId,
}
