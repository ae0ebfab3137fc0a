//! The user object of the Better Auth contract.

use serde::{Deserialize, Serialize};

use crate::{Timestamp, UserId};

/// A user, as every answer and every token shows it: always these seven members.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct User {
    pub id: UserId,
    pub name: String,
    /// In lower case.
    pub email: String,
    pub email_verified: bool,
    /// An address or a data URL; `null` when unset.
    pub image: Option<String>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}
