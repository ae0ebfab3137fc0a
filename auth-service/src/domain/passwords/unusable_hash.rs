//! Reasons for rejecting a hash.

/// Reason why a hash cannot be used to verify a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum UnusableHash {
    #[error("its password hash is of an unknown kind")]
    Unknown,
    #[error("its password hash is malformed")]
    Malformed,
    #[error("its password hash would take too much memory or time to verify")]
    TooCostly,
}
