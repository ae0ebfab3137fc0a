//! One abstraction over PostgreSQL and SQLite. The engine is chosen at run time by the URL, and
//! every query is written once:
//!
//! ```text
//! pub async fn find(conn: &mut Conn<'_>, id: DbUuid) -> QueryResult<Option<Task>> {
//!     query!(conn, |c| tasks::table.find(id).select(Task::as_select()).first(c)).optional()
//! }
//! ```

mod args;
mod conn;
mod gate;
mod pg;
pub(crate) mod postgres;
mod prepared;
mod snapshot;
mod spelling;
mod sqlite;
mod url;
mod waits;

pub use args::DatabaseArgs;
pub use conn::{Conn, PooledConn, query};
pub use pg::{PgConn, Postgres};
pub use postgres::{ConnectError, Pooler, PostgresUrl, SchemaName, UrlError};
pub use prepared::Prepared;
pub use sqlite::AsyncSqliteConnection;
pub(crate) use sqlite::make_private_file;
pub use url::DatabaseUrl;

use std::{fmt, io, sync::Arc, time::Duration};

use diesel::{QueryResult, result::DatabaseErrorKind};

use self::{pg::Use, sqlite::Sqlite};
use crate::{metrics::Sheet, ownership::PathError};

/// Timeout of waiting for SQLite's writer.
const POOL_WAIT: Duration = Duration::from_secs(5);

/// No connection is available: the database is unreachable, or too many requests wait for it.
#[derive(Debug, thiserror::Error)]
pub enum Unavailable {
    #[error("no database connection")]
    Connect(#[from] ConnectError),
    #[error("no database connection: {0}")]
    Pool(String),
    #[error("timeout while waiting for a database connection")]
    TimedOut,
    #[error("too many statements in flight")]
    Overloaded,
    #[error("database migrations are pending")]
    NotMigrated,
}

impl Unavailable {
    /// Returns whether the service is still starting, which is reported separately.
    pub fn is_expected(&self) -> bool {
        matches!(self, Self::NotMigrated)
    }
}

/// The database could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("DATABASE_URL: cannot use {0}")]
    File(#[from] PathError),
    #[error("cannot start threads for the database: {0}")]
    Threads(io::Error),
    #[error(transparent)]
    Pool(#[from] deadpool::managed::BuildError),
}

/// The connection pools of one database. Cloning is cheap and shares them.
#[derive(Clone)]
pub enum Database {
    Postgres(Arc<Postgres>),
    Sqlite(Arc<Sqlite>),
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
    /// Opens the pools without connecting. Creates a SQLite file and its folder if they do not
    /// exist.
    pub fn open(url: &DatabaseUrl) -> Result<Self, OpenError> {
        Self::open_with(url, &DatabaseArgs::default())
    }

    /// Like [`Self::open`], but never creates a database. Returns `None` if a SQLite file does not
    /// exist.
    pub fn open_existing(url: &DatabaseUrl) -> Result<Option<Self>, OpenError> {
        match url {
            DatabaseUrl::Sqlite(path) if !path.is_file() => Ok(None),
            url => Self::open(url).map(Some),
        }
    }

    /// Like [`Self::open`], with the given limits instead of the defaults.
    pub fn open_with(url: &DatabaseUrl, args: &DatabaseArgs) -> Result<Self, OpenError> {
        Ok(match url {
            DatabaseUrl::Postgres(url) => Self::Postgres(Arc::new(Postgres::open(url, args)?)),
            DatabaseUrl::Sqlite(path) => Self::Sqlite(Arc::new(Sqlite::open(path)?)),
        })
    }

    /// Returns a connection for reading.
    pub async fn read(&self) -> Result<PooledConn, Unavailable> {
        self.gate().pass()?;
        Ok(match self {
            Self::Postgres(postgres) => postgres.shared(Use::Read).await?,
            Self::Sqlite(sqlite) => sqlite.read(),
        })
    }

    /// Returns a connection for slow statements, which no other statement is queued behind.
    pub async fn read_at_leisure(&self) -> Result<PooledConn, Unavailable> {
        self.gate().pass()?;
        Ok(match self {
            Self::Postgres(postgres) => postgres.exclusive().await?,
            Self::Sqlite(sqlite) => sqlite.read_at_leisure(),
        })
    }

    /// Returns a connection for reading and writing.
    pub async fn write(&self) -> Result<PooledConn, Unavailable> {
        self.gate().pass()?;
        Ok(match self {
            Self::Postgres(postgres) => postgres.shared(Use::Write).await?,
            Self::Sqlite(sqlite) => sqlite.write(),
        })
    }

    /// Adds the metrics of the time spent waiting for connections.
    pub fn show(&self, sheet: &mut Sheet) {
        match self {
            Self::Postgres(postgres) => postgres.waits.show(sheet),
            Self::Sqlite(sqlite) => sqlite.waits.show(sheet),
        }
    }

    /// Returns whether the database responds within a short timeout and `tables` can be read.
    pub async fn is_ready(&self, tables: &[&str]) -> bool {
        match self {
            Self::Postgres(postgres) => postgres.is_ready(tables).await,
            Self::Sqlite(sqlite) => sqlite.is_ready().await,
        }
    }
}

/// Maps a unique violation to an error, at the query that may cause it.
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

/// Returns whether a failed query was caused by the database (unavailable, restarting, overloaded)
/// rather than by the program. Unknown errors count as outages, because the engines report
/// restarts, full disks and timeouts without a distinct class.
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
