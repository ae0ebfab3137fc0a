//! Claims of access tokens (RFC 7519 §4).

use serde::{Deserialize, Deserializer, Serialize, de::IgnoredAny};
use utoipa::ToSchema;

use crate::{User, UserId};

/// The payload of a user's access token: the user, registered claims and the session id.
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

/// The payload of a client's access token (RFC 9068 §2.2). A client is a machine that acts on its own
/// behalf, so `sub` is its id too.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClientClaims {
    pub iss: String,
    pub aud: Audience,
    pub sub: String,
    pub client_id: String,
    /// Granted scopes, separated by spaces (RFC 6749 §3.3).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
    pub iat: i64,
    pub exp: i64,
    pub jti: String,
}

/// One audience or several (RFC 7519 §4.1.3).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(untagged)]
pub enum Audience {
    One(String),
    Several(Vec<String>),
}

/// The claims that a resource server needs from tokens of any issuer.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct CallerClaims {
    pub sub: UserId,
    #[serde(default, deserialize_with = "text")]
    client_id: Option<String>,
    #[serde(default, deserialize_with = "text")]
    scope: Option<String>,
}

impl CallerClaims {
    /// Returns the granted scopes if the token belongs to a client that acts on its own behalf, and
    /// `None` if it belongs to a user.
    pub fn client_scopes(&self) -> Option<impl Iterator<Item = &str>> {
        let is_client = self.client_id.as_deref() == Some(self.sub.as_str());
        is_client.then(|| self.scope.as_deref().unwrap_or_default().split(' '))
    }
}

/// Reads a claim that is optional. Returns `None` if it is not a string, because other issuers may
/// use another type.
fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Claim {
        Text(String),
        Other(IgnoredAny),
    }
    Ok(match Claim::deserialize(deserializer)? {
        Claim::Text(text) => Some(text),
        Claim::Other(IgnoredAny) => None,
    })
}
