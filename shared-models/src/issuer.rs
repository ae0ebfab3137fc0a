//! Metadata that an issuer publishes about its tokens, to configure or diagnose a verifier. The
//! metadata is no reason for a verifier to trust the issuer.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Path of the metadata document on the issuer's origin.
pub const ISSUER_DOCUMENT: &str = "/.well-known/issuer.json";

/// The metadata document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = Issuer)]
pub struct IssuerDocument {
    /// The `iss` claim of the issuer's tokens.
    pub issuer: String,
    /// The `aud` claim of users' access tokens.
    pub audience: String,
    /// The origin at which browsers reach the issuer.
    pub url: String,
}
