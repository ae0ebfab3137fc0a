//! Keys of counts.

use aws_lc_rs::digest;

/// Identifier of a count, such as the number of sign-in attempts by one client on one account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Key(pub(crate) [u8; 16]);

impl Key {
    /// Hashes the parts, so that addresses and accounts are not stored in plain text.
    pub(crate) fn of(parts: &[&str]) -> Self {
        let mut context = digest::Context::new(&digest::SHA256);
        for part in parts {
            context.update(part.as_bytes());
            context.update(&[0]);
        }
        let mut key = [0; 16];
        key.iter_mut().zip(context.finish().as_ref()).for_each(|(byte, hashed)| *byte = *hashed);
        Self(key)
    }
}
