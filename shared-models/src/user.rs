//! The user object of the wire contract.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{Timestamp, UserId};

/// The user object in responses and tokens. It always has all seven fields.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(examples(json!({
    "id": "0198c0a4-6f0e-7b53-9a75-3f5b3c1f2f10",
    "name": "Ada",
    "email": "ada@example.com",
    "emailVerified": false,
    "image": null,
    "createdAt": "2026-01-02T03:04:05.678Z",
    "updatedAt": "2026-01-02T03:04:05.678Z",
})))]
pub struct User {
    /// Opaque identifier
    #[schema(value_type = String)]
    pub id: UserId,
    pub name: String,
    /// In lower case.
    pub email: String,
    pub email_verified: bool,
    /// A URL or data URL; `null` when unset.
    #[schema(required)]
    pub image: Option<String>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}
