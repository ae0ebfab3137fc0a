//! Strings in the form that is used for searching and sorting: independent of case and of the
//! encoding of accents.
//!
//! The databases disagree on case beyond ASCII, so this form is computed here and stored.

use unicase::UniCase;
use unicode_normalization::UnicodeNormalization as _;

/// Returns the full case folding (Unicode §3.13) in NFC.
pub(crate) fn folded(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    let composed: String = text.nfc().collect();
    UniCase::unicode(composed).to_folded_case().nfc().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_and_encoding_of_accents_do_not_matter() {
        for (one, other) in [
            ("Buy MILK", "buy milk"),
            ("ÄPFEL", "äpfel"),
            ("e\u{301}tude", "Étude"),
            ("STRASSE", "straße"),
            ("ΟΔΟΣ", "οδος"),
            ("МОЛОКО", "молоко"),
        ] {
            assert_eq!(folded(one), folded(other), "{one} {other}");
        }
        assert_ne!(folded("milk"), folded("mílk"));
    }
}
