//! Parses parts of PHC strings (<https://github.com/P-H-C/phc-string-format>).

use std::ops::RangeInclusive;

use base64::{Engine as _, prelude::BASE64_STANDARD_NO_PAD};

use super::unusable_hash::UnusableHash;

/// Accepted lengths of derived keys. A shorter key could match by chance, and longer ones are not
/// used in practice.
const KEY_BYTES: RangeInclusive<usize> = 16..=64;

/// Parses `<name>=<number>,…` with exactly these names in this order.
pub(super) fn numbers<const N: usize>(
    text: &str,
    names: [&str; N],
) -> Result<[u32; N], UnusableHash> {
    let mut parts = text.split(',');
    let mut read = |name| parts.next()?.strip_prefix(name)?.strip_prefix('=')?.parse().ok();
    let mut numbers = [0; N];
    for (number, name) in numbers.iter_mut().zip(names) {
        *number = read(name).ok_or(UnusableHash::Malformed)?;
    }
    if parts.next().is_some() {
        return Err(UnusableHash::Malformed);
    }
    Ok(numbers)
}

/// Parses `<salt>$<key>`, both base64 without padding.
pub(super) fn salt_and_key(text: &str) -> Result<(Vec<u8>, Vec<u8>), UnusableHash> {
    let decoded = |text| BASE64_STANDARD_NO_PAD.decode(text).ok();
    let (salt, key) = text.split_once('$').ok_or(UnusableHash::Malformed)?;
    decoded(salt)
        .zip(decoded(key).filter(|key| KEY_BYTES.contains(&key.len())))
        .ok_or(UnusableHash::Malformed)
}
