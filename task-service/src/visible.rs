//! Visible characters. A title without any could be neither seen nor clicked.

/// Ranges of invisible characters other than white space and controls: Unicode's default-ignorable
/// code points (UAX #44), and the blanks of Braille, Hangul and interlinear annotation.
const INVISIBLE: [(char, char); 18] = [
    ('\u{ad}', '\u{ad}'),
    ('\u{34f}', '\u{34f}'),
    ('\u{61c}', '\u{61c}'),
    ('\u{115f}', '\u{1160}'),
    ('\u{17b4}', '\u{17b5}'),
    ('\u{180b}', '\u{180f}'),
    ('\u{200b}', '\u{200f}'),
    ('\u{202a}', '\u{202e}'),
    ('\u{2060}', '\u{206f}'),
    ('\u{2800}', '\u{2800}'),
    ('\u{3164}', '\u{3164}'),
    ('\u{fe00}', '\u{fe0f}'),
    ('\u{feff}', '\u{feff}'),
    ('\u{ffa0}', '\u{ffa0}'),
    ('\u{fff0}', '\u{fffb}'),
    ('\u{1bca0}', '\u{1bca3}'),
    ('\u{1d173}', '\u{1d17a}'),
    ('\u{e0000}', '\u{e0fff}'),
];

/// Returns whether a string has a visible character.
pub(crate) fn is_visible(text: &str) -> bool {
    text.chars().any(|c| {
        let is_invisible = |(first, last): &(char, char)| (*first..=*last).contains(&c);
        !c.is_whitespace() && !c.is_control() && !INVISIBLE.iter().any(is_invisible)
    })
}
