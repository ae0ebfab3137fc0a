//! Transactions that take their time: those that read everything as of one moment, and those that write
//! everything at once.

use diesel::QueryResult;
use diesel_async::SimpleAsyncConnection as _;

use super::{Conn, Transactions, end, out_of_reach};

const BEGIN_ON_POSTGRES: &str = "BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY";
/// Not IMMEDIATE: others go on writing.
const BEGIN_ON_SQLITE: &str = "BEGIN";
/// Until the end of the transaction.
const NO_LIMITS: &str =
    "SET LOCAL statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0";

impl Conn<'_> {
    /// All that `work` reads is as of one moment, whatever others write meanwhile.
    pub async fn snapshot<T, E: From<diesel::result::Error>>(
        &mut self,
        work: impl AsyncFnOnce(&mut Conn<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        match self {
            Self::Postgres(_, Transactions::FromPool(postgres)) => {
                let mut own = postgres.own().await.map_err(|error| out_of_reach(&error))?;
                let conn = &mut *own;
                diesel_async::AnsiTransactionManager::begin_transaction_sql(
                    conn,
                    BEGIN_ON_POSTGRES,
                )
                .await?;
                let mut snapshot = Conn::Postgres(conn, Transactions::None);
                let outcome = match snapshot.lift_limits().await {
                    Ok(()) => work(&mut snapshot).await,
                    Err(error) => Err(error.into()),
                };
                end(conn, outcome).await
            }
            Self::Postgres(_, Transactions::None) => {
                Err(diesel::result::Error::AlreadyInTransaction.into())
            }
            Self::Sqlite(conn) => {
                conn.spawn_blocking(|conn| {
                    diesel::connection::AnsiTransactionManager::begin_transaction_sql(
                        conn,
                        BEGIN_ON_SQLITE,
                    )
                })
                .await?;
                let outcome = work(&mut Conn::Sqlite(conn)).await;
                end(*conn, outcome).await
            }
        }
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
