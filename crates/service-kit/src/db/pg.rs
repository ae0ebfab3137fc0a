//! PostgreSQL: connections shared by many requests, and exclusive connections.

mod conn;
mod connection;
mod error;
mod lanes;
mod pool;
mod query;
mod row;
mod shares;

pub use self::conn::PgConn;

use std::{sync::Arc, time::Duration};

use diesel_async::RunQueryDsl as _;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::Instant,
};

pub(super) use self::lanes::Use;
use self::{
    conn::{Route, before},
    connection::ServerConnection,
    lanes::Lanes,
    pool::ConnectionPool,
    shares::Shares,
};
use super::{
    ConnectError, DatabaseArgs, OpenError, PooledConn, PostgresUrl, Unavailable, gate::Gate,
    postgres::Session, waits::Waits,
};

/// Time limit for a readiness check.
const CHECK_TIMEOUT: Duration = Duration::from_millis(2500);

/// Shared and exclusive connections to one PostgreSQL database.
#[expect(missing_debug_implementations, reason = "the pool is not Debug")]
pub struct Postgres {
    endpoint: Endpoint,
    /// Shared connections for single statements, pipelined.
    lanes: Lanes,
    /// Exclusive connections.
    pool: ConnectionPool,
    /// Limits long reads, so that some of the pool remains for transactions.
    long_reads: Arc<Semaphore>,
    /// Time limit for the statements of a request.
    timeout: Duration,
    pub(super) waits: Waits,
    pub(super) gate: Gate,
}

/// URL and settings of the connections.
#[derive(Clone)]
struct Endpoint {
    url: PostgresUrl,
    session: Session,
}

impl Endpoint {
    async fn open(&self) -> Result<ServerConnection, ConnectError> {
        ServerConnection::open(&self.url, self.session).await
    }
}

impl Postgres {
    pub(super) fn open(url: &PostgresUrl, args: &DatabaseArgs) -> Result<Self, OpenError> {
        let timeout = args.database_timeout;
        let shares = Shares::of(args.database_max_connections);
        url.set_pooler(args.database_pooler);
        let endpoint = Endpoint { url: url.clone(), session: Session::Requests { timeout } };
        Ok(Self {
            endpoint: endpoint.clone(),
            lanes: Lanes::new(&shares),
            pool: pool::pool(endpoint, shares.exclusive)?,
            long_reads: Arc::new(Semaphore::new(shares.exclusive.div_ceil(2))),
            timeout,
            waits: Waits::default(),
            gate: Gate::default(),
        })
    }

    fn deadline(&self) -> Option<Instant> {
        Instant::now().checked_add(self.timeout)
    }

    /// Returns a shared connection.
    pub(super) async fn shared(self: &Arc<Self>, what: Use) -> Result<PooledConn, Unavailable> {
        let deadline = self.deadline();
        let lane = self.lanes.pick(what)?;
        let wait = match what {
            Use::Read => &self.waits.read,
            Use::Write => &self.waits.write,
        };
        let connection = wait.time(lane.connection(&self.endpoint, deadline)).await?;
        let route = Route::Lane { lane, what, postgres: Arc::clone(self) };
        Ok(PooledConn::Postgres(PgConn::new(connection, route, deadline)))
    }

    /// Returns an exclusive connection, for a statement that may take long.
    pub(super) async fn exclusive(&self) -> Result<PooledConn, Unavailable> {
        let deadline = self.deadline();
        let turn = Arc::clone(&self.long_reads).acquire_owned();
        let turn = before(deadline, turn).await?.map_err(|_closed| Unavailable::TimedOut)?;
        self.own(deadline, Some(turn)).await.map(PooledConn::Postgres)
    }

    async fn own(
        &self,
        deadline: Option<Instant>,
        turn: Option<OwnedSemaphorePermit>,
    ) -> Result<PgConn, Unavailable> {
        let object = async { Ok::<_, Unavailable>(before(deadline, self.pool.get()).await??) };
        let object = self.waits.exclusive.time(object).await?;
        let connection = Arc::clone(&object);
        Ok(PgConn::new(connection, Route::Pool { _object: object, _turn: turn }, deadline))
    }

    /// Returns whether the tables can be read. Reads no rows: that is enough to find locked or
    /// missing tables.
    pub(super) async fn is_ready(self: &Arc<Self>, tables: &[&str]) -> bool {
        let check = async {
            let deadline = Instant::now().checked_add(CHECK_TIMEOUT);
            let lane = self.lanes.for_checks();
            let connection = lane.connection(&self.endpoint, deadline).await?;
            let route = Route::Lane { lane, what: Use::Read, postgres: Arc::clone(self) };
            let mut conn = PgConn::new(connection, route, deadline);
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

    /// Maximum number of exclusive connections.
    fn max_connections(&self) -> usize {
        self.pool.status().max_size
    }
}
