//! A connection to PostgreSQL (shared, exclusive, or outside of any pool) and the deadline of its
//! statements.

use std::{sync::Arc, time::Duration};

use diesel::{
    ConnectionError, ConnectionResult, QueryResult,
    connection::{CacheSize, DynInstrumentation, Instrumentation},
    pg::Pg,
    query_builder::{AsQuery, QueryFragment, QueryId},
};
use diesel_async::{
    AnsiTransactionManager, AsyncConnection, AsyncConnectionCore, SimpleAsyncConnection,
};
use futures_util::{
    FutureExt as _, StreamExt as _, TryStreamExt as _, future::BoxFuture, stream::BoxStream,
};
use telemetry::Chain;
use tokio::{sync::OwnedSemaphorePermit, time::Instant};

use super::{
    exclusive::{ExclusivePool, PoolObject},
    lanes::{InFlight, Use},
    query::PgQuery,
    row::PgRow,
    server_connection::{PgRows, ServerConnection},
    statement_error::{PgError, outage},
};
use crate::{
    Unavailable, UrlError,
    postgres_connect::{ConnectError, PostgresUrl, Session, Support},
};

/// A connection from a lane, from the pool, or outside of both.
#[expect(missing_debug_implementations, reason = "the client is not Debug")]
pub struct PgConn {
    connection: Arc<ServerConnection>,
    route: Route,
    deadline: Option<Instant>,
    harness: Option<Box<Harness>>,
}

/// Kind of a connection, which determines what happens to it on drop.
enum Route {
    /// Shared with other requests. A transaction takes a connection from `pool` instead.
    Lane { lane: InFlight, what: Use, pool: Arc<ExclusivePool> },
    /// Exclusive until it returns to the pool.
    Pool { _object: PoolObject, _turn: Option<OwnedSemaphorePermit> },
    /// Not part of any pool.
    Single,
}

/// State that only diesel's migrations need.
#[derive(Default)]
struct Harness {
    transactions: AnsiTransactionManager,
    instrumentation: Option<DynInstrumentation>,
}

/// A guard for a statement on a connection that is not shared. If the guard is dropped while the
/// statement is in flight, it abandons the connection. Otherwise, the connection would return to the
/// pool, and its next user would have to wait for the statement.
struct AbandonOnDrop(Option<Arc<ServerConnection>>);

impl Drop for AbandonOnDrop {
    fn drop(&mut self) {
        if let Some(connection) = &self.0 {
            connection.abandon();
        }
    }
}

impl AbandonOnDrop {
    fn disarm(mut self) {
        self.0 = None;
    }
}

impl PgConn {
    fn new(connection: Arc<ServerConnection>, route: Route, deadline: Option<Instant>) -> Self {
        Self { connection, route, deadline, harness: None }
    }

    pub(super) fn shared(
        connection: Arc<ServerConnection>,
        lane: InFlight,
        what: Use,
        pool: &Arc<ExclusivePool>,
        deadline: Option<Instant>,
    ) -> Self {
        Self::new(connection, Route::Lane { lane, what, pool: Arc::clone(pool) }, deadline)
    }

    /// Waits for a connection of the pool. `turn` is held as long as the connection.
    pub(super) async fn exclusive(
        pool: &ExclusivePool,
        turn: Option<OwnedSemaphorePermit>,
        deadline: Option<Instant>,
    ) -> Result<Self, Unavailable> {
        let object = pool.get(deadline).await?;
        let connection = Arc::clone(&object);
        Ok(Self::new(connection, Route::Pool { _object: object, _turn: turn }, deadline))
    }

    /// Opens a connection outside of any pool. Until [`Self::set_time_limit`] is called, only the
    /// server limits the time of its statements, according to `session`.
    pub(crate) async fn open(url: &PostgresUrl, session: Session) -> Result<Self, ConnectError> {
        let connection = Arc::new(ServerConnection::open(url, session).await?);
        Ok(Self::new(connection, Route::Single, None))
    }

    /// Opens a connection for a diagnosis, outside of any pool. The server limits its statements to
    /// 5 seconds each.
    pub async fn open_for_diagnosis(url: &PostgresUrl) -> Result<Self, ConnectError> {
        Self::open(url, Session::Diagnosis).await
    }

    /// Returns whether the connection leaves the machine without TLS.
    pub fn is_exposed(&self) -> bool {
        self.connection.is_exposed()
    }

    /// Returns which state the connection keeps between transactions.
    pub fn support(&self) -> Support {
        self.connection.support()
    }

    /// Sets the deadline of all following statements to `limit` from now; `None` removes it.
    pub(crate) fn set_time_limit(&mut self, limit: Option<Duration>) {
        self.deadline = limit.and_then(|limit| Instant::now().checked_add(limit));
    }

    /// Begins a transaction on an exclusive connection, and returns that connection. Dropping it
    /// rolls the transaction back. Returns an error unless `self` is a shared connection.
    pub(crate) async fn begin(&self, begin: &str) -> QueryResult<Self> {
        let Route::Lane { pool, .. } = &self.route else {
            return Err(diesel::result::Error::AlreadyInTransaction);
        };
        let mut attempts = 0;
        loop {
            let own = Self::exclusive(pool, None, self.deadline).await;
            let own = own.map_err(|error| unavailable(&error))?;
            match own.connection.begin(begin, own.deadline).await {
                Ok(()) => return Ok(own),
                // No statement of the transaction has run yet, so it is safe to retry.
                Err(PgError::Lost(_)) if attempts < pool.max_connections() => attempts += 1,
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Commits the transaction if `outcome` is `Ok`, and rolls it back otherwise.
    pub(crate) async fn end<T, E: From<diesel::result::Error>>(
        self,
        outcome: Result<T, E>,
    ) -> Result<T, E> {
        let end = if outcome.is_ok() { "COMMIT" } else { "ROLLBACK" };
        let guard = self.guard();
        let ended = self.connection.batch(end, self.deadline).await;
        if ended.is_ok() {
            self.connection.set_in_transaction(false);
        }
        guard.disarm();
        // An error from the work takes precedence over one from the rollback.
        let value = outcome?;
        ended.map_err(diesel::result::Error::from)?;
        Ok(value)
    }

    fn guard(&self) -> AbandonOnDrop {
        let is_own = !matches!(self.route, Route::Lane { .. });
        AbandonOnDrop(is_own.then(|| Arc::clone(&self.connection)))
    }

    /// Sends a statement. If a read on a shared connection fails because the connection is closed,
    /// it is retried once on a new one. A write on a shared connection is sent only to a server
    /// that is known to respond. All other statements are sent once, without a check.
    async fn send(&mut self, query: &PgQuery) -> QueryResult<PgRows> {
        if let Route::Lane { what: Use::Write, lane, .. } = &self.route {
            let turn = lane.turn(self.deadline).await.map_err(|error| unavailable(&error))?;
            self.make_sure().await?;
            let rows = self.connection.send(query, self.deadline).await?;
            drop(turn);
            return Ok(rows);
        }
        let outcome = self.connection.send(query, self.deadline).await;
        match (outcome, &self.route) {
            (Err(PgError::Lost(_)), Route::Lane { what: Use::Read, .. }) => {
                self.reconnect().await?;
                Ok(self.connection.send(query, self.deadline).await?)
            }
            (outcome, _) => Ok(outcome?),
        }
    }

    async fn execute(&mut self, query: &PgQuery) -> QueryResult<usize> {
        let mut rows = self.send(query).await?;
        while rows.try_next().await?.is_some() {}
        rows.affected()
    }

    /// Makes sure that the server responds, and reconnects if necessary. A stuck server would run
    /// the statement when it recovers, even if the request has ended by then.
    async fn make_sure(&mut self) -> QueryResult<()> {
        loop {
            if !self.connection.is_open() {
                self.reconnect().await?;
            }
            if !self.connection.is_doubtful() {
                return Ok(());
            }
            match self.connection.check(self.deadline).await {
                Ok(()) => return Ok(()),
                Err(PgError::Lost(_)) => self.connection.abandon(),
                Err(error) => return Err(error.into()),
            }
        }
    }

    async fn reconnect(&mut self) -> QueryResult<()> {
        let Route::Lane { lane, .. } = &self.route else { return Ok(()) };
        self.connection.abandon();
        let connection = lane.connection(self.deadline).await;
        self.connection = connection.map_err(|error| unavailable(&error))?;
        Ok(())
    }

    fn harness(&mut self) -> &mut Harness {
        self.harness.get_or_insert_default()
    }
}

impl Drop for PgConn {
    /// Closes a connection with an unfinished transaction, so that its locks are released.
    fn drop(&mut self) {
        if matches!(self.route, Route::Pool { .. }) && self.connection.is_in_transaction() {
            self.connection.abandon();
        }
    }
}

fn unavailable(error: &Unavailable) -> diesel::result::Error {
    outage(&Chain(error).to_string())
}

impl SimpleAsyncConnection for PgConn {
    async fn batch_execute(&mut self, sql: &str) -> QueryResult<()> {
        let guard = self.guard();
        let outcome = self.connection.batch(sql, self.deadline).await;
        guard.disarm();
        Ok(outcome?)
    }
}

impl AsyncConnectionCore for PgConn {
    type ExecuteFuture<'conn, 'query> = BoxFuture<'conn, QueryResult<usize>>;
    type LoadFuture<'conn, 'query> = BoxFuture<'conn, QueryResult<Self::Stream<'conn, 'query>>>;
    type Stream<'conn, 'query> = BoxStream<'static, QueryResult<PgRow>>;
    type Row<'conn, 'query> = PgRow;
    type Backend = Pg;

    fn load<'conn, 'query, T>(&'conn mut self, source: T) -> Self::LoadFuture<'conn, 'query>
    where
        T: AsQuery + 'query,
        T::Query: QueryFragment<Pg> + QueryId + 'query,
    {
        let query = PgQuery::new(&source.as_query());
        async {
            let (query, guard) = (query?, self.guard());
            let rows = self.send(&query).await;
            guard.disarm();
            Ok(rows?.boxed())
        }
        .boxed()
    }

    fn execute_returning_count<'conn, 'query, T>(
        &'conn mut self,
        source: T,
    ) -> Self::ExecuteFuture<'conn, 'query>
    where
        T: QueryFragment<Pg> + QueryId + 'query,
    {
        let query = PgQuery::new(&source);
        async {
            let (query, guard) = (query?, self.guard());
            let affected = self.execute(&query).await;
            guard.disarm();
            affected
        }
        .boxed()
    }
}

/// The interface that diesel's migrations need.
impl AsyncConnection for PgConn {
    type TransactionManager = AnsiTransactionManager;

    async fn establish(url: &str) -> ConnectionResult<Self> {
        let invalid = |error: UrlError| ConnectionError::InvalidConnectionUrl(error.to_string());
        let url: PostgresUrl = url.parse().map_err(invalid)?;
        Ok(Self::open(&url, Session::Migrations).await?)
    }

    fn transaction_state(&mut self) -> &mut AnsiTransactionManager {
        &mut self.harness().transactions
    }

    fn instrumentation(&mut self) -> &mut dyn Instrumentation {
        let none = DynInstrumentation::none;
        &mut **self.harness().instrumentation.get_or_insert_with(none)
    }

    fn set_instrumentation(&mut self, instrumentation: impl Instrumentation) {
        self.harness().instrumentation = Some(instrumentation.into());
    }

    /// Does nothing: prepared statements are kept for the lifetime of the connection.
    fn set_prepared_statement_cache_size(&mut self, _size: CacheSize) {}
}
