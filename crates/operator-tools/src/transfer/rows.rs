//! Writes, counts and hashes rows.

use std::io::{self, Write};

use database::rows::RowSink;
use indicatif::ProgressBar;
use serde::Serialize;

use super::{
    TransferError,
    format::{Counter, EndLine, RowLine, Tally},
};

#[expect(missing_debug_implementations, reason = "the writer is not Debug")]
pub struct Rows {
    out: Box<dyn Write + Send>,
    counter: Counter,
    progress: ProgressBar,
    line: Vec<u8>,
}

impl Rows {
    pub(super) fn new(out: Box<dyn Write + Send>, progress: ProgressBar) -> Self {
        Self { out, counter: Counter::new(), progress, line: Vec::new() }
    }

    /// Creates a writer that counts and hashes rows without writing them anywhere.
    pub(super) fn nowhere() -> Self {
        Self::new(Box::new(io::sink()), ProgressBar::hidden())
    }

    pub(super) fn write_line(&mut self, line: &impl Serialize) -> io::Result<()> {
        self.line.clear();
        serde_json::to_writer(&mut self.line, line)?;
        self.line.push(b'\n');
        self.out.write_all(&self.line)
    }

    /// Writes the last line, and returns the tally in it.
    pub(super) fn end(mut self) -> Result<Tally, TransferError> {
        let counter = std::mem::replace(&mut self.counter, Counter::new());
        let end = EndLine { end: counter.tally() };
        self.write_line(&end)?;
        self.out.flush()?;
        self.progress.finish_and_clear();
        Ok(end.end)
    }

    pub(super) fn tally(self) -> Tally {
        self.counter.tally()
    }
}

impl RowSink for Rows {
    type Error = TransferError;

    fn push(&mut self, table: &str, row: &impl Serialize) -> Result<(), TransferError> {
        self.write_line(&RowLine { table, row })?;
        self.counter.add(table, &self.line);
        self.progress.inc(1);
        Ok(())
    }
}
