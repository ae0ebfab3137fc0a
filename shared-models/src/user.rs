//! The user object of the wire contract.

use serde::{Deserialize, Serialize};

use crate::{Timestamp, UserId};

/// The user object in responses and tokens. It always has all seven fields.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct User {
    pub id: UserId,
    pub name: String,
    /// In lower case.
    pub email: String,
    pub email_verified: bool,
    /// A URL or data URL; `null` when unset.
    pub image: Option<String>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}
