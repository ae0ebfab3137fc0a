//! What an issuer says of its tokens, for whoever sets up a verifier or looks for what is wrong
//! with one. Nobody trusts a token because of it.

use serde::{Deserialize, Serialize};

/// Where it says so, on its own origin.
pub const ISSUER_DOCUMENT: &str = "/.well-known/issuer.json";

/// The document there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IssuerDocument {
    /// The `iss` of its tokens.
    pub issuer: String,
    /// The `aud` of its tokens.
    pub audience: String,
    /// The origin that browsers know it by.
    pub url: String,
}
