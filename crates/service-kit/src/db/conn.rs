//! What models see: connections of either engine, and transactions on them.

use std::sync::Arc;

use diesel::{connection, result::DatabaseErrorKind};
use diesel_async::{
    AnsiTransactionManager, AsyncConnection, AsyncPgConnection, TransactionManager,
    pooled_connection::deadpool::{Object, PoolError},
};

use super::{AsyncSqliteConnection, Postgres, Shared};

/// A connection that goes back to its pool when dropped.
#[expect(missing_debug_implementations, reason = "the pool's object has none")]
#[expect(clippy::large_enum_variant, reason = "moved once per request; a box would cost more")]
pub enum PooledConn {
    /// Others use it, too; a transaction takes another.
    Shared {
        shared: Shared,
        postgres: Arc<Postgres>,
    },
    Postgres(Object<AsyncPgConnection>),
    Sqlite(Object<AsyncSqliteConnection>),
}

impl PooledConn {
    pub fn conn(&mut self) -> Conn<'_> {
        match self {
            Self::Shared { shared, postgres } => {
                Conn::Postgres(shared, Transactions::FromPool(postgres))
            }
            Self::Postgres(conn) => Conn::Postgres(conn, Transactions::None),
            Self::Sqlite(conn) => Conn::Sqlite(conn),
        }
    }
}

/// A connection of either engine, inside or outside a transaction.
#[expect(missing_debug_implementations, reason = "the connections have none")]
pub enum Conn<'a> {
    Postgres(&'a AsyncPgConnection, Transactions<'a>),
    Sqlite(&'a mut AsyncSqliteConnection),
}

/// Where a transaction on PostgreSQL gets a connection for itself.
#[derive(Clone, Copy)]
#[expect(missing_debug_implementations, reason = "the pool has none")]
pub enum Transactions<'a> {
    FromPool(&'a Postgres),
    /// Nowhere: this is one, or something as private.
    None,
}

/// Runs one query on whichever engine `$conn` is.
#[macro_export]
macro_rules! query {
    ($conn:expr, |$c:ident| $query:expr) => {
        match $conn {
            $crate::db::Conn::Postgres(conn, _) => {
                let mut conn = &mut *conn;
                #[expect(clippy::mut_mut, reason = "so that `*c` is a connection on both engines")]
                let $c = &mut conn;
                $query.await
            }
            $crate::db::Conn::Sqlite($c) => $query.await,
        }
    };
}
pub use query;

/// How a transaction begins.
#[derive(Clone, Copy)]
pub(super) struct Begin {
    pub(super) on_postgres: &'static str,
    pub(super) on_sqlite: &'static str,
}

impl Begin {
    /// IMMEDIATE takes the write lock now; taking it later can fail half-way.
    const TO_WRITE: Self = Self { on_postgres: "BEGIN", on_sqlite: "BEGIN IMMEDIATE" };
}

impl Conn<'_> {
    /// Commits what `work` did when it answers `Ok`, undoes it when it answers `Err`.
    pub async fn transaction<T, E: From<diesel::result::Error>>(
        &mut self,
        work: impl AsyncFnOnce(&mut Conn<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        self.transaction_of(Begin::TO_WRITE, work).await
    }

    pub(super) async fn transaction_of<T, E: From<diesel::result::Error>>(
        &mut self,
        begin: Begin,
        work: impl AsyncFnOnce(&mut Conn<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        match self {
            Self::Postgres(_, Transactions::FromPool(postgres)) => {
                let mut own = postgres.own().await.map_err(|error| out_of_reach(&error))?;
                let conn = &mut *own;
                AnsiTransactionManager::begin_transaction_sql(conn, begin.on_postgres).await?;
                let outcome = work(&mut Conn::Postgres(conn, Transactions::None)).await;
                end(conn, outcome).await
            }
            Self::Postgres(_, Transactions::None) => {
                Err(diesel::result::Error::AlreadyInTransaction.into())
            }
            Self::Sqlite(conn) => {
                conn.spawn_blocking(move |conn| {
                    connection::AnsiTransactionManager::begin_transaction_sql(conn, begin.on_sqlite)
                })
                .await?;
                let outcome = work(&mut Conn::Sqlite(conn)).await;
                end(*conn, outcome).await
            }
        }
    }
}

fn out_of_reach(error: &PoolError) -> diesel::result::Error {
    let kind = DatabaseErrorKind::UnableToSendCommand;
    diesel::result::Error::DatabaseError(kind, Box::new(error.to_string()))
}

async fn end<C: AsyncConnection, T, E: From<diesel::result::Error>>(
    conn: &mut C,
    outcome: Result<T, E>,
) -> Result<T, E> {
    match outcome {
        Ok(value) => {
            C::TransactionManager::commit_transaction(conn).await?;
            Ok(value)
        }
        Err(error) => {
            // The first error is the one to report; a connection that cannot roll back is
            // broken, and the pool discards it.
            let _ = C::TransactionManager::rollback_transaction(conn).await;
            Err(error)
        }
    }
}
