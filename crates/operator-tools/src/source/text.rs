//! Values of a source as text.

use diesel::{
    QueryableByName,
    backend::Backend,
    deserialize::{self, FromSql, FromSqlRow},
    pg::{Pg, PgValue},
    sql_types::{BigInt, Nullable, Text},
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

#[derive(Debug, QueryableByName)]
pub struct Count {
    #[diesel(sql_type = BigInt)]
    pub count: i64,
}
