//! Findings of an import about rows and about the source as a whole.

use std::{
    collections::BTreeMap,
    io::{self, Write},
};

/// Maximum number of lines listed per reason; further ones are only counted.
const LISTED: usize = 100;
/// Maximum number of distinct reasons. Reasons can quote values, so there may be any number of
/// them; further ones are listed together.
const REASONS: usize = 50;

/// The findings of an import: remarks about the source, and lines about rows, grouped by reason.
#[derive(Debug, Default)]
pub struct Findings {
    /// Listed lines and the number of unlisted ones, by reason.
    lines: BTreeMap<String, (Vec<String>, u64)>,
    /// Remarks about the source as a whole.
    remarks: Vec<String>,
}

impl Findings {
    pub fn remark(&mut self, text: String) {
        self.remarks.push(text);
    }

    /// Adds a line about a row, to be listed under `reason`.
    pub fn list(&mut self, reason: &str, line: String) {
        let is_new = !self.lines.contains_key(reason);
        let reason = if is_new && self.lines.len() >= REASONS { "other reasons" } else { reason };
        let (lines, unlisted) = self.lines.entry(reason.to_owned()).or_default();
        if lines.len() < LISTED {
            lines.push(line);
        } else {
            *unlisted += 1;
        }
    }

    pub fn write(&self, out: &mut impl Write) -> io::Result<()> {
        let lists = self.lines.iter().flat_map(|(reason, (lines, unlisted))| {
            let rest = (*unlisted > 0).then(|| format!("and {unlisted} more: {reason}"));
            lines.iter().cloned().chain(rest)
        });
        for line in self.remarks.iter().cloned().chain(lists) {
            writeln!(out, "{}", printable(&line))?;
        }
        Ok(())
    }
}

/// Escapes control characters, so that values of the source cannot control the terminal.
pub fn printable(line: &str) -> String {
    let mut text = String::with_capacity(line.len());
    for c in line.chars() {
        if c.is_control() { text.extend(c.escape_default()) } else { text.push(c) }
    }
    text
}
