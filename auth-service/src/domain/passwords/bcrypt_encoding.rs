//! The encoding of bcrypt hashes, and the costs that are accepted.

use std::ops::RangeInclusive;

use base64::{
    alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};

/// Accepted costs, from bcrypt's minimum to one that takes seconds.
pub(super) const BCRYPT_COSTS: RangeInclusive<u32> = 4..=16;
/// bcrypt implementations emit 23 of the 24 digest bytes.
pub(super) const BCRYPT_DIGEST_BYTES: usize = 23;
pub(super) const BCRYPT_BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::BCRYPT,
    GeneralPurposeConfig::new()
        .with_encode_padding(false)
        .with_decode_padding_mode(DecodePaddingMode::RequireNone)
        .with_decode_allow_trailing_bits(true),
);
