//! Limits of a task's title and description.

use std::{borrow::Cow, fmt::Write as _};

/// Length limits of a string, in characters (Unicode scalar values).
#[derive(Clone, Copy)]
pub(crate) struct Length {
    pub(crate) min: usize,
    pub(crate) max: usize,
}

pub(crate) const TITLE: Length = Length { min: 1, max: 255 };
pub(crate) const DESCRIPTION: Length = Length { min: 0, max: 10_000 };

impl Length {
    /// Returns the validation errors of a string: the type and message of each.
    pub(crate) fn mistakes(self, text: &str) -> Vec<(&'static str, Cow<'static, str>)> {
        let Self { min, max } = self;
        let mut mistakes: Vec<(_, Cow<'static, str>)> = Vec::new();
        if text.contains('\0') {
            mistakes.push(("value_error", "Value error, NUL characters are not allowed".into()));
        }
        if min > 0 && text.is_empty() {
            mistakes.push(("string_too_short", "String should have at least 1 character".into()));
        } else if min > 0 && !is_visible(text) {
            mistakes.push(("value_error", "Value error, must have a visible character".into()));
        }
        if text.chars().nth(max).is_some() {
            let msg = format!("String should have at most {max} characters");
            mistakes.push(("string_too_long", msg.into()));
        }
        mistakes
    }
}

/// Ranges of invisible characters other than white space and controls: Unicode's default-ignorable
/// code points (UAX #44), the blanks of Braille and Hangul, and the characters for interlinear
/// annotation.
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

/// Returns a regular expression for titles (ECMA-262), which requires a visible character and no
/// NUL. Counts characters above U+FFFF as visible, because no escape for them works in all dialects.
pub(crate) fn title_pattern() -> String {
    let mut invisible = String::new();
    for (first, last) in INVISIBLE.into_iter().filter(|(_, last)| *last <= '\u{ffff}') {
        let _ = write!(invisible, "\\u{:04x}", u32::from(first));
        if first != last {
            let _ = write!(invisible, "-\\u{:04x}", u32::from(last));
        }
    }
    format!(r"^[^\u0000]*[^\s\u0000-\u001f\u007f-\u009f{invisible}][^\u0000]*$")
}

fn is_visible(text: &str) -> bool {
    text.chars().any(|c| {
        let is_invisible = |(first, last): &(char, char)| (*first..=*last).contains(&c);
        !c.is_whitespace() && !c.is_control() && !INVISIBLE.iter().any(is_invisible)
    })
}
