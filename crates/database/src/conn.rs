//! Connections to either engine and their transactions.

use std::{any::Any, sync::Arc};

use super::{AsyncSqliteConnection, PgConn};

/// A connection obtained from a [`Database`](super::Database).
#[expect(missing_debug_implementations, reason = "the connections are not Debug")]
pub enum PooledConn {
    Postgres(PgConn),
    Sqlite(AsyncSqliteConnection),
}

impl PooledConn {
    /// Keeps `guard` alive while a database thread works on statements of this connection, even if
    /// the request has ended. Does nothing on PostgreSQL, whose server executes the statements.
    pub fn keep_while_busy(&mut self, guard: Arc<dyn Any + Send + Sync>) {
        if let Self::Sqlite(conn) = self {
            conn.keep_while_busy(guard);
        }
    }

    pub fn conn(&mut self) -> Conn<'_> {
        match self {
            Self::Postgres(conn) => Conn::Postgres(conn),
            Self::Sqlite(conn) => Conn::Sqlite(conn),
        }
    }
}

/// A connection to either engine, inside or outside a transaction.
#[expect(missing_debug_implementations, reason = "the connections are not Debug")]
pub enum Conn<'a> {
    Postgres(&'a mut PgConn),
    Sqlite(&'a mut AsyncSqliteConnection),
}

/// Runs a query on a connection to either engine. `$c` names the connection in the query.
#[macro_export]
macro_rules! query {
    ($conn:expr, |$c:ident| $query:expr) => {
        match $conn {
            $crate::Conn::Postgres($c) => $query.await,
            $crate::Conn::Sqlite($c) => $query.await,
        }
    };
}

/// SQL that begins a transaction on PostgreSQL. On SQLite, the connection determines how it begins.
#[derive(Clone, Copy)]
pub(super) struct Begin {
    pub(super) on_postgres: &'static str,
}

impl Begin {
    const TO_WRITE: Self = Self { on_postgres: "BEGIN" };
}

impl Conn<'_> {
    /// Runs `work` in a transaction. Commits if `work` returns `Ok`, and rolls back if it returns
    /// `Err`.
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
            Self::Postgres(conn) => {
                let mut own = conn.begin(begin.on_postgres).await?;
                let outcome = work(&mut Conn::Postgres(&mut own)).await;
                own.end(outcome).await
            }
            Self::Sqlite(conn) => {
                // Dropping `own` early rolls the transaction back.
                let mut own = conn.begin()?;
                let value = work(&mut Conn::Sqlite(&mut own)).await?;
                own.commit().await?;
                Ok(value)
            }
        }
    }
}
