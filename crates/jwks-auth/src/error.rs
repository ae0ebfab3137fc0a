//! Why a request is not let in.

use std::time::Duration;

/// Why a token did not become claims.
///
/// The text is safe to show: it never says more than "expired" or "invalid", so that a forger
/// learns nothing. [`Refusal`] is for logs and tests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No bearer token was sent: 401 with a bare challenge (RFC 6750 §3).
    #[error("Invalid token")]
    Missing,
    /// A good token whose `exp` has passed: 401.
    #[error("Token has expired")]
    Expired,
    /// Any other token: 401.
    #[error("Invalid token")]
    Refused(Refusal),
    /// The issuer's keys are out of reach, so nobody can tell: 503.
    #[error("The signing keys are not available")]
    Unavailable {
        /// When it makes sense to ask again.
        retry_after: Duration,
    },
    /// The application holds no `Data<JwksClient>`: 500.
    #[error("The service is not configured to verify tokens")]
    NotConfigured,
}

/// What exactly was wrong with a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    #[error("more than one Authorization header")]
    SeveralHeaders,
    #[error("longer than 8 KiB")]
    TooLong,
    #[error("not a compact JWS (RFC 7515 §7.1) of canonical base64url")]
    NotCompact,
    #[error("the header is not a JSON object with unique members (RFC 7515 §4)")]
    BadHeader,
    #[error("the header asks for something unsupported: crit, b64, enc or a foreign typ")]
    UnsupportedHeader,
    #[error("the algorithm is not EdDSA (RFC 8725 §3.1)")]
    WrongAlgorithm,
    #[error("no key of the issuer has this kid")]
    UnknownKey,
    #[error("the signature does not verify (RFC 8032 §5.1.7)")]
    BadSignature,
    #[error("the claims are not a JSON object with unique members (RFC 7519 §4)")]
    BadClaims,
    #[error("iss is missing or another issuer's (RFC 7519 §4.1.1)")]
    WrongIssuer,
    #[error("aud is missing or names others (RFC 7519 §4.1.3)")]
    WrongAudience,
    #[error("sub is missing or not a string (RFC 7519 §4.1.2)")]
    WrongSubject,
    #[error("exp, nbf or iat is missing or not a number (RFC 7519 §2, NumericDate)")]
    BadDate,
    #[error("nbf or iat lies in the future (RFC 7519 §4.1.5)")]
    NotYetValid,
    #[error("the claims are not of the type the application asked for")]
    UnexpectedClaims,
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl Error {
    /// The value of `WWW-Authenticate` that belongs to a 401 (RFC 6750 §3): `error` is only there
    /// when a token was sent. `None` when the answer is no 401.
    pub fn challenge(&self) -> Option<&'static str> {
        match self {
            Self::Missing => Some("Bearer"),
            Self::Expired | Self::Refused(_) => Some(r#"Bearer error="invalid_token""#),
            Self::Unavailable { .. } | Self::NotConfigured => None,
        }
    }
}
