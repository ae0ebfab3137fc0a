//! Transactions that take their time: those that read everything as of one moment, and those that write
//! everything at once.

use diesel::QueryResult;
use diesel_async::SimpleAsyncConnection as _;

use super::{Conn, conn::Begin};

/// Not IMMEDIATE on SQLite: others go on writing.
const TO_READ: Begin = Begin {
    on_postgres: "BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY",
    on_sqlite: "BEGIN",
};
/// Until the end of the transaction.
const NO_LIMITS: &str =
    "SET LOCAL statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0";

impl Conn<'_> {
    /// All that `work` reads is as of one moment, whatever others write meanwhile.
    pub async fn snapshot<T, E: From<diesel::result::Error>>(
        &mut self,
        work: impl AsyncFnOnce(&mut Conn<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        self.transaction_of(TO_READ, async |conn: &mut Conn<'_>| {
            conn.lift_limits().await?;
            work(conn).await
        })
        .await
    }

    /// Lets the transaction that this is, and each of its statements, take any time.
    pub(crate) async fn lift_limits(&mut self) -> QueryResult<()> {
        match self {
            Self::Postgres(conn, _) => (&**conn).batch_execute(NO_LIMITS).await,
            Self::Sqlite(_) => Ok(()),
        }
    }

    /// Keeps others from writing to `tables` until the transaction that this is ends.
    pub(crate) async fn lock(&mut self, tables: &[&str]) -> QueryResult<()> {
        match self {
            Self::Postgres(conn, _) => {
                let tables = tables.join(", ");
                (&**conn)
                    .batch_execute(&format!("LOCK TABLE {tables} IN SHARE ROW EXCLUSIVE MODE"))
                    .await
            }
            // There is one writer at a time anyway.
            Self::Sqlite(_) => Ok(()),
        }
    }
}
