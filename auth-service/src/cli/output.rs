//! Output of commands: lines of JSON, or tables.

use std::io::{self, StdoutLock, Write as _};

use database::sql_types::DbTime;
use operator_tools::source::printable;
use serde::Serialize;

/// Writes a value as JSON on one line.
pub(crate) fn write_json(out: &mut StdoutLock<'_>, value: &impl Serialize) -> io::Result<()> {
    serde_json::to_writer(&mut *out, value)?;
    writeln!(out)
}

/// Writes a table whose columns are as wide as their longest values.
pub(crate) fn write_table<const N: usize>(
    out: &mut StdoutLock<'_>,
    header: &[[String; N]],
    rows: impl Iterator<Item = [String; N]>,
) -> io::Result<()> {
    let rows: Vec<_> =
        header.iter().cloned().chain(rows).map(|row| row.map(|text| printable(&text))).collect();
    let mut widths = [0; N];
    for row in &rows {
        for (width, text) in widths.iter_mut().zip(row) {
            *width = text.chars().count().max(*width);
        }
    }
    for row in rows {
        let cells = row.iter().zip(widths).map(|(text, width)| format!("{text:<width$}"));
        writeln!(out, "{}", cells.collect::<Vec<_>>().join("  ").trim_end())?;
    }
    Ok(())
}

pub(crate) fn time(time: DbTime) -> String {
    time.0.format("%Y-%m-%d %H:%M UTC").to_string()
}
