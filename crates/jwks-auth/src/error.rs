//! Errors from verifying a token or building a verifier.

use std::{borrow::Cow, time::Duration};

/// Reason for rejecting a request.
///
/// The message is safe to show to clients: about a rejected token, it says only that the token has
/// expired or is invalid, so that it reveals nothing to forgers. [`Refusal`] is for logs and tests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No bearer token was sent: 401 with a bare challenge (RFC 6750 §3).
    #[error("Invalid token")]
    Missing,
    /// The token has expired (RFC 7519 §4.1.4), but is valid otherwise: 401. Security events are
    /// not checked in this case.
    #[error("Token has expired")]
    Expired,
    /// The token is invalid: 401.
    #[error("Invalid token")]
    Refused(Refusal),
    /// The token is valid, but lacks a scope or role (RFC 6750 §3.1): 403.
    #[error("Insufficient scope")]
    InsufficientScope {
        /// The scopes that are required; empty if a role is missing.
        scopes: &'static [&'static str],
    },
    /// The token cannot be verified: 503. Either the issuer's keys are unavailable, or its feed of
    /// security events is silent and the application requires it (`WhenSilent::Refuse`).
    #[error("The signing keys are not available")]
    Unavailable {
        /// Time after which a retry makes sense; at least a second.
        retry_after: Duration,
    },
    /// The actix-web application has not registered a `Data<Verifier>`: 500.
    #[error("The service is not configured to verify tokens")]
    NotConfigured,
}

macro_rules! refusals {
    ($($(#[$doc:meta])* $name:ident = $text:literal,)+) => {
        /// The exact reason why a token is invalid.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
        #[non_exhaustive]
        pub enum Refusal { $($(#[$doc])* #[error($text)] $name,)+ }

        impl Refusal {
            /// All reasons, in the order of their declaration.
            pub const ALL: &[Self] = &[$(Self::$name,)+];
        }
    };
}

refusals! {
    /// A client must not send more than one token (RFC 6750 §2).
    SeveralHeaders = "more than one Authorization header",
    /// A limit of this library, checked before parsing.
    TooLong = "longer than 8 KiB",
    /// Not three parts in canonical, unpadded base64url.
    NotCompact = "not a compact JWS (RFC 7515 §7.1) of canonical base64url",
    /// The header is not valid JSON, is not an object, or has a duplicate field.
    BadHeader = "the header is not a JSON object without duplicate fields (RFC 7515 §4)",
    /// `none`, HMAC, an algorithm that is not allowed for the issuer, or one that does not belong
    /// to the key. The spelling must be exact.
    WrongAlgorithm = "the algorithm is not allowed, or is not that of the key (RFC 8725 §3.1)",
    /// A critical extension, an unencoded payload, encryption or compression, or a token of another
    /// type.
    UnsupportedHeader = "the header has an unsupported field (crit, b64, enc, zip) or typ",
    /// The `kid` is not a string, or the issuer does not publish it. Or it is missing, and it is
    /// required or the issuer does not publish exactly one usable key.
    UnknownKey = "no key of the issuer has this kid",
    /// The claims are not valid JSON, are not an object, or have a duplicate field.
    BadClaims = "the claims are not a JSON object without duplicate fields (RFC 7519 §4)",
    /// The `iss` is compared byte for byte with the trusted issuers.
    WrongIssuer = "iss is missing or not trusted (RFC 7519 §4.1.1)",
    /// A forged signature; for Ed25519 also a malleable S or an R of small order (RFC 8032 §5.1.7).
    BadSignature = "the signature does not verify (RFC 7515 §5.2)",
    /// The audience is compared byte for byte. An `aud` array may contain further audiences, but
    /// only strings.
    WrongAudience = "aud is missing or does not contain the expected audience (RFC 7519 §4.1.3)",
    /// A `sub` must be a string that is not blank.
    WrongSubject = "sub is missing or not a string (RFC 7519 §4.1.2)",
    /// Dates must be numbers, in seconds since the epoch. Only `exp` is required.
    BadDate = "exp, nbf or iat is missing or not a number (RFC 7519 §2, NumericDate)",
    /// The `nbf` or `iat` is further in the future than the leeway allows.
    NotYetValid = "nbf or iat lies in the future (RFC 7519 §4.1.5)",
    /// `serde` could not deserialize the claims, or a predicate of `TrustedIssuer::require_claims`
    /// rejects them.
    UnexpectedClaims = "the claims are not those that the application expects",
    /// Rejected by `VerifierBuilder::revoked_if` or by a security event.
    Revoked = "the token was revoked",
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl Error {
    /// Returns the `WWW-Authenticate` value of a 401 or 403 (RFC 6750 §3), which has an `error`
    /// only if a token was sent. Returns `None` for other statuses.
    pub fn challenge(&self) -> Option<Cow<'static, str>> {
        match self {
            Self::Missing => Some("Bearer".into()),
            Self::Expired | Self::Refused(_) => Some(r#"Bearer error="invalid_token""#.into()),
            Self::InsufficientScope { scopes: [] } => {
                Some(r#"Bearer error="insufficient_scope""#.into())
            }
            Self::InsufficientScope { scopes } => {
                let scopes = scopes.join(" ");
                Some(format!(r#"Bearer error="insufficient_scope", scope="{scopes}""#).into())
            }
            Self::Unavailable { .. } | Self::NotConfigured => None,
        }
    }

    /// Returns the HTTP status of the response: 401, 403, 503 or 500.
    pub fn status(&self) -> u16 {
        match self {
            Self::Missing | Self::Expired | Self::Refused(_) => 401,
            Self::InsufficientScope { .. } => 403,
            Self::Unavailable { .. } => 503,
            Self::NotConfigured => 500,
        }
    }

    /// Returns the `Retry-After` value of a 503, in seconds.
    pub fn retry_after(&self) -> Option<u64> {
        match self {
            Self::Unavailable { retry_after } => Some(retry_after.as_secs().max(1)),
            _ => None,
        }
    }

    /// Returns a JSON body with the message. The messages are constants that need no escaping.
    pub fn body(&self) -> String {
        format!(r#"{{"detail":"{self}"}}"#)
    }
}

/// Reason why a [`Verifier`](crate::Verifier) cannot be built.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// Two issuers have the same `iss`, so that keys and audience would be ambiguous.
    #[error("issuer {0:?} is configured twice")]
    SameIssuer(String),
    /// The list of allowed algorithms of this issuer is empty.
    #[error("no algorithm is allowed for issuer {0:?}")]
    NoAlgorithms(String),
    /// The name of this issuer is not a URL at which metadata can be published.
    #[cfg(feature = "http")]
    #[error(
        "issuer {0:?} cannot be discovered: it must be an https URL without query and fragment"
    )]
    NotDiscoverable(String),
    /// The secret for the security events feed is not a valid header value.
    #[cfg(feature = "events")]
    #[error("a secret must consist of printable ASCII characters")]
    Secret,
    /// The HTTP client could not be built, usually because the system has no CA certificates.
    #[cfg(feature = "http")]
    #[error("cannot set up HTTPS for the issuer's keys; are CA certificates installed?")]
    Https(#[from] reqwest::Error),
}
