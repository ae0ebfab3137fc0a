//! Pool of exclusive connections, for transactions and for statements that may take a long time.

use std::sync::Arc;

use deadpool::{
    Runtime,
    managed::{
        BuildError, Manager, Metrics, Object, Pool, PoolError, RecycleError, RecycleResult,
        Timeouts,
    },
};
use tokio::time::Instant;

use super::{
    deadline::before, endpoint::Endpoint, server_connection::ServerConnection,
    statement_error::PgError,
};
use crate::{ConnectError, Unavailable, waits::Wait};

pub(super) type PoolObject = Object<Connector>;

pub(super) struct ExclusivePool {
    pool: Pool<Connector>,
    wait: Arc<Wait>,
}

/// A manager that opens and checks a pool's connections.
pub(super) struct Connector(Endpoint);

impl ExclusivePool {
    /// Creates a pool without time limits of its own: a request's deadline also limits its wait for
    /// a connection.
    pub(super) fn new(
        endpoint: Endpoint,
        connections: usize,
        wait: Arc<Wait>,
    ) -> Result<Self, BuildError> {
        let pool = Pool::builder(Connector(endpoint))
            .max_size(connections)
            .timeouts(Timeouts::default())
            .runtime(Runtime::Tokio1)
            .build()?;
        Ok(Self { pool, wait })
    }

    pub(super) async fn get(&self, deadline: Option<Instant>) -> Result<PoolObject, Unavailable> {
        let object = async { Ok::<_, Unavailable>(before(deadline, self.pool.get()).await??) };
        self.wait.time(object).await
    }

    pub(super) fn max_connections(&self) -> usize {
        self.pool.status().max_size
    }
}

impl Manager for Connector {
    type Type = Arc<ServerConnection>;
    type Error = ConnectError;

    async fn create(&self) -> Result<Self::Type, ConnectError> {
        self.0.open().await.map(Arc::new)
    }

    async fn recycle(
        &self,
        connection: &mut Self::Type,
        _: &Metrics,
    ) -> RecycleResult<ConnectError> {
        if !connection.is_open() || connection.is_in_transaction() {
            return Err(RecycleError::message("the connection is closed"));
        }
        if connection.is_doubtful() {
            let lost = |_error: PgError| RecycleError::message("the connection is lost");
            connection.check(None).await.map_err(lost)?;
        }
        Ok(())
    }
}

impl From<PoolError<ConnectError>> for Unavailable {
    fn from(error: PoolError<ConnectError>) -> Self {
        match error {
            PoolError::Backend(error) => Self::Connect(error),
            error => Self::Pool(error.to_string()),
        }
    }
}
