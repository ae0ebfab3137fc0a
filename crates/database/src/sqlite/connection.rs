//! The asynchronous side of a SQLite connection: sends statements to a thread and receives their
//! results.

use std::{
    any::Any,
    sync::{Arc, mpsc},
    time::{Duration, Instant},
};

use diesel::{
    QueryResult, SqliteConnection,
    backend::Backend,
    connection::{LoadConnection, SimpleConnection as _},
    query_builder::{
        AsQuery, CollectedQuery, MoveableBindCollector, QueryBuilder as _, QueryFragment, QueryId,
    },
    result::Error,
    row::IntoOwnedRow,
    sqlite::{Sqlite, SqliteQueryBuilder},
};
use diesel_async::{AsyncConnectionCore, SimpleAsyncConnection};
use futures_util::{
    FutureExt as _, StreamExt as _,
    future::{BoxFuture, ready},
    stream::{self, BoxStream},
};
use tokio::{
    sync::oneshot::{self, Receiver},
    time::timeout,
};

use super::{
    queue::{Queue, Threads},
    statement::{Job, Statement, Step, outage},
};

/// Time limit for a statement or a commit, from its submission to its result.
const STATEMENT_TIMEOUT: Duration = Duration::from_secs(10);

/// A SQLite connection whose statements run on dedicated threads.
#[expect(missing_debug_implementations, reason = "queued statements are not Debug")]
pub struct AsyncSqliteConnection {
    route: Route,
    timeout: Option<Duration>,
    guard: Option<Arc<dyn Any + Send + Sync>>,
}

/// Destination of statements.
enum Route {
    /// Any thread of a pool, for each statement separately.
    Pool(Arc<Queue>),
    /// The thread that runs this transaction.
    Transaction(mpsc::Sender<Step>),
    /// A thread with a connection outside of any pool.
    Single(Threads),
}

/// An owned row: borrowed rows cannot be sent to another thread.
type OwnedRow = <<SqliteConnection as LoadConnection>::Row<'static, 'static> as IntoOwnedRow<
    'static,
    Sqlite,
>>::OwnedRow;
type Binds =
    <<Sqlite as Backend>::BindCollector<'static> as MoveableBindCollector<Sqlite>>::BindData;

impl AsyncSqliteConnection {
    pub(super) fn pooled(threads: &Threads) -> Self {
        let queue = Arc::clone(&threads.0);
        Self { route: Route::Pool(queue), timeout: Some(STATEMENT_TIMEOUT), guard: None }
    }

    pub(super) fn single(thread: Threads) -> Self {
        Self { route: Route::Single(thread), timeout: Some(STATEMENT_TIMEOUT), guard: None }
    }

    /// Keeps `guard` alive until this connection has been dropped and all statements submitted
    /// after this call have finished.
    pub(crate) fn keep_while_busy(&mut self, guard: Arc<dyn Any + Send + Sync>) {
        self.guard = Some(guard);
    }

    /// Runs `work` on a database thread. If `work` fails on a pooled connection outside a
    /// transaction, all of its changes are rolled back.
    pub fn spawn_blocking<'a, R: Send + 'static>(
        &mut self,
        work: impl FnOnce(&mut SqliteConnection) -> QueryResult<R> + Send + 'static,
    ) -> BoxFuture<'a, QueryResult<R>> {
        self.submit(false, work)
    }

    fn submit<'a, R: Send + 'static>(
        &self,
        is_atomic: bool,
        work: impl FnOnce(&mut SqliteConnection) -> QueryResult<R> + Send + 'static,
    ) -> BoxFuture<'a, QueryResult<R>> {
        let guard = self.guard.clone();
        let (statement, result) = Statement::new(is_atomic, move |conn| {
            let _guard = guard;
            work(conn)
        });
        let submitted = match &self.route {
            Route::Pool(queue) | Route::Single(Threads(queue)) => {
                queue.push(Job::Statement(statement))
            }
            Route::Transaction(steps) => send(steps, Step::Statement(statement)),
        };
        match submitted {
            Ok(()) => receive(result, self.timeout).boxed(),
            Err(error) => ready(Err(error)).boxed(),
        }
    }

    /// Begins a transaction. On the writer, dropping the returned connection without a commit rolls
    /// the transaction back.
    pub(crate) fn begin(&self) -> QueryResult<Self> {
        match &self.route {
            Route::Pool(queue) | Route::Single(Threads(queue)) => {
                let (sender, steps) = mpsc::channel();
                queue.push(Job::Transaction { steps, submitted: Instant::now() })?;
                let (timeout, guard) = (self.timeout, self.guard.clone());
                Ok(Self { route: Route::Transaction(sender), timeout, guard })
            }
            Route::Transaction(_) => Err(Error::AlreadyInTransaction),
        }
    }

    /// Commits the transaction and returns once it is on disk.
    pub(crate) async fn commit(self) -> QueryResult<()> {
        let Route::Transaction(steps) = &self.route else { return Err(Error::NotInTransaction) };
        let (sender, committed) = oneshot::channel();
        send(steps, Step::Commit(sender))?;
        receive(committed, self.timeout).await
    }

    /// Removes the time limits of the transaction and its statements.
    pub(crate) fn lift_limits(&mut self) -> QueryResult<()> {
        self.timeout = None;
        match &self.route {
            Route::Transaction(steps) => send(steps, Step::LiftLimits),
            Route::Pool(_) | Route::Single(_) => Ok(()),
        }
    }
}

fn send(steps: &mpsc::Sender<Step>, step: Step) -> QueryResult<()> {
    steps.send(step).map_err(|_closed| outage("the transaction was rolled back"))
}

pub(super) async fn receive<R>(
    result: Receiver<QueryResult<R>>,
    limit: Option<Duration>,
) -> QueryResult<R> {
    let received = match limit {
        Some(limit) => {
            let timed_out = |_elapsed| outage("the statement took too long");
            timeout(limit, result).await.map_err(timed_out)?
        }
        None => result.await,
    };
    received.unwrap_or_else(|_closed| Err(outage("the statement was not executed")))
}

/// Collects a query's SQL and values, to run it on another thread.
fn collect(query: &impl QueryFragment<Sqlite>) -> QueryResult<CollectedQuery<Binds>> {
    let mut binds = <Sqlite as Backend>::BindCollector::default();
    query.collect_binds(&mut binds, &mut (), &Sqlite)?;
    let mut sql = SqliteQueryBuilder::default();
    query.to_sql(&mut sql, &Sqlite)?;
    let is_cached = query.is_safe_to_cache_prepared(&Sqlite)?;
    Ok(CollectedQuery::new(sql.finish(), is_cached, binds.moveable()))
}

impl SimpleAsyncConnection for AsyncSqliteConnection {
    async fn batch_execute(&mut self, query: &str) -> QueryResult<()> {
        let query = query.to_owned();
        self.spawn_blocking(move |conn| conn.batch_execute(&query)).await
    }
}

impl AsyncConnectionCore for AsyncSqliteConnection {
    type ExecuteFuture<'conn, 'query> = BoxFuture<'query, QueryResult<usize>>;
    type LoadFuture<'conn, 'query> = BoxFuture<'query, QueryResult<Self::Stream<'conn, 'query>>>;
    type Stream<'conn, 'query> = BoxStream<'static, QueryResult<OwnedRow>>;
    type Row<'conn, 'query> = OwnedRow;
    type Backend = Sqlite;

    fn load<'conn, 'query, T>(&'conn mut self, source: T) -> Self::LoadFuture<'conn, 'query>
    where
        T: AsQuery + 'query,
        T::Query: QueryFragment<Sqlite> + QueryId + 'query,
    {
        let query = match collect(&source.as_query()) {
            Ok(query) => query,
            Err(error) => return ready(Err(error)).boxed(),
        };
        let rows = self.submit(true, move |conn| {
            let mut columns = None;
            LoadConnection::load(conn, &query)?
                .map(|row| Ok(row?.into_owned(&mut columns)))
                .collect::<QueryResult<Vec<OwnedRow>>>()
        });
        async { Ok(stream::iter(rows.await?.into_iter().map(Ok)).boxed()) }.boxed()
    }

    fn execute_returning_count<'conn, 'query, T>(
        &'conn mut self,
        source: T,
    ) -> Self::ExecuteFuture<'conn, 'query>
    where
        T: QueryFragment<Sqlite> + QueryId + 'query,
    {
        match collect(&source) {
            Ok(query) => self.submit(true, move |conn| {
                diesel::Connection::execute_returning_count(conn, &query)
            }),
            Err(error) => ready(Err(error)).boxed(),
        }
    }
}
