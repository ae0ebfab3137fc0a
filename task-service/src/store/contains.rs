//! Substring search.
//!
//! `LIKE` is not used, because it tries the pattern at every character: a string and a pattern that
//! nearly match take time proportional to the product of their lengths. The functions used here are
//! much faster: they compare bytes, and `strpos` of PostgreSQL also skips ahead.

use diesel::{
    QueryResult,
    expression::{AppearsOnTable, Expression, SelectableExpression, ValidGrouping},
    pg::Pg,
    query_builder::{AstPass, QueryFragment, QueryId},
    sql_types::{Bool, Text},
    sqlite::Sqlite,
};

/// SQL condition that a column contains a string; case-sensitive.
#[derive(Clone, Debug, QueryId, ValidGrouping)]
pub(super) struct Contains<C> {
    column: C,
    text: Needle,
}

/// The string to search for, as a bind parameter.
#[derive(Clone, Debug, QueryId, ValidGrouping)]
struct Needle(String);

pub(super) fn contains<C>(column: C, text: &str) -> Contains<C> {
    Contains { column, text: Needle(text.to_owned()) }
}

impl<C: Expression<SqlType = Text>> Expression for Contains<C> {
    type SqlType = Bool;
}

impl<C, T> AppearsOnTable<T> for Contains<C>
where
    C: AppearsOnTable<T>,
    Self: Expression,
{
}

impl<C, T> SelectableExpression<T> for Contains<C>
where
    C: SelectableExpression<T>,
    Self: AppearsOnTable<T>,
{
}

impl<C: QueryFragment<Pg>> QueryFragment<Pg> for Contains<C> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql("strpos(");
        self.column.walk_ast(out.reborrow())?;
        out.push_sql(", ");
        out.push_bind_param::<Text, _>(&self.text.0)?;
        out.push_sql(") > 0");
        Ok(())
    }
}

impl<C: QueryFragment<Sqlite>> QueryFragment<Sqlite> for Contains<C> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
        out.push_sql("instr(");
        self.column.walk_ast(out.reborrow())?;
        out.push_sql(", ");
        out.push_bind_param::<Text, _>(&self.text.0)?;
        out.push_sql(") > 0");
        Ok(())
    }
}
