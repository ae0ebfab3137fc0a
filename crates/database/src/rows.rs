//! Whole rows of a table, for copying a database: read in the order of their keys, and inserted many
//! at a time.

pub mod bytes;

use std::pin::pin;

use diesel::{QueryResult, pg::Pg, result::Error, sql_types::Text};
use futures_util::{Stream, TryStreamExt as _};
use serde::{Serialize, de::DeserializeOwned};

use crate::Conn;

diesel::postfix_operator!(Bytewise, " COLLATE \"C\"", Text, backend: Pg);

/// Orders a string column by its bytes, independently of the database's collation. SQLite does so
/// anyway.
pub fn bytewise<C>(column: C) -> Bytewise<C> {
    Bytewise::new(column)
}

/// A whole row of a table. Implemented with [`exported!`](crate::exported).
pub trait Row: Serialize + DeserializeOwned + Send + Sync + 'static {
    const TABLE: &'static str;

    fn count(conn: &mut Conn) -> impl Future<Output = QueryResult<i64>>;

    /// Passes the rows to `sink` in the order of their keys, without collecting them in memory.
    fn read<S: RowSink>(conn: &mut Conn, sink: S) -> impl Future<Output = Result<S, S::Error>>;

    fn insert(conn: &mut Conn, rows: Vec<Self>) -> impl Future<Output = QueryResult<()>>;
}

/// A receiver of rows.
pub trait RowSink: Sized + Send + 'static {
    type Error: From<Error> + Send + 'static;

    fn push(&mut self, table: &str, row: &impl Serialize) -> Result<(), Self::Error>;

    /// Passes all rows of a stream to [`Self::push`].
    #[doc(hidden)]
    fn take_stream<R: Serialize>(
        mut self,
        table: &str,
        rows: impl Stream<Item = QueryResult<R>>,
    ) -> impl Future<Output = Result<Self, Self::Error>> {
        async move {
            let mut rows = pin!(rows);
            while let Some(row) = rows.try_next().await? {
                self.push(table, &row)?;
            }
            Ok(self)
        }
    }

    /// Passes all rows of an iterator to [`Self::push`].
    #[doc(hidden)]
    fn take_iter<R: Serialize>(
        mut self,
        table: &str,
        rows: impl Iterator<Item = QueryResult<R>>,
    ) -> Result<Self, Self::Error> {
        for row in rows {
            self.push(table, &row?)?;
        }
        Ok(self)
    }
}

/// Implements [`Row`] for a type that implements `HasQuery`, given its table and the columns of its
/// key; optionally also a function from a row to the values to insert, and a filter:
///
/// ```text
/// exported!(ParentRow, parents, by [text id]);
/// exported!(ChildRow, children, by [text parent_id, plain number], |row| (row, folded(row)));
/// exported!(NoteRow, notes, by [text id], only notes::is_local.eq(false));
/// ```
///
/// A `text` key is ordered byte by byte, whatever PostgreSQL's collation is. Rows that do not match
/// the filter after `only` are not exported. An import leaves such rows in the database alone, and
/// treats a table that contains only such rows as empty.
#[macro_export]
macro_rules! exported {
    ($row:ty, $table:ident, by [$($kind:ident $key:ident),+] $(, only $filter:expr)?) => {
        $crate::exported!($row, $table, by [$($kind $key),+], |row| row, $(only $filter)?);
    };
    ($row:ty, $table:ident, by [$($kind:ident $key:ident),+], |$one:ident| $values:expr) => {
        $crate::exported!($row, $table, by [$($kind $key),+], |$one| $values,);
    };
    (
        $row:ty, $table:ident, by [$($kind:ident $key:ident),+],
        |$one:ident| $values:expr, $(only $filter:expr)?
    ) => {
        impl $crate::rows::Row for $row {
            const TABLE: &'static str = stringify!($table);

            async fn count(conn: &mut $crate::Conn) -> diesel::QueryResult<i64> {
                $crate::query!(conn, |c| diesel_async::RunQueryDsl::get_result(
                    $table::table$(.filter($filter))?.count(),
                    c
                ))
            }

            async fn read<S: $crate::rows::RowSink>(
                conn: &mut $crate::Conn,
                sink: S,
            ) -> Result<S, S::Error> {
                match conn {
                    $crate::Conn::Postgres(conn) => {
                        let all = Self::query()$(.filter($filter))?
                            .order(($($crate::key_on_postgres!($kind $table::$key),)+));
                        let all = diesel_async::RunQueryDsl::load_stream::<Self>(all, conn);
                        sink.take_stream(Self::TABLE, all.await?).await
                    }
                    $crate::Conn::Sqlite(conn) => {
                        conn.spawn_blocking(move |conn| {
                            let all = Self::query()$(.filter($filter))?
                                .order(($($table::$key,)+));
                            let all = diesel::RunQueryDsl::load_iter::<
                                Self,
                                diesel::connection::DefaultLoadingMode,
                            >(all, conn)?;
                            Ok(sink.take_iter(Self::TABLE, all))
                        })
                        .await?
                    }
                }
            }

            /// Inserts many rows with one statement on PostgreSQL, and with one statement per row
            /// on SQLite, where statements are cheap without a network.
            async fn insert(
                conn: &mut $crate::Conn,
                rows: Vec<Self>,
            ) -> diesel::QueryResult<()> {
                match conn {
                    $crate::Conn::Postgres(conn) => {
                        let values: Vec<_> = rows.iter().map(|$one| $values).collect();
                        let all = diesel::insert_into($table::table).values(values);
                        diesel_async::RunQueryDsl::execute(all, conn).await.map(drop)
                    }
                    $crate::Conn::Sqlite(conn) => {
                        conn.spawn_blocking(move |conn| {
                            for $one in &rows {
                                let one = diesel::insert_into($table::table).values($values);
                                diesel::RunQueryDsl::execute(one, conn)?;
                            }
                            Ok(())
                        })
                        .await
                    }
                }
            }
        }
    };
}

/// Expands to the expression that orders rows by a key column on PostgreSQL.
#[doc(hidden)]
#[macro_export]
macro_rules! key_on_postgres {
    (text $key:expr) => {
        $crate::rows::bytewise($key)
    };
    (plain $key:expr) => {
        $key
    };
}
