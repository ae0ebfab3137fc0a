//! Tables of other programs, whose values are read as text.
//!
//! The representation of booleans and times differs between engines, and between versions of a
//! program.

use diesel::{
    backend::Backend,
    deserialize::{self, FromSql, FromSqlRow},
    pg::{Pg, PgValue},
    sql_types::{Nullable, Text},
    sqlite::{Sqlite, SqliteValue},
};

/// A value as text. SQLite can also store bytes that are not UTF-8, which become U+FFFD.
#[derive(Debug, FromSqlRow)]
pub struct SourceText(String);

impl FromSql<Text, Pg> for SourceText {
    fn from_sql(value: PgValue<'_>) -> deserialize::Result<Self> {
        FromSql::<Text, Pg>::from_sql(value).map(Self)
    }
}

impl FromSql<Text, Sqlite> for SourceText {
    fn from_sql(mut value: SqliteValue<'_, '_, '_>) -> deserialize::Result<Self> {
        Ok(Self(String::from_utf8_lossy(value.read_blob()).into_owned()))
    }
}

impl From<SourceText> for String {
    fn from(text: SourceText) -> Self {
        text.0
    }
}

/// A value like [`SourceText`], or NULL.
#[derive(Debug, FromSqlRow)]
pub struct NullableText(Option<SourceText>);

impl<DB: Backend> FromSql<Nullable<Text>, DB> for NullableText
where
    SourceText: FromSql<Text, DB>,
{
    fn from_sql(value: DB::RawValue<'_>) -> deserialize::Result<Self> {
        SourceText::from_sql(value).map(|text| Self(Some(text)))
    }

    fn from_nullable_sql(value: Option<DB::RawValue<'_>>) -> deserialize::Result<Self> {
        value.map(SourceText::from_sql).transpose().map(Self)
    }
}

impl From<NullableText> for Option<String> {
    fn from(text: NullableText) -> Self {
        text.0.map(String::from)
    }
}

/// A table of another program and its columns.
#[derive(Debug)]
pub struct SourceTable {
    /// Quoted name for SQL.
    pub sql: String,
    /// Quoted names by alias; `None` if the program does not have the column.
    columns: Vec<(&'static str, Option<String>)>,
    /// Columns that are not read.
    pub unread: Vec<String>,
}

impl SourceTable {
    /// Creates a table, given the name of each column by its alias; `None` if the program does not
    /// have the column.
    pub fn new<'a>(
        name: &str,
        columns: impl IntoIterator<Item = (&'static str, Option<&'a str>)>,
        unread: Vec<String>,
    ) -> Self {
        let columns = columns.into_iter().map(|(alias, column)| (alias, column.map(quoted)));
        let columns = columns.collect();
        Self { sql: quoted_path(name), columns, unread }
    }

    /// Returns a remark that names the columns that are not read.
    pub fn unread_remark(&self) -> Option<String> {
        let columns = self.unread.join(", ");
        (!columns.is_empty())
            .then(|| format!("columns of {} that are not imported: {columns}", self.sql))
    }

    /// Returns whether the program has the column with this alias.
    pub fn has(&self, alias: &str) -> bool {
        self.column(alias).is_some()
    }

    /// Returns the expressions to select for these aliases, with NULL for columns that the program
    /// does not have.
    pub fn select(&self, aliases: &[&str]) -> String {
        let select = |alias: &&str| format!("{} AS {alias}", self.text(alias));
        aliases.iter().map(select).collect::<Vec<_>>().join(", ")
    }

    /// Returns an expression for the column with this alias that compares its values under
    /// `collation`; NULL if the program does not have the column.
    pub fn key(&self, alias: &str, collation: &str) -> String {
        format!("{} COLLATE {collation}", self.text(alias))
    }

    fn text(&self, alias: &str) -> String {
        format!("CAST({} AS text)", self.column(alias).unwrap_or("NULL"))
    }

    fn column(&self, alias: &str) -> Option<&str> {
        self.columns.iter().find(|(known, _)| *known == alias)?.1.as_deref()
    }
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Quotes each part of a name such as `schema.table`.
pub fn quoted_path(path: &str) -> String {
    path.split('.').map(quoted).collect::<Vec<_>>().join(".")
}
