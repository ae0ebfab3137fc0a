//! Limits of RSA keys (RFC 7518 §3.3, §6.3.1).

use aws_lc_rs::{
    encoding::{AsDer as _, PublicKeyX509Der},
    signature::RsaPublicKeyComponents,
};

const MIN_BYTES: usize = 2048 / 8;
/// Maximum length of a modulus. Verifying a token, even a forged one, with a larger key would take
/// too long.
const MAX_BYTES: usize = 8192 / 8;
/// 65537, the least exponent that FIPS 186-5 §A.1.1 allows. With an exponent of 1, anyone could
/// forge signatures.
const MIN_EXPONENT: u64 = 0x1_0001;
const TOP_BIT: u8 = 0x80;

/// Encodes a key as `SubjectPublicKeyInfo`. Returns `None` if its modulus or its exponent is an
/// even number, out of range or not in the shortest form.
pub(super) fn encode(n: &[u8], e: &[u8]) -> Option<Vec<u8>> {
    let has_size = (MIN_BYTES..=MAX_BYTES).contains(&n.len())
        && n.first().is_some_and(|first| n.len() > MIN_BYTES && *first > 0 || *first >= TOP_BIT);
    if !has_size || !is_odd(n) || !is_odd(e) || exponent(e)? < MIN_EXPONENT {
        return None;
    }
    let der: PublicKeyX509Der<'_> = RsaPublicKeyComponents { n, e }.as_der().ok()?;
    Some(der.as_ref().to_vec())
}

fn is_odd(number: &[u8]) -> bool {
    number.last().is_some_and(|last| last % 2 == 1)
}

/// Returns the value of an exponent, or `None` if it is longer than 64 bits or not in the shortest
/// form.
fn exponent(e: &[u8]) -> Option<u64> {
    let has_shortest_form =
        e.first().is_some_and(|first| *first > 0) && e.len() <= size_of::<u64>();
    has_shortest_form.then(|| e.iter().fold(0_u64, |value, byte| (value << 8) | u64::from(*byte)))
}
