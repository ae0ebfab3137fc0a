//! The Unicode form in which passwords are hashed.

use unicode_normalization::UnicodeNormalization as _;

/// Normalizes a password as Better Auth does, because keyboards may encode the same password in
/// several ways.
pub(super) fn nfkc(password: &str) -> String {
    password.nfkc().collect()
}
