//! The tables of a service, independent of their row types.

use std::fmt;

use database::{
    Conn,
    rows::{Row, RowSink as _},
};
use diesel::QueryResult;
use futures_util::{FutureExt as _, future::LocalBoxFuture};
use serde::de::IgnoredAny;

use super::{Rows, TransferError, batch::Batch, format::RowLine};

/// A table of a service, independent of its row type. Created by [`table`] or [`checked_table`].
pub trait Table {
    fn name(&self) -> &'static str;

    fn count<'a>(&'a self, conn: &'a mut Conn) -> LocalBoxFuture<'a, QueryResult<u64>>;

    /// Passes all rows to `rows`.
    fn read<'a>(
        &'a self,
        conn: &'a mut Conn,
        rows: Rows,
    ) -> LocalBoxFuture<'a, Result<Rows, TransferError>>;

    /// Parses and checks the rows of a batch.
    fn check(&self, batch: &Batch) -> Result<(), TransferError>;

    /// Parses and checks the rows of a batch, passes them to `rows`, and, if `is_stored`, stores
    /// them.
    fn take<'a>(
        &'a self,
        conn: &'a mut Conn,
        batch: &'a Batch,
        rows: &'a mut Rows,
        is_stored: bool,
    ) -> LocalBoxFuture<'a, Result<(), TransferError>>;
}

/// Returns the table of a batch, or an error if the service has no such table.
pub(super) fn table_of<'a>(
    batch: &Batch,
    tables: &'a [Box<dyn Table>],
) -> Result<&'a dyn Table, TransferError> {
    let table = tables.iter().find(|table| table.name() == batch.table);
    table.map(Box::as_ref).ok_or_else(|| batch.refused("unknown table"))
}

/// Returns the table with rows of type `R`.
pub fn table<R: Row>() -> Box<dyn Table> {
    checked_table(|_: &R| Ok::<_, &str>(()))
}

/// Returns the table with rows of type `R`. An import accepts only rows that pass the check.
pub fn checked_table<R: Row, E: fmt::Display>(
    check: impl Fn(&R) -> Result<(), E> + 'static,
) -> Box<dyn Table> {
    Box::new(Checked { check: Box::new(move |row| check(row).map_err(|error| error.to_string())) })
}

struct Checked<R> {
    check: Box<Check<R>>,
}

type Check<R> = dyn Fn(&R) -> Result<(), String>;

impl<R: Row> Checked<R> {
    fn rows(&self, batch: &Batch) -> Result<Vec<R>, TransferError> {
        let row = |(number, text): (u64, &[u8])| {
            let refused = |what| TransferError::Line { number, what };
            let line: RowLine<IgnoredAny, R> = serde_json::from_slice(text).map_err(|error| {
                refused(format!("column {}: not a row of {}", error.column(), R::TABLE))
            })?;
            (self.check)(&line.row).map_err(refused)?;
            Ok(line.row)
        };
        batch.lines().map(row).collect()
    }
}

impl<R: Row> Table for Checked<R> {
    fn name(&self) -> &'static str {
        R::TABLE
    }

    fn count<'a>(&'a self, conn: &'a mut Conn) -> LocalBoxFuture<'a, QueryResult<u64>> {
        let count = async { Ok(u64::try_from(R::count(conn).await?).unwrap_or_default()) };
        count.boxed_local()
    }

    fn read<'a>(
        &'a self,
        conn: &'a mut Conn,
        rows: Rows,
    ) -> LocalBoxFuture<'a, Result<Rows, TransferError>> {
        R::read(conn, rows).boxed_local()
    }

    fn check(&self, batch: &Batch) -> Result<(), TransferError> {
        self.rows(batch).map(drop)
    }

    fn take<'a>(
        &'a self,
        conn: &'a mut Conn,
        batch: &'a Batch,
        rows: &'a mut Rows,
        is_stored: bool,
    ) -> LocalBoxFuture<'a, Result<(), TransferError>> {
        let take = async move {
            let taken = self.rows(batch)?;
            for row in &taken {
                rows.push(R::TABLE, row)?;
            }
            if is_stored {
                R::insert(conn, taken).await.map_err(|error| batch.not_stored(error))?;
            }
            Ok(())
        };
        take.boxed_local()
    }
}
