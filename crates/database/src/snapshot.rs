//! Long transactions, which read from one snapshot or write atomically.

use diesel::QueryResult;
use diesel_async::SimpleAsyncConnection as _;

use super::{Conn, conn::Begin};

const TO_READ: Begin =
    Begin { on_postgres: "BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY" };
/// Statements that remove the server's time limits for statements and idle transactions, until the
/// end of the transaction.
const NO_LIMITS: &str =
    "SET LOCAL statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0";

impl Conn {
    /// Runs `work` on a consistent snapshot, unaffected by concurrent writes and without time
    /// limits.
    pub async fn snapshot<T, E: From<diesel::result::Error>>(
        &mut self,
        work: impl AsyncFnOnce(&mut Conn) -> Result<T, E>,
    ) -> Result<T, E> {
        self.transaction_of(TO_READ, async |conn: &mut Conn| {
            conn.lift_limits().await?;
            work(conn).await
        })
        .await
    }

    /// Removes the time limits of the current transaction and its statements.
    pub async fn lift_limits(&mut self) -> QueryResult<()> {
        match self {
            Self::Postgres(conn) => {
                conn.set_time_limit(None);
                conn.batch_execute(NO_LIMITS).await
            }
            Self::Sqlite(conn) => conn.lift_limits(),
        }
    }

    /// Prevents other transactions from writing to `tables` until the current transaction ends.
    pub async fn lock(&mut self, tables: &[&str]) -> QueryResult<()> {
        match self {
            Self::Postgres(conn) => {
                let tables = tables.join(", ");
                let lock = format!("LOCK TABLE {tables} IN SHARE ROW EXCLUSIVE MODE");
                conn.batch_execute(&lock).await
            }
            // SQLite has a single writer.
            Self::Sqlite(_) => Ok(()),
        }
    }
}
