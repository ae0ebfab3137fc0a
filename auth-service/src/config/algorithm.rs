//! The name of the signature algorithm.

use clap::ValueEnum;

/// The name by which tokens and the JWKS refer to the Ed25519 signature algorithm.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum JwtAlgorithm {
    /// RFC 8037 §3.1.
    #[value(name = "EdDSA")]
    EdDsa,
    /// RFC 9864 §2.2.
    #[value(name = "Ed25519")]
    Ed25519,
}

impl JwtAlgorithm {
    pub(crate) const ALL: [Self; 2] = [Self::EdDsa, Self::Ed25519];

    /// Returns the value of `alg`.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::EdDsa => "EdDSA",
            Self::Ed25519 => "Ed25519",
        }
    }
}
