//! Errors in database URLs.

/// Reasons for rejecting a database URL. The messages contain no secrets.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum UrlError {
    #[error("expected sqlite://path or postgres://user:password@host/database")]
    Unknown,
    #[error("{0}")]
    Foreign(String),
    #[error("has no host: expected postgres://user:password@host/database")]
    NoHost,
    #[error("{0:?} has no value")]
    NoValue(String),
    #[error("{name}={value} is not supported: use {expected}")]
    Value { name: String, value: String, expected: String },
    #[error("invalid {0}")]
    Invalid(String),
    #[error("{0}")]
    Combination(&'static str),
}
