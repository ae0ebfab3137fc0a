//! Strict rules for Ed25519 points (RFC 8032 §5.1), which AWS-LC does not enforce.

pub(super) const POINT_BYTES: usize = 32;
const SIGNATURE_BYTES: usize = 64;
/// The sign bit of x in the last byte of an encoded point; all other bits hold y (RFC 8032 §5.1.2).
const SIGN_BIT: u8 = 0x80;
/// The least significant byte of the field's prime, 2^255 - 19.
const PRIME_LOW_BYTE: u8 = 0xed;

/// The y coordinates of the eight points of small order: 0, 1, -1, and the two values that occur in
/// points of order eight.
const SMALL_ORDER: [[u8; POINT_BYTES]; 5] = [
    [0; POINT_BYTES],
    [
        1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
        0, 0,
    ],
    [
        0xec, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
        0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
        0xff, 0x7f,
    ],
    [
        0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98,
        0xf0, 0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53,
        0xfc, 0x05,
    ],
    [
        0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67,
        0x0f, 0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac,
        0x03, 0x7a,
    ],
];

/// Returns whether an encoded point is a public key under which signatures cannot be forged: it is
/// canonical (§5.1.3) and not of small order.
pub(super) fn is_safe(point: [u8; POINT_BYTES]) -> bool {
    is_canonical(point) && !is_of_small_order(point)
}

/// Returns whether a signature has the right length and an R that is not of small order.
pub(super) fn is_strict(signature: &[u8]) -> bool {
    let r = signature.first_chunk().filter(|_| signature.len() == SIGNATURE_BYTES);
    r.is_some_and(|r| !is_of_small_order(*r))
}

fn y(mut point: [u8; POINT_BYTES]) -> [u8; POINT_BYTES] {
    if let Some(last) = point.last_mut() {
        *last &= !SIGN_BIT;
    }
    point
}

/// Returns whether y is less than the prime.
fn is_canonical(point: [u8; POINT_BYTES]) -> bool {
    let [first, middle @ .., last] = y(point);
    first < PRIME_LOW_BYTE || last != !SIGN_BIT || middle != [0xff; POINT_BYTES - 2]
}

fn is_of_small_order(point: [u8; POINT_BYTES]) -> bool {
    SMALL_ORDER.contains(&y(point))
}
