//! The form in which passwords are hashed.

use unicode_normalization::UnicodeNormalization as _;

/// Normalizes a password that keyboards may encode in several ways, as Better Auth does.
pub(super) fn nfkc(password: &str) -> String {
    password.nfkc().collect()
}
