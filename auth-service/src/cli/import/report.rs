//! The report of an import.

use std::io::{self, Write};

use operator_tools::source::Findings;

use crate::domain::passwords::ACCEPTED_HASHES;

/// Counts of a page, or the totals of the import.
#[derive(Clone, Copy, Default)]
pub(super) struct Counts {
    pub(super) users: u64,
    pub(super) passwords: u64,
    pub(super) other_accounts: u64,
    pub(super) sessions: u64,
    pub(super) already_here: u64,
    pub(super) updated: u64,
}

pub(super) struct Report {
    is_dry_run: bool,
    has_refused_hashes: bool,
    counts: Counts,
    skipped: u64,
    left_out: u64,
    findings: Findings,
}

impl Report {
    pub(super) fn new(is_dry_run: bool) -> Self {
        Self {
            is_dry_run,
            has_refused_hashes: false,
            counts: Counts::default(),
            skipped: 0,
            left_out: 0,
            findings: Findings::default(),
        }
    }

    /// Reports a user who could not be imported.
    pub(super) fn skip(&mut self, place: &str, reason: &str) {
        self.skipped += 1;
        self.findings.list(reason, format!("skipped {place}: {reason}"));
    }

    /// Reports a user who was left out on purpose.
    pub(super) fn leave_out(&mut self, place: &str, reason: &str) {
        self.left_out += 1;
        self.findings.list(reason, format!("not imported, {place}: {reason}"));
    }

    /// Adds a remark about a user, such as data that was lost in the import.
    pub(super) fn note(&mut self, place: &str, what: &str) {
        self.findings.list(what, format!("{place}: {what}"));
    }

    /// Reports a user whose password hash could not be imported.
    pub(super) fn refuse_hash(&mut self, place: &str, what: &str) {
        self.has_refused_hashes = true;
        self.note(place, what);
    }

    /// Adds a remark about the source as a whole.
    pub(super) fn remark(&mut self, text: String) {
        self.findings.remark(text);
    }

    /// Adds a remark about the source, unless `text` is `None`.
    pub(super) fn remarks(&mut self, text: Option<String>) {
        if let Some(text) = text {
            self.remark(text);
        }
    }

    /// Adds the counts of a page to the totals. Called once the page has been written or, in a dry
    /// run, checked.
    pub(super) fn add(&mut self, page: Counts) {
        self.counts.users += page.users;
        self.counts.passwords += page.passwords;
        self.counts.other_accounts += page.other_accounts;
        self.counts.sessions += page.sessions;
        self.counts.already_here += page.already_here;
        self.counts.updated += page.updated;
    }

    pub(super) fn is_complete(&self) -> bool {
        self.skipped == 0
    }

    /// Returns a summary for the audit log, or `None` if nothing was written.
    pub(super) fn written(&self) -> Option<String> {
        let Counts { users, updated, sessions, .. } = self.counts;
        let is_written = !self.is_dry_run && users + updated + sessions > 0;
        is_written
            .then(|| format!("users: {users} imported, {updated} updated; sessions: {sessions}"))
    }

    pub(super) fn write_if_begun(&self, out: &mut impl Write) -> io::Result<()> {
        let Counts { users, already_here, .. } = self.counts;
        if users + already_here + self.skipped + self.left_out > 0 {
            self.write(out)
        } else {
            Ok(())
        }
    }

    pub(super) fn write(&self, out: &mut impl Write) -> io::Result<()> {
        self.findings.write(out)?;
        if self.has_refused_hashes {
            writeln!(out, "accepted password hashes: {ACCEPTED_HASHES}")?;
        }
        let Counts { users, passwords, other_accounts, sessions, already_here, updated } =
            self.counts;
        let (skipped, left_out) = (self.skipped, self.left_out);
        let done = if self.is_dry_run { "would be imported" } else { "imported" };
        writeln!(
            out,
            "{users} users {done}; {passwords} passwords, {other_accounts} other accounts, {sessions} sessions"
        )?;
        let updated = if updated > 0 { format!(" ({updated} updated)") } else { String::new() };
        let left_out = if left_out > 0 { format!(", {left_out} excluded") } else { String::new() };
        writeln!(out, "{already_here} users already existed{updated}, {skipped} skipped{left_out}")
    }
}
