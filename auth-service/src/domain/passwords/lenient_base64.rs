//! Decodes the variants of base64 that other programs write.

use base64::{
    Engine as _, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};

const MIXED_PADDING: GeneralPurposeConfig = GeneralPurposeConfig::new()
    .with_decode_padding_mode(DecodePaddingMode::Indifferent)
    .with_decode_allow_trailing_bits(true);
const BASE64: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, MIXED_PADDING);

/// Decodes base64 with or without padding, in the standard or URL-safe alphabet, or in that of
/// passlib, which has `.` instead of `+`.
pub(super) fn decode(text: &str) -> Option<Vec<u8>> {
    let text: String = text
        .chars()
        .map(|c| match c {
            '.' | '-' => '+',
            '_' => '/',
            c => c,
        })
        .collect();
    BASE64.decode(text).ok()
}
