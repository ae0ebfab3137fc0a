//! One abstraction over PostgreSQL and SQLite. The engine is chosen at run time by the URL, and
//! every query is written once:
//!
//! ```text
//! pub async fn find(conn: &mut Conn<'_>, id: DbUuid) -> QueryResult<Option<Task>> {
//!     query!(conn, |c| tasks::table.find(id).select(Task::as_select()).first(c)).optional()
//! }
//! ```

mod conn;
mod gate;
mod lanes;
mod prepared;
mod snapshot;
mod sqlite;
mod url;
mod waits;

pub use conn::{Conn, PooledConn, Transactions, query};
pub use prepared::Prepared;
pub use sqlite::AsyncSqliteConnection;
pub(crate) use sqlite::make_private_file;
pub use url::DatabaseUrl;

use std::{fmt, io, path::PathBuf, sync::Arc, time::Duration};

use deadpool::{Runtime, managed::Timeouts};
use diesel::{ConnectionError, ConnectionResult, QueryResult, result::DatabaseErrorKind};
use diesel_async::{
    AsyncPgConnection, RunQueryDsl as _,
    pooled_connection::{
        AsyncDieselConnectionManager, ManagerConfig, RecyclingMethod,
        deadpool::{Object, Pool, PoolError},
    },
};
use futures_util::FutureExt as _;
use secrecy::ExposeSecret as _;
use tokio_postgres::tls::NoTlsStream;

pub use self::lanes::Shared;
use self::{
    gate::Gate,
    lanes::{Lanes, Use},
    sqlite::Sqlite,
    waits::Waits,
};
use crate::metrics::Sheet;

/// How long a request waits for a connection before it is answered 503.
const POOL_WAIT: Duration = Duration::from_secs(5);
/// How long PostgreSQL works on one statement.
const STATEMENT_TIMEOUT: &str =
    "-c statement_timeout=10s -c idle_in_transaction_session_timeout=30s";
/// For transactions and for what takes long. Other statements share connections of their own.
const POSTGRES_CONNECTIONS: usize = 16;
/// No connection was to be had: the database is away, or too many requests wait for it.
#[derive(Debug, thiserror::Error)]
pub enum Unavailable {
    #[error("no database connection")]
    Pool(#[from] PoolError),
    #[error("no database connection")]
    Connect(#[source] ConnectionError),
    #[error("no database connection in time")]
    TimedOut,
    #[error("too many statements wait for the database")]
    Overloaded,
    #[error("the schema is not up to date yet")]
    NotMigrated,
}

/// The database could not be set up at all.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("cannot create {0}: {1}")]
    File(PathBuf, io::Error),
    #[error("cannot start threads for the database: {0}")]
    Threads(io::Error),
    #[error(transparent)]
    Pool(#[from] deadpool::managed::BuildError),
}

/// The pools of one database. Cloning is cheap and shares them.
#[derive(Clone)]
pub enum Database {
    Postgres(Arc<Postgres>),
    Sqlite(Arc<Sqlite>),
}

/// Two ways to a PostgreSQL.
#[expect(missing_debug_implementations, reason = "the pool has none")]
pub struct Postgres {
    /// Single statements of many requests, pipelined.
    lanes: Lanes,
    /// One user at a time.
    pool: Pool<AsyncPgConnection>,
    waits: Waits,
    gate: Gate,
}

impl fmt::Debug for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Postgres(_) => "Database::Postgres",
            Self::Sqlite(_) => "Database::Sqlite",
        })
    }
}

impl Database {
    /// Opens no connection yet. Makes a SQLite file and its folder if they are not there.
    pub fn open(url: &DatabaseUrl) -> Result<Self, OpenError> {
        match url {
            DatabaseUrl::Postgres(url) => {
                let mut config = ManagerConfig::<AsyncPgConnection>::default();
                config.recycling_method = RecyclingMethod::Fast;
                config.custom_setup = Box::new(|url| connect_postgres(url).boxed());
                let manager =
                    AsyncDieselConnectionManager::new_with_config(url.expose_secret(), config);
                let pool = pool(manager, POSTGRES_CONNECTIONS)?;
                let (lanes, waits, gate) =
                    (Lanes::new(url.clone()), Waits::default(), Gate::default());
                Ok(Self::Postgres(Arc::new(Postgres { lanes, pool, waits, gate })))
            }
            DatabaseUrl::Sqlite(path) => Ok(Self::Sqlite(Arc::new(Sqlite::open(path)?))),
        }
    }

    /// A connection for reading.
    pub async fn read(&self) -> Result<PooledConn, Unavailable> {
        self.gate().pass()?;
        self.connect().await
    }

    /// Whatever the schema is.
    async fn connect(&self) -> Result<PooledConn, Unavailable> {
        Ok(match self {
            Self::Postgres(postgres) => postgres.shared(Use::Read).await?,
            Self::Sqlite(sqlite) => sqlite.reader().await?,
        })
    }

    /// A connection for a statement that may take its time, so that no other waits behind it.
    pub async fn read_at_leisure(&self) -> Result<PooledConn, Unavailable> {
        self.gate().pass()?;
        Ok(match self {
            Self::Postgres(postgres) => PooledConn::Postgres(postgres.own().await?),
            Self::Sqlite(sqlite) => sqlite.reader().await?,
        })
    }

    /// A connection for reading and writing.
    pub async fn write(&self) -> Result<PooledConn, Unavailable> {
        self.gate().pass()?;
        Ok(match self {
            Self::Postgres(postgres) => postgres.shared(Use::Write).await?,
            Self::Sqlite(sqlite) => {
                PooledConn::Sqlite(sqlite.waits.write.time(sqlite.writer.get()).await?)
            }
        })
    }

    /// How long connections to it were waited for.
    pub fn show(&self, sheet: &mut Sheet) {
        match self {
            Self::Postgres(postgres) => postgres.waits.show(sheet),
            Self::Sqlite(sqlite) => sqlite.waits.show(sheet),
        }
    }

    /// Whether the database answers.
    pub async fn is_ready(&self) -> bool {
        let Ok(mut pooled) = self.connect().await else { return false };
        let conn = &mut pooled.conn();
        query!(conn, |c| diesel::sql_query("SELECT 1").execute(c)).is_ok()
    }
}

impl Postgres {
    async fn shared(self: &Arc<Self>, what: Use) -> Result<PooledConn, Unavailable> {
        let wait = match what {
            Use::Read => &self.waits.read,
            Use::Write => &self.waits.write,
        };
        let shared = wait.time(self.lanes.get(what)).await?;
        Ok(PooledConn::Shared { shared, postgres: Arc::clone(self) })
    }

    /// A connection that nobody else uses meanwhile.
    async fn own(&self) -> Result<Object<AsyncPgConnection>, PoolError> {
        self.waits.exclusive.time(self.pool.get()).await
    }
}

fn pool<C>(
    manager: AsyncDieselConnectionManager<C>,
    connections: usize,
) -> Result<Pool<C>, deadpool::managed::BuildError>
where
    AsyncDieselConnectionManager<C>: deadpool::managed::Manager<Type = C>,
    C: diesel_async::pooled_connection::PoolableConnection + Send + 'static,
    Pool<C>: Sized,
{
    deadpool::managed::Pool::builder(manager)
        .max_size(connections)
        .timeouts(Timeouts {
            wait: Some(POOL_WAIT),
            create: Some(POOL_WAIT),
            recycle: Some(POOL_WAIT),
        })
        .runtime(Runtime::Tokio1)
        .build()
}

async fn connect_postgres(url: &str) -> ConnectionResult<AsyncPgConnection> {
    let (client, connection) = connect(url).await?;
    AsyncPgConnection::try_from_client_and_connection(client, connection).await
}

type PgSocket = tokio_postgres::Connection<tokio_postgres::Socket, NoTlsStream>;

async fn connect(url: &str) -> ConnectionResult<(tokio_postgres::Client, PgSocket)> {
    let mut config = url
        .parse::<tokio_postgres::Config>()
        .map_err(|error| ConnectionError::InvalidConnectionUrl(error.to_string()))?;
    // What the URL says wins over our limits.
    let options = config.get_options().map_or_else(
        || STATEMENT_TIMEOUT.to_owned(),
        |theirs| format!("{STATEMENT_TIMEOUT} {theirs}"),
    );
    config
        .options(options)
        .keepalives_idle(Duration::from_secs(30))
        .tcp_user_timeout(Duration::from_secs(10))
        .connect(tokio_postgres::NoTls)
        .await
        .map_err(|error| ConnectionError::BadConnection(error.to_string()))
}

/// Gives a broken unique constraint its meaning, at the query that may break it.
pub trait OnConflict<T> {
    fn on_conflict<E: From<diesel::result::Error>>(self, meaning: E) -> Result<T, E>;
}

impl<T> OnConflict<T> for QueryResult<T> {
    fn on_conflict<E: From<diesel::result::Error>>(self, meaning: E) -> Result<T, E> {
        self.map_err(|error| match error {
            diesel::result::Error::DatabaseError(DatabaseErrorKind::UniqueViolation, _) => meaning,
            other => other.into(),
        })
    }
}

/// Whether a failed query is the database's fault (away, restarting, overloaded) rather than ours.
/// In doubt it is: the engines report restarts, full disks and timeouts without a class.
pub fn is_outage(error: &diesel::result::Error) -> bool {
    use DatabaseErrorKind::{
        ClosedConnection, ReadOnlyTransaction, SerializationFailure, UnableToSendCommand, Unknown,
    };
    matches!(
        error,
        diesel::result::Error::BrokenTransactionManager
            | diesel::result::Error::DatabaseError(
                ClosedConnection
                    | ReadOnlyTransaction
                    | SerializationFailure
                    | UnableToSendCommand
                    | Unknown,
                _
            )
    )
}
