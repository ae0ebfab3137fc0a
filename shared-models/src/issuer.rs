//! Metadata that an issuer publishes about its tokens, to configure or diagnose a verifier.
//! Verifiers do not trust an issuer because of it.

use serde::{Deserialize, Serialize};

/// Path of the metadata document on the issuer's origin.
pub const ISSUER_DOCUMENT: &str = "/.well-known/issuer.json";

/// The metadata document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IssuerDocument {
    /// The `iss` of its tokens.
    pub issuer: String,
    /// The `aud` of its tokens.
    pub audience: String,
    /// The origin at which browsers reach the issuer.
    pub url: String,
}
