//! Progress bars of commands.

use indicatif::{ProgressBar, ProgressStyle};

/// Returns a progress bar, visible only on a terminal.
pub fn bar(length: u64) -> ProgressBar {
    let bar = ProgressBar::new(length);
    match ProgressStyle::with_template("{wide_bar} {percent}% {eta}") {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}
