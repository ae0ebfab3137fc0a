//! The file format of an export.

use std::{
    collections::BTreeMap,
    fmt::{self, Write as _},
};

use aws_lc_rs::digest::{Context, SHA256};
use database::sql_types::DbTime;
use serde::{Deserialize, Serialize};

/// Version of the format; incremented by changes after which older programs cannot read it.
pub(super) const FORMAT: u32 = 1;

/// The first line of an export.
#[derive(Serialize, Deserialize)]
pub(super) struct Header {
    /// Name of the exported service.
    pub(super) export: String,
    pub(super) format: u32,
    /// Version of the latest migration.
    pub(super) schema: String,
    /// Version of the program that wrote the file.
    pub(super) version: String,
    pub(super) time: DbTime,
}

/// A line between the first and the last: a row and its table.
#[derive(Serialize, Deserialize)]
pub(super) struct RowLine<T, R> {
    pub(super) table: T,
    pub(super) row: R,
}

/// The last line of an export.
#[derive(Serialize, Deserialize)]
pub(super) struct EndLine {
    pub(super) end: Tally,
}

/// Number of rows per table, and a hash of their lines.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// Number of rows per table, without empty tables.
    rows: BTreeMap<String, u64>,
    sha256: String,
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} rows", self.rows.values().sum::<u64>())?;
        for (place, (table, count)) in self.rows.iter().enumerate() {
            write!(f, "{}{count} {table}", if place == 0 { ": " } else { ", " })?;
        }
        write!(f, "; SHA-256 {}", self.sha256)
    }
}

/// The number of rows per table so far, and a running hash of their lines.
pub(super) struct Counter {
    rows: BTreeMap<String, u64>,
    hash: Context,
}

impl Counter {
    pub(super) fn new() -> Self {
        Self { rows: BTreeMap::new(), hash: Context::new(&SHA256) }
    }

    /// Adds a line, including its line feed.
    pub(super) fn add(&mut self, table: &str, line: &[u8]) {
        self.hash.update(line);
        match self.rows.get_mut(table) {
            Some(count) => *count += 1,
            None => drop(self.rows.insert(table.to_owned(), 1)),
        }
    }

    pub(super) fn tally(self) -> Tally {
        let sha256 = self.hash.finish();
        let sha256 = sha256.as_ref().iter().fold(String::new(), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        });
        Tally { rows: self.rows, sha256 }
    }
}
