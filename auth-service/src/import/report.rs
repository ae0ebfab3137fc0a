//! What an import did, for people to read.

use std::io::{self, Write};

/// How many reasons are listed; the rest is counted.
const LISTED: usize = 200;

#[derive(Default)]
pub(super) struct Report {
    pub(super) users: u64,
    pub(super) passwords: u64,
    pub(super) other_accounts: u64,
    pub(super) sessions: u64,
    pub(super) already_here: u64,
    skipped: u64,
    notes: Vec<String>,
    unlisted: u64,
}

impl Report {
    /// A user who is not imported.
    pub(super) fn skip(&mut self, place: &str, reason: &str) {
        self.skipped += 1;
        self.list(format!("skipped {place}: {reason}"));
    }

    /// Something that is left behind of a user who is imported, or of the whole source.
    pub(super) fn note(&mut self, place: &str, what: &str) {
        self.list(format!("{place}: {what}"));
    }

    fn list(&mut self, line: String) {
        if self.notes.len() < LISTED {
            self.notes.push(line);
        } else {
            self.unlisted += 1;
        }
    }

    pub(super) fn write(&self, out: &mut impl Write, is_dry_run: bool) -> io::Result<()> {
        for note in &self.notes {
            writeln!(out, "{note}")?;
        }
        if self.unlisted > 0 {
            writeln!(out, "and {} more like these", self.unlisted)?;
        }
        let done = if is_dry_run { "would be imported" } else { "imported" };
        writeln!(
            out,
            "{} users {done}, {} of them with a password; {} other accounts, {} sessions",
            self.users, self.passwords, self.other_accounts, self.sessions
        )?;
        writeln!(out, "{} users were here already, {} skipped", self.already_here, self.skipped)
    }
}
