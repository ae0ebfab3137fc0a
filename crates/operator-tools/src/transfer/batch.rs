//! The rows that an import stores together.

use super::TransferError;

/// Consecutive rows of one table.
#[expect(missing_debug_implementations, reason = "Debug output would contain secrets")]
pub struct Batch {
    pub(super) table: String,
    /// Line number of the first row.
    pub(super) first: u64,
    pub(super) lines: Vec<Vec<u8>>,
}

impl Batch {
    pub(super) fn lines(&self) -> impl Iterator<Item = (u64, &[u8])> {
        (self.first..).zip(self.lines.iter().map(Vec::as_slice))
    }

    /// Returns the error for a batch that cannot be imported.
    pub(super) fn refused(&self, what: &str) -> TransferError {
        TransferError::Line { number: self.first, what: what.to_owned() }
    }

    pub(super) fn not_stored(&self, error: diesel::result::Error) -> TransferError {
        let length = u64::try_from(self.lines.len()).unwrap_or_default();
        TransferError::Lines { first: self.first, last: self.first + length - 1, error }
    }
}
