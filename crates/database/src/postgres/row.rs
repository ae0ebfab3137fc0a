//! PostgreSQL rows in the form that diesel reads.

use std::{error::Error, num::NonZeroU32, ops::Range};

use diesel::{
    backend::Backend,
    pg::{Pg, PgValue},
    row::{Field, PartialRow, Row, RowIndex, RowSealed},
};
use tokio_postgres::types::{FromSql, Type};

#[derive(Debug)]
pub struct PgRow(tokio_postgres::Row);

#[derive(Debug)]
pub struct PgField<'a> {
    row: &'a PgRow,
    column: &'a tokio_postgres::Column,
    index: usize,
}

impl PgRow {
    pub(super) fn new(row: tokio_postgres::Row) -> Self {
        Self(row)
    }
}

impl RowSealed for PgRow {}

impl<'a> Row<'a, Pg> for PgRow {
    type Field<'f>
        = PgField<'f>
    where
        'a: 'f,
        Self: 'f;
    type InnerPartialRow = Self;

    fn field_count(&self) -> usize {
        self.0.len()
    }

    fn get<'b, I>(&'b self, index: I) -> Option<Self::Field<'b>>
    where
        'a: 'b,
        Self: RowIndex<I>,
    {
        let index = self.idx(index)?;
        Some(PgField { row: self, column: self.0.columns().get(index)?, index })
    }

    fn partial_row(&self, range: Range<usize>) -> PartialRow<'_, Self::InnerPartialRow> {
        PartialRow::new(self, range)
    }
}

impl RowIndex<usize> for PgRow {
    fn idx(&self, index: usize) -> Option<usize> {
        (index < self.0.len()).then_some(index)
    }
}

impl<'a> RowIndex<&'a str> for PgRow {
    fn idx(&self, name: &'a str) -> Option<usize> {
        self.0.columns().iter().position(|column| column.name() == name)
    }
}

impl<'a> Field<'a, Pg> for PgField<'a> {
    fn field_name(&self) -> Option<&str> {
        Some(self.column.name())
    }

    fn value(&self) -> Option<<Pg as Backend>::RawValue<'_>> {
        let Bytes(bytes) = self.row.0.try_get(self.index).ok()?;
        Some(PgValue::new(bytes?, self))
    }
}

impl diesel::pg::TypeOidLookup for PgField<'_> {
    fn lookup(&self) -> NonZeroU32 {
        NonZeroU32::new(self.column.type_().oid()).unwrap_or(NonZeroU32::MIN)
    }
}

/// The received bytes of a value; `None` for NULL.
struct Bytes<'a>(Option<&'a [u8]>);

impl<'a> FromSql<'a> for Bytes<'a> {
    fn from_sql(_type: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn Error + Sync + Send>> {
        Ok(Self(Some(raw)))
    }

    fn from_sql_null(_type: &Type) -> Result<Self, Box<dyn Error + Sync + Send>> {
        Ok(Self(None))
    }

    fn accepts(_type: &Type) -> bool {
        true
    }
}
