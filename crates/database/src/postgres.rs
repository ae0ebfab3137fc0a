//! PostgreSQL: connections shared by many requests, and exclusive connections.

mod conn;
mod deadline;
mod endpoint;
mod exclusive;
mod lanes;
mod query;
mod row;
mod server_connection;
mod shares;
mod statement_error;

pub use self::conn::PgConn;

use std::{sync::Arc, time::Duration};

use diesel_async::RunQueryDsl as _;
use tokio::{sync::Semaphore, time::Instant};

pub(crate) use self::lanes::Use;
use self::{
    deadline::before, endpoint::Endpoint, exclusive::ExclusivePool, lanes::Lanes, shares::Shares,
};
use crate::postgres_connect::{PostgresUrl, Session};
use crate::{DatabaseArgs, OpenError, Unavailable, gate::Gate, waits::Waits};

/// Time limit for a readiness check.
const CHECK_TIMEOUT: Duration = Duration::from_millis(2500);

/// Shared and exclusive connections to one PostgreSQL database.
#[expect(missing_debug_implementations, reason = "the pool is not Debug")]
pub struct Postgres {
    /// Shared connections, on which single statements are pipelined.
    lanes: Lanes,
    /// Exclusive connections, for transactions and slow statements.
    pool: Arc<ExclusivePool>,
    /// Permits for long reads, fewer than the connections of `pool`, so that some of these remain
    /// for transactions.
    long_reads: Arc<Semaphore>,
    /// Time limit for a statement or transaction, including the wait for a connection.
    timeout: Duration,
    pub(crate) waits: Waits,
    pub(crate) gate: Gate,
}

impl Postgres {
    pub(crate) fn open(url: &PostgresUrl, args: &DatabaseArgs) -> Result<Self, OpenError> {
        let timeout = args.database_timeout;
        let shares = Shares::of(args.database_max_connections);
        url.set_pooler(args.database_pooler);
        let endpoint = Endpoint { url: url.clone(), session: Session::Requests { timeout } };
        let waits = Waits::default();
        let wait = Arc::clone(&waits.exclusive);
        Ok(Self {
            lanes: Lanes::new(&shares, &endpoint),
            pool: Arc::new(ExclusivePool::new(endpoint, shares.exclusive, wait)?),
            long_reads: Arc::new(Semaphore::new(shares.exclusive.div_ceil(2))),
            timeout,
            waits,
            gate: Gate::default(),
        })
    }

    fn deadline(&self) -> Option<Instant> {
        Instant::now().checked_add(self.timeout)
    }

    /// Returns a shared connection for statements of this kind.
    pub(crate) async fn shared(&self, what: Use) -> Result<PgConn, Unavailable> {
        let deadline = self.deadline();
        let lane = self.lanes.pick(what)?;
        let wait = match what {
            Use::Read => &self.waits.read,
            Use::Write => &self.waits.write,
        };
        let connection = wait.time(lane.connection(deadline)).await?;
        Ok(PgConn::shared(connection, lane, what, &self.pool, deadline))
    }

    /// Returns an exclusive connection, for a statement that may take a long time.
    pub(crate) async fn exclusive(&self) -> Result<PgConn, Unavailable> {
        let deadline = self.deadline();
        let turn = Arc::clone(&self.long_reads).acquire_owned();
        let turn = before(deadline, turn).await?.map_err(|_closed| Unavailable::TimedOut)?;
        PgConn::exclusive(&self.pool, Some(turn), deadline).await
    }

    /// Returns whether `tables` can be read or, before the schema exists, whether the server
    /// responds. A query that reads no rows is enough to find locked or missing tables.
    pub(crate) async fn is_ready(&self, tables: &[&str]) -> bool {
        let check = async {
            let deadline = Instant::now().checked_add(CHECK_TIMEOUT);
            let lane = self.lanes.for_checks();
            let connection = lane.connection(deadline).await?;
            let mut conn = PgConn::shared(connection, lane, Use::Read, &self.pool, deadline);
            let tables = if self.gate.pass().is_ok() { tables } else { &[] };
            let tables: Vec<_> = tables
                .iter()
                .map(|table| format!("EXISTS (SELECT FROM {table} WHERE false)"))
                .collect();
            let query = diesel::sql_query(format!("SELECT {}", tables.join(", ")));
            let checked = query.execute(&mut conn).await;
            Ok::<_, Unavailable>(checked.is_ok())
        };
        check.await.unwrap_or(false)
    }
}
