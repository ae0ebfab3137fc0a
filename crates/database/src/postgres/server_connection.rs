//! One connection to a server, and whether that server responds.

use std::{
    collections::HashMap,
    future::Future,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    task::{Context, Poll, ready},
    time::Duration,
};

use diesel::QueryResult;
use futures_util::Stream;
use parking_lot::Mutex;
use tokio::{
    task::AbortHandle,
    time::{Instant, Sleep, sleep_until, timeout_at},
};
use tokio_postgres::{Client, Error, RowStream, Statement};

use super::{
    query::{PgQuery, StatementKey},
    row::PgRow,
    statement_error::{PgError, to_diesel},
};
use crate::postgres_connect::{
    ConnectError, Connected, PostgresUrl, Session, Support, cancel, connect,
};

/// Time without a reply after which [`ServerConnection::is_doubtful`] returns true.
const DOUBTFUL_AFTER: Duration = Duration::from_millis(50);

/// A connection that any number of statements can use concurrently.
pub(crate) struct ServerConnection {
    client: Client,
    prepared: Mutex<HashMap<StatementKey, Statement>>,
    url: PostgresUrl,
    session: Session,
    support: Support,
    is_exposed: bool,
    driver: AbortHandle,
    opened: Instant,
    /// Time of the server's last reply, in milliseconds after `opened`.
    heard: AtomicU64,
    is_abandoned: AtomicBool,
    /// Whether a transaction has begun and may still be open.
    is_in_transaction: AtomicBool,
}

impl ServerConnection {
    pub(super) async fn open(url: &PostgresUrl, session: Session) -> Result<Self, ConnectError> {
        let Connected { client, driver, support, is_exposed } = connect(url, session).await?;
        Ok(Self {
            client,
            prepared: Mutex::default(),
            url: url.clone(),
            session,
            support,
            is_exposed,
            driver,
            opened: Instant::now(),
            heard: AtomicU64::new(0),
            is_abandoned: AtomicBool::new(false),
            is_in_transaction: AtomicBool::new(false),
        })
    }

    /// Returns whether the connection is open, as far as is known.
    pub(super) fn is_open(&self) -> bool {
        !self.is_abandoned.load(Ordering::Relaxed) && !self.client.is_closed()
    }

    /// Returns whether the server has not replied for a while. The connection may have been idle,
    /// or the server may be down or stuck.
    pub(super) fn is_doubtful(&self) -> bool {
        let heard = Duration::from_millis(self.heard.load(Ordering::Relaxed));
        self.opened.elapsed().saturating_sub(heard) > DOUBTFUL_AFTER
    }

    pub(super) fn is_exposed(&self) -> bool {
        self.is_exposed
    }

    pub(super) fn support(&self) -> Support {
        self.support
    }

    pub(super) fn is_in_transaction(&self) -> bool {
        self.is_in_transaction.load(Ordering::Relaxed)
    }

    pub(super) fn set_in_transaction(&self, is_in_transaction: bool) {
        self.is_in_transaction.store(is_in_transaction, Ordering::Relaxed);
    }

    pub(super) async fn send(
        self: &Arc<Self>,
        query: &PgQuery,
        deadline: Option<Instant>,
    ) -> Result<PgRows, PgError> {
        let sent = async {
            if query.is_cacheable && self.support.statements {
                let statement = self.prepare(query).await?;
                self.client.query_raw(&statement, query.values()).await
            } else {
                self.client.query_typed_raw(&query.text.sql, query.typed_values()).await
            }
        };
        let rows = self.limit(deadline, sent).await?;
        let connection = Arc::clone(self);
        Ok(PgRows { rows: Box::pin(rows), connection, deadline, sleep: None })
    }

    async fn prepare(&self, PgQuery { key, text, .. }: &PgQuery) -> Result<Statement, Error> {
        let prepared = || self.prepared.lock();
        let known = prepared().get(key).cloned();
        if let Some(statement) = known {
            return Ok(statement);
        }
        let statement = self.client.prepare_typed(&text.sql, &text.types).await?;
        prepared().insert(key.clone(), statement.clone());
        Ok(statement)
    }

    /// Begins a transaction with the statement `begin`. If the connection does not keep session
    /// settings, also sets the time limits for the transaction.
    pub(super) async fn begin(
        &self,
        begin: &str,
        deadline: Option<Instant>,
    ) -> Result<(), PgError> {
        self.set_in_transaction(true);
        if self.support.settings {
            return self.batch(begin, deadline).await;
        }
        let begin = format!("{begin}; {}", self.session.local_settings());
        self.batch(&begin, deadline).await
    }

    /// Runs statements that have neither parameters nor results.
    pub(super) async fn batch(&self, sql: &str, deadline: Option<Instant>) -> Result<(), PgError> {
        self.limit(deadline, self.client.batch_execute(sql)).await
    }

    /// Checks that the server responds.
    pub(super) async fn check(&self, deadline: Option<Instant>) -> Result<(), PgError> {
        self.limit(deadline, self.client.check_connection()).await
    }

    /// Runs an operation within the deadline. Does not start it if the deadline has passed, and
    /// abandons the connection if the deadline passes during the operation.
    async fn limit<T>(
        &self,
        deadline: Option<Instant>,
        work: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, PgError> {
        let outcome = match deadline {
            None => work.await,
            Some(deadline) if deadline <= Instant::now() => return Err(PgError::TimedOut),
            Some(deadline) => timeout_at(deadline, work).await.map_err(|_elapsed| {
                self.abandon();
                PgError::TimedOut
            })?,
        };
        outcome.inspect(|_value| self.record_reply()).map_err(|error| {
            if error.as_db_error().is_some() {
                self.record_reply();
            }
            PgError::from(error)
        })
    }

    fn record_reply(&self) {
        let heard = u64::try_from(self.opened.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.heard.store(heard, Ordering::Relaxed);
    }

    /// Closes the connection and cancels the statement that the server is executing. The server may
    /// still execute other statements that it has received.
    pub(super) fn abandon(&self) {
        if self.is_abandoned.swap(true, Ordering::Relaxed) || self.client.is_closed() {
            return;
        }
        let (url, token, driver) =
            (self.url.clone(), self.client.cancel_token(), self.driver.clone());
        // With a pooler, the connection is closed only after the cancellation: otherwise the pooler
        // would no longer know which statement to cancel.
        let has_pooler = !self.support.settings;
        if !has_pooler {
            driver.abort();
        }
        tokio::spawn(async move {
            cancel(&url, token).await;
            driver.abort();
        });
    }
}

/// The rows of a result, as they arrive.
pub(super) struct PgRows {
    rows: Pin<Box<RowStream>>,
    connection: Arc<ServerConnection>,
    deadline: Option<Instant>,
    sleep: Option<Pin<Box<Sleep>>>,
}

impl PgRows {
    /// Returns the number of affected rows, which is known once all rows have arrived; 0 before.
    pub(super) fn affected(&self) -> QueryResult<usize> {
        usize::try_from(self.rows.rows_affected().unwrap_or_default())
            .map_err(|error| diesel::result::Error::DeserializationError(error.into()))
    }
}

impl Stream for PgRows {
    type Item = QueryResult<PgRow>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if let Poll::Ready(row) = self.rows.as_mut().poll_next(context) {
            let row = row.map(|row| row.map(PgRow::new).map_err(|error| to_diesel(&error)));
            return Poll::Ready(row);
        }
        let Some(deadline) = self.deadline else { return Poll::Pending };
        let sleep = self.sleep.get_or_insert_with(|| Box::pin(sleep_until(deadline)));
        ready!(sleep.as_mut().poll(context));
        self.connection.abandon();
        Poll::Ready(Some(Err(PgError::TimedOut.into())))
    }
}
