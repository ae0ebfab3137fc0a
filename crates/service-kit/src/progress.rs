//! How far a command has come, for people to see.

use indicatif::{ProgressBar, ProgressStyle};

/// Shown on a terminal only.
pub fn bar(length: u64) -> ProgressBar {
    let bar = ProgressBar::new(length);
    match ProgressStyle::with_template("{wide_bar} {percent}% {eta}") {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}
