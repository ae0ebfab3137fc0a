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
    /// A good token whose `exp` has passed (RFC 7519 §4.1.4): 401.
    #[error("Token has expired")]
    Expired,
    /// Any other token: 401.
    #[error("Invalid token")]
    Refused(Refusal),
    /// The issuer's keys are out of reach, so nobody can tell: 503.
    #[error("The signing keys are not available")]
    Unavailable {
        /// When it makes sense to ask again; at least a second.
        retry_after: Duration,
    },
    /// The application holds no `Data<Verifier>`: 500.
    #[error("The service is not configured to verify tokens")]
    NotConfigured,
}

macro_rules! refusals {
    ($($(#[$doc:meta])* $name:ident = $text:literal,)+) => {
        /// What exactly was wrong with a token.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
        #[non_exhaustive]
        pub enum Refusal { $($(#[$doc])* #[error($text)] $name,)+ }

        impl Refusal {
            /// Every refusal, in the order of the checks.
            pub const ALL: &[Self] = &[$(Self::$name,)+];
        }
    };
}

refusals! {
    /// RFC 6750 §2: a client sends a token in one way, once.
    SeveralHeaders = "more than one Authorization header",
    /// A limit of ours, before anything is read.
    TooLong = "longer than 8 KiB",
    /// Not three parts of canonical, unpadded base64url.
    NotCompact = "not a compact JWS (RFC 7515 §7.1) of canonical base64url",
    /// Broken JSON, something else than an object, or a member twice.
    BadHeader = "the header is not a JSON object with unique members (RFC 7515 §4)",
    /// `none`, HMAC, RSA, ECDSA, or another spelling.
    WrongAlgorithm = "the algorithm is not EdDSA (RFC 8725 §3.1)",
    /// An extension that has to be understood, or a token made for something else.
    UnsupportedHeader = "the header asks for something unsupported: crit, b64, enc or a foreign typ",
    /// No `kid`, one that is no string, or one that the issuer does not publish.
    UnknownKey = "no key of the issuer has this kid",
    /// Broken JSON, something else than an object, or a member twice.
    BadClaims = "the claims are not a JSON object with unique members (RFC 7519 §4)",
    /// Compared byte for byte with the trusted issuers.
    WrongIssuer = "iss is missing or no trusted issuer's (RFC 7519 §4.1.1)",
    /// A forgery, a malleable S, or a point of small order.
    BadSignature = "the signature does not verify (RFC 8032 §5.1.7)",
    /// Compared byte for byte; an array of strings may contain others, too.
    WrongAudience = "aud is missing or names others (RFC 7519 §4.1.3)",
    /// A `sub` is a string that is not blank.
    WrongSubject = "sub is missing or not a string (RFC 7519 §4.1.2)",
    /// A date is a number of seconds since the epoch.
    BadDate = "exp, nbf or iat is missing or not a number (RFC 7519 §2, NumericDate)",
    /// Further ahead than the leeway.
    NotYetValid = "nbf or iat lies in the future (RFC 7519 §4.1.5)",
    /// `serde` could not read the claims.
    UnexpectedClaims = "the claims are not of the type the application asked for",
    /// `VerifierBuilder::revoked_if` said so.
    Revoked = "the token was revoked",
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

    /// The HTTP status of the answer: 401, 503 or 500.
    pub fn status(&self) -> u16 {
        match self {
            Self::Missing | Self::Expired | Self::Refused(_) => 401,
            Self::Unavailable { .. } => 503,
            Self::NotConfigured => 500,
        }
    }
}
