//! The report of an import: a readable summary, and a file with one line per task.

use std::{
    collections::HashSet,
    io::{self, Write},
};

use csv::Writer;
use operator_tools::{source::Findings, transfer::Output};

use super::{ImportArgs, ImportError, OldTask};
use crate::store::TaskRow;

pub(super) struct Report {
    is_dry_run: bool,
    findings: Findings,
    file: Option<(Output, Writer<Box<dyn Write + Send>>)>,
    owners: HashSet<String>,
    imported: u64,
    already_here: u64,
    skipped: u64,
}

impl Report {
    pub(super) fn open(args: &ImportArgs) -> Result<Self, ImportError> {
        let file = match &args.report {
            Some(path) => {
                let output = Output::file(path).map_err(ImportError::ReportFile)?;
                let mut lines = Writer::from_writer(output.writer()?);
                lines.write_record(["old_id", "new_id", "owner", "result", "reason"])?;
                Some((output, lines))
            }
            None => None,
        };
        Ok(Self {
            is_dry_run: args.dry_run,
            findings: Findings::default(),
            file,
            owners: HashSet::new(),
            imported: 0,
            already_here: 0,
            skipped: 0,
        })
    }

    /// Reports a task that could not be imported.
    pub(super) fn skip(&mut self, old: &OldTask, reason: &str) -> Result<(), ImportError> {
        self.skipped += 1;
        self.findings.list(reason, format!("skipped {}: {reason}", old.place));
        self.write_line(old, None, "skipped", reason)
    }

    pub(super) fn imported(&mut self, old: &OldTask, task: &TaskRow) -> Result<(), ImportError> {
        self.imported += 1;
        self.owners.insert(task.user_id.clone());
        let result = if self.is_dry_run { "would be imported" } else { "imported" };
        self.write_line(old, Some(task), result, "")
    }

    pub(super) fn already_here(
        &mut self,
        old: &OldTask,
        task: &TaskRow,
    ) -> Result<(), ImportError> {
        self.already_here += 1;
        self.write_line(old, Some(task), "already here", "")
    }

    pub(super) fn note(&mut self, old: &OldTask, what: &str) {
        self.findings.list(what, format!("{}: {what}", old.place));
    }

    /// Adds a remark about the source as a whole, if there is one.
    pub(super) fn remarks(&mut self, text: Option<String>) {
        if let Some(text) = text {
            self.findings.remark(text);
        }
    }

    fn write_line(
        &mut self,
        old: &OldTask,
        task: Option<&TaskRow>,
        result: &str,
        reason: &str,
    ) -> Result<(), ImportError> {
        let Some((_, lines)) = &mut self.file else { return Ok(()) };
        let new_id = task.map_or_else(String::new, |task| task.id.0.to_string());
        let owner = task.map_or("", |task| &task.user_id);
        let old_id = old.id.as_deref().unwrap_or(&old.place);
        lines.write_record([old_id, &new_id, owner, result, reason])?;
        Ok(())
    }

    /// Writes the summary and completes the file. Returns `false` if any task was skipped.
    pub(super) fn finish(self, out: &mut impl Write) -> Result<bool, ImportError> {
        self.findings.write(out)?;
        let Self { imported, already_here, skipped, .. } = self;
        let done = if self.is_dry_run { "would be imported" } else { "imported" };
        let owners = self.owners.len();
        writeln!(out, "{imported} tasks of {owners} owners {done}")?;
        writeln!(out, "{already_here} tasks already existed, {skipped} skipped")?;
        if let Some((output, lines)) = self.file {
            let mut inner =
                lines.into_inner().map_err(|error| io::Error::from(error.error().kind()))?;
            inner.flush()?;
            drop(inner);
            output.finish()?;
        }
        Ok(skipped == 0)
    }
}
