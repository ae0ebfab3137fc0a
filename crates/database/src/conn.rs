//! Connections to either engine, and their transactions.

use std::{any::Any, sync::Arc};

use super::{AsyncSqliteConnection, PgConn};

/// A connection to either engine, inside or outside a transaction.
#[expect(missing_debug_implementations, reason = "the connections are not Debug")]
pub enum Conn {
    Postgres(PgConn),
    Sqlite(AsyncSqliteConnection),
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

/// SQL that begins a transaction on PostgreSQL. On SQLite, the kind of connection determines how a
/// transaction begins.
#[derive(Clone, Copy)]
pub(super) struct Begin {
    pub(super) on_postgres: &'static str,
}

impl Begin {
    const TO_WRITE: Self = Self { on_postgres: "BEGIN" };
}

impl Conn {
    /// Keeps `guard` alive while a database thread works on statements of this connection, even if
    /// the request has ended. Does nothing on PostgreSQL, whose server executes the statements.
    pub fn keep_while_busy(&mut self, guard: Arc<dyn Any + Send + Sync>) {
        if let Self::Sqlite(conn) = self {
            conn.keep_while_busy(guard);
        }
    }

    /// Runs `work` in a transaction. Commits if `work` returns `Ok`, and rolls back if it returns
    /// `Err`.
    pub async fn transaction<T, E: From<diesel::result::Error>>(
        &mut self,
        work: impl AsyncFnOnce(&mut Self) -> Result<T, E>,
    ) -> Result<T, E> {
        self.transaction_of(Begin::TO_WRITE, work).await
    }

    pub(super) async fn transaction_of<T, E: From<diesel::result::Error>>(
        &mut self,
        begin: Begin,
        work: impl AsyncFnOnce(&mut Self) -> Result<T, E>,
    ) -> Result<T, E> {
        let mut own = match self {
            Self::Postgres(conn) => Self::Postgres(conn.begin(begin.on_postgres).await?),
            Self::Sqlite(conn) => Self::Sqlite(conn.begin()?),
        };
        let outcome = work(&mut own).await;
        match own {
            Self::Postgres(own) => own.end(outcome).await,
            Self::Sqlite(own) => {
                // Dropping `own` early rolls the transaction back.
                let value = outcome?;
                own.commit().await?;
                Ok(value)
            }
        }
    }
}
