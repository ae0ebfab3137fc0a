//! SQL types and Rust types for columns that PostgreSQL and SQLite store differently.
//!
//! SQLite has neither a time nor a UUID type: times are stored as fixed-width text, which sorts
//! chronologically, and UUIDs as 16-byte blobs.

use chrono::{DateTime, NaiveDate, SecondsFormat, Utc};
use diesel::{
    deserialize::{self, FromSql, FromSqlRow},
    expression::AsExpression,
    pg::{Pg, PgValue},
    query_builder::QueryId,
    serialize::{self, IsNull, Output, ToSql},
    sql_types::{Binary, SqlType, Timestamptz},
    sqlite::{Sqlite, SqliteValue},
};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

/// `timestamptz` in PostgreSQL, `text` in SQLite.
#[derive(Clone, Copy, Debug, Default, QueryId, SqlType)]
#[diesel(postgres_type(oid = 1184, array_oid = 1185), sqlite_type(name = "Text"))]
pub struct TimestampUtc;

/// `uuid` in PostgreSQL, `blob` in SQLite.
#[derive(Clone, Copy, Debug, Default, QueryId, SqlType)]
#[diesel(postgres_type(oid = 2950, array_oid = 2951), sqlite_type(name = "Binary"))]
pub struct Uuid;

/// A value of a [`TimestampUtc`] column. Both engines keep microseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, AsExpression, FromSqlRow)]
#[diesel(sql_type = TimestampUtc)]
pub struct DbTime(pub DateTime<Utc>);

/// A value of a [`Uuid`] column.
#[derive(Clone, Copy, Debug, PartialEq, Eq, AsExpression, FromSqlRow, Serialize, Deserialize)]
#[diesel(sql_type = Uuid)]
#[serde(transparent)]
pub struct DbUuid(pub uuid::Uuid);

impl ToSql<TimestampUtc, Pg> for DbTime {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        ToSql::<Timestamptz, Pg>::to_sql(&self.0, &mut out.reborrow())
    }
}

impl FromSql<TimestampUtc, Pg> for DbTime {
    fn from_sql(value: PgValue<'_>) -> deserialize::Result<Self> {
        FromSql::<Timestamptz, Pg>::from_sql(value).map(Self)
    }
}

impl ToSql<TimestampUtc, Sqlite> for DbTime {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Sqlite>) -> serialize::Result {
        out.set_value(self.to_text());
        Ok(IsNull::No)
    }
}

impl FromSql<TimestampUtc, Sqlite> for DbTime {
    fn from_sql(mut value: SqliteValue<'_, '_, '_>) -> deserialize::Result<Self> {
        Ok(Self::from_text(value.read_text())?)
    }
}

impl DbTime {
    /// Formats the time in the fixed-width form that [`read_time`] parses.
    fn to_text(self) -> String {
        self.0.to_rfc3339_opts(SecondsFormat::Micros, true)
    }

    fn from_text(text: &str) -> Result<Self, &'static str> {
        read_time(text).map(Self).ok_or("malformed time")
    }
}

impl Serialize for DbTime {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.to_text())
    }
}

impl<'de> Deserialize<'de> for DbTime {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::from_text(&String::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

/// Parses a time such as `2026-01-02T03:04:05.678901Z`. Written by hand, because a listing parses
/// two timestamps per row, and a generic parser takes longer than the query.
fn read_time(text: &str) -> Option<DateTime<Utc>> {
    let number = |place: usize, width: usize| text.get(place..place + width)?.parse().ok();
    let is_separated =
        [(4, b'-'), (7, b'-'), (10, b'T'), (13, b':'), (16, b':'), (19, b'.'), (26, b'Z')]
            .iter()
            .all(|(place, separator)| text.as_bytes().get(*place) == Some(separator));
    let year = text.get(..4)?.parse().ok()?;
    let date = NaiveDate::from_ymd_opt(year, number(5, 2)?, number(8, 2)?)?;
    let time =
        date.and_hms_micro_opt(number(11, 2)?, number(14, 2)?, number(17, 2)?, number(20, 6)?)?;
    (is_separated && text.len() == 27).then(|| time.and_utc())
}

impl ToSql<Uuid, Pg> for DbUuid {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        ToSql::<diesel::sql_types::Uuid, Pg>::to_sql(&self.0, &mut out.reborrow())
    }
}

impl FromSql<Uuid, Pg> for DbUuid {
    fn from_sql(value: PgValue<'_>) -> deserialize::Result<Self> {
        FromSql::<diesel::sql_types::Uuid, Pg>::from_sql(value).map(Self)
    }
}

impl ToSql<Uuid, Sqlite> for DbUuid {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Sqlite>) -> serialize::Result {
        out.set_value(self.0.as_bytes().as_slice());
        Ok(IsNull::No)
    }
}

impl FromSql<Uuid, Sqlite> for DbUuid {
    fn from_sql(value: SqliteValue<'_, '_, '_>) -> deserialize::Result<Self> {
        let bytes = <Vec<u8> as FromSql<Binary, Sqlite>>::from_sql(value)?;
        Ok(Self(uuid::Uuid::from_slice(&bytes)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_has_one_spelling() {
        let text = "2026-01-02T03:04:05.678901Z";
        let time = read_time(text).unwrap();
        assert_eq!(time.to_rfc3339_opts(SecondsFormat::Micros, true), text);
        for other in [
            "",
            "2026-01-02T03:04:05Z",
            "2026-01-02 03:04:05.678901Z",
            "2026-01-02T03:04:05.678901+",
            "2026-13-02T03:04:05.678901Z",
            "2026-01-02T25:04:05.678901Z",
            "2026-01-02T03:04:05.678901ZZ",
            "2026-01-02T03:04:05.6789\u{e9}1Z",
        ] {
            assert_eq!(read_time(other), None, "{other}");
        }
    }
}
