//! Reads an export line by line, and verifies it against its first and last lines.

use std::{
    fs::File,
    io::{self, BufRead, BufReader, Read as _},
    path::{Path, PathBuf},
};

use indicatif::ProgressBar;
use serde::Deserialize;

use super::{
    Inventory, Table, TransferError,
    batch::Batch,
    format::{Counter, FORMAT, Header, Tally},
    table::table_of,
};
use crate::progress;

/// Maximum number of rows that are stored together.
const BATCH_ROWS: usize = 500;
const BATCH_BYTES: usize = 4 * 1024 * 1024;
/// Maximum length of a line in bytes. No row is that long.
const MAX_LINE_BYTES: u64 = 64 * 1024 * 1024;

/// A file, or standard input.
pub(super) struct Source {
    path: PathBuf,
}

impl Source {
    pub(super) fn of(path: &Path) -> Self {
        Self { path: path.to_owned() }
    }

    fn is_stdin(&self) -> bool {
        self.path == Path::new("-")
    }

    /// Returns whether the source can be verified before it is imported.
    pub(super) fn can_be_read_twice(&self) -> bool {
        !self.is_stdin() && self.path.is_file()
    }

    /// Opens the source and checks its first line. The reader starts at the first row.
    pub(super) fn open(&self, inventory: &Inventory) -> Result<Reader, TransferError> {
        let unreadable = |error| TransferError::Read(self.path.clone(), error);
        let (input, length): (Box<dyn BufRead>, _) = if self.is_stdin() {
            (Box::new(BufReader::new(io::stdin())), 0)
        } else {
            let file = File::open(&self.path).map_err(unreadable)?;
            let length = file.metadata().map_err(unreadable)?.len();
            (Box::new(BufReader::new(file)), length)
        };
        let mut reader = Reader {
            input,
            path: self.path.clone(),
            line: Vec::new(),
            number: 0,
            counter: Counter::new(),
            ahead: None,
            is_at_the_end: false,
            progress: if length > 0 { progress::bar(length) } else { ProgressBar::hidden() },
        };
        reader.check_header(inventory)?;
        Ok(reader)
    }
}

pub(super) struct Reader {
    input: Box<dyn BufRead>,
    path: PathBuf,
    /// The current line, including its line feed.
    line: Vec<u8>,
    /// The number of the current line, counted from 1.
    number: u64,
    counter: Counter,
    /// A row that was read ahead and belongs to the next batch.
    ahead: Option<RowText>,
    is_at_the_end: bool,
    progress: ProgressBar,
}

struct RowText {
    table: String,
    text: Vec<u8>,
}

/// A line after the first: a row, of which only the table is parsed, or the last line.
#[derive(Deserialize)]
struct AnyLine {
    table: Option<String>,
    end: Option<Tally>,
}

impl Reader {
    fn check_header(&mut self, inventory: &Inventory) -> Result<(), TransferError> {
        let service = inventory.service;
        self.read_line()?;
        let header: Header = serde_json::from_slice(&self.line)
            .map_err(|_error: serde_json::Error| self.refused("not an export"))?;
        if header.export != service {
            let what = format!("this is an export of {:?}, not of {service}", header.export);
            return Err(self.refused(&what));
        }
        if header.format > FORMAT || header.schema > inventory.migrations.latest() {
            let (theirs, ours) = (header.version, inventory.version);
            let what = format!(
                "this was written by {service} {theirs:?}, which is newer than this program ({ours:?}): \
                 import it with {theirs:?}"
            );
            return Err(self.refused(&what));
        }
        Ok(())
    }

    /// Reads to the end, and verifies all rows and the last line.
    pub(super) fn check(mut self, tables: &[Box<dyn Table>]) -> Result<(), TransferError> {
        while let Some(batch) = self.next_batch()? {
            table_of(&batch, tables)?.check(&batch)?;
        }
        Ok(())
    }

    /// Returns the next batch, or `None` after the last row if the file ends correctly.
    pub(super) fn next_batch(&mut self) -> Result<Option<Batch>, TransferError> {
        let first = match self.ahead.take() {
            Some(row) => row,
            None => match self.next_row()? {
                Some(row) => row,
                None => return Ok(None),
            },
        };
        let mut bytes = first.text.len();
        let mut batch = Batch { table: first.table, first: self.number, lines: vec![first.text] };
        while batch.lines.len() < BATCH_ROWS && bytes < BATCH_BYTES {
            match self.next_row()? {
                Some(row) if row.table == batch.table => {
                    bytes += row.text.len();
                    batch.lines.push(row.text);
                }
                other => {
                    self.ahead = other;
                    break;
                }
            }
        }
        Ok(Some(batch))
    }

    fn next_row(&mut self) -> Result<Option<RowText>, TransferError> {
        if self.is_at_the_end {
            return Ok(None);
        }
        if !self.read_line()? {
            return Err(self.refused("the export is truncated here"));
        }
        let line: AnyLine = serde_json::from_slice(&self.line).map_err(|error| {
            let is_cut = error.is_eof();
            self.refused(if is_cut { "the export is truncated here" } else { "not a row" })
        })?;
        match line {
            AnyLine { table: Some(table), end: None } => {
                self.counter.add(&table, &self.line);
                Ok(Some(RowText { table, text: std::mem::take(&mut self.line) }))
            }
            AnyLine { table: None, end: Some(wanted) } => self.check_end(&wanted).map(|()| None),
            _ => Err(self.refused("neither a row nor the final line")),
        }
    }

    fn check_end(&mut self, wanted: &Tally) -> Result<(), TransferError> {
        let found = std::mem::replace(&mut self.counter, Counter::new()).tally();
        if found != *wanted {
            let what =
                format!("the rows differ from the exported ones: {found} instead of {wanted}");
            return Err(self.refused(&what));
        }
        if self.read_line()? {
            return Err(self.refused("unexpected data after the final line"));
        }
        self.is_at_the_end = true;
        self.progress.finish_and_clear();
        Ok(())
    }

    /// Reads a line. Returns false at the end of the file.
    fn read_line(&mut self) -> Result<bool, TransferError> {
        self.line.clear();
        self.number += 1;
        let mut input = (&mut self.input).take(MAX_LINE_BYTES);
        let length = input
            .read_until(b'\n', &mut self.line)
            .map_err(|error| TransferError::Read(self.path.clone(), error))?;
        self.progress.inc(u64::try_from(length).unwrap_or_default());
        Ok(length > 0)
    }

    /// Returns the error for the current line, which is invalid.
    fn refused(&self, what: &str) -> TransferError {
        TransferError::Line { number: self.number, what: what.to_owned() }
    }
}
