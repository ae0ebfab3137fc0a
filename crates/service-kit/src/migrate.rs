//! Brings a schema up to date.

mod pending;

pub use self::pending::check;

use std::{
    error::Error as _,
    io,
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};

use diesel::{
    Connection as _, ConnectionError, RunQueryDsl as _, SqliteConnection,
    connection::SimpleConnection as _, migration::MigrationSource, sqlite::Sqlite,
};
use diesel_async::{AsyncPgConnection, async_connection_wrapper::AsyncConnectionWrapper};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness as _};
use secrecy::ExposeSecret as _;
use tokio::sync::oneshot;
use tokio_postgres::error::SqlState;

use crate::db::{DatabaseUrl, Unavailable, make_private_file};

/// One history for each engine, embedded in the binary.
#[expect(missing_debug_implementations, reason = "embedded migrations have none")]
pub struct Migrations {
    pub postgres: EmbeddedMigrations,
    pub sqlite: EmbeddedMigrations,
}

impl Migrations {
    /// The version of the last one, which both engines share.
    pub fn latest(&self) -> String {
        let migrations = MigrationSource::<Sqlite>::migrations(&self.sqlite).unwrap_or_default();
        let versions = migrations.iter().map(|migration| migration.name().version().to_string());
        versions.max().unwrap_or_default()
    }
}

/// Why a schema is not up to date.
#[derive(Debug, thiserror::Error)]
pub enum MigrateError {
    #[error("cannot connect to the database: {0}")]
    Connect(#[from] tokio_postgres::Error),
    #[error("cannot open the database: {0}")]
    Open(#[from] ConnectionError),
    #[error("cannot create {0}: {1}")]
    File(PathBuf, io::Error),
    #[error("a migration failed: {0}")]
    Run(Box<dyn std::error::Error + Send + Sync>),
    #[error("the database went away during a migration: {0}")]
    Lost(Box<dyn std::error::Error + Send + Sync>),
    #[error("cannot start a thread for the migrations: {0}")]
    Thread(#[from] io::Error),
    #[error("the migrations stopped half-way; nothing was changed")]
    Stopped(#[from] oneshot::error::RecvError),
    #[error("the schema is not up to date; the command `migrate` brings it there")]
    Pending,
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

impl MigrateError {
    /// Whether it may be over in a while: the database is away, or somebody else migrates it.
    /// Everything else is for a person to put right.
    pub fn is_temporary(&self) -> bool {
        match self {
            Self::Connect(error) => match error.code() {
                Some(code) => !is_refusal(code),
                None => error.is_closed() || is_of_the_network(error),
            },
            Self::Lost(_) | Self::Pending | Self::Unavailable(_) => true,
            _ => false,
        }
    }
}

/// PostgreSQL is there, but not for us: wrong role, password or database.
fn is_refusal(code: &SqlState) -> bool {
    *code == SqlState::INVALID_AUTHORIZATION_SPECIFICATION
        || *code == SqlState::INVALID_PASSWORD
        || *code == SqlState::INVALID_CATALOG_NAME
        || *code == SqlState::INSUFFICIENT_PRIVILEGE
}

/// Without this it is what the URL asks for that cannot be had.
fn is_of_the_network(error: &tokio_postgres::Error) -> bool {
    error.source().is_some_and(<dyn std::error::Error>::is::<io::Error>)
}

impl From<diesel::result::Error> for MigrateError {
    fn from(error: diesel::result::Error) -> Self {
        Self::Run(error.into())
    }
}

/// How long PostgreSQL may take to take the call, unless its URL says otherwise.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Any number of processes may start at once: they queue for this lock, and all but the first
/// find nothing left to do. It ends with the transaction, so it also works through a pooler.
const POSTGRES_LOCK: &str = "SELECT pg_advisory_xact_lock(7219306458215)";

/// How long others may hold a SQLite file.
const SQLITE_PATIENCE: Duration = Duration::from_secs(30);
const SQLITE_PAUSE: Duration = Duration::from_millis(5);

#[derive(Clone, Copy)]
enum Direction {
    Up,
    #[cfg(feature = "testing")]
    Down,
}

/// Runs what has not run yet, in one transaction, under a lock.
pub async fn run(url: &DatabaseUrl, migrations: Migrations) -> Result<(), MigrateError> {
    on_own_thread(url.clone(), migrations, Direction::Up).await
}

/// Undoes everything. There is no command for this: it loses all data.
#[cfg(feature = "testing")]
pub async fn revert(url: &DatabaseUrl, migrations: Migrations) -> Result<(), MigrateError> {
    on_own_thread(url.clone(), migrations, Direction::Down).await
}

/// The harness blocks and brings its own runtime, which a thread of a runtime may not do.
async fn on_own_thread(
    url: DatabaseUrl,
    migrations: Migrations,
    direction: Direction,
) -> Result<(), MigrateError> {
    let (done, outcome) = oneshot::channel();
    thread::Builder::new().name("migrations".into()).spawn(move || {
        // Nobody waits any more when the receiver is gone.
        let _ = done.send(match url {
            DatabaseUrl::Postgres(url) => postgres(url.expose_secret(), migrations, direction),
            DatabaseUrl::Sqlite(path) => sqlite(&path, migrations, direction),
        });
    })?;
    outcome.await?
}

fn postgres(url: &str, migrations: Migrations, direction: Direction) -> Result<(), MigrateError> {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let _guard = runtime.enter();
    let mut conn =
        AsyncConnectionWrapper::<AsyncPgConnection>::from(runtime.block_on(connect(url))?);
    let outcome = conn.transaction(|conn| {
        diesel::sql_query(POSTGRES_LOCK).execute(conn)?;
        match direction {
            Direction::Up => conn.run_pending_migrations(migrations.postgres).map(drop),
            #[cfg(feature = "testing")]
            Direction::Down => conn.revert_all_migrations(migrations.postgres).map(drop),
        }
        .map_err(MigrateError::Run)
    });
    match outcome {
        Err(MigrateError::Run(error)) if !answers(&mut conn) => Err(MigrateError::Lost(error)),
        outcome => outcome,
    }
}

fn answers(conn: &mut AsyncConnectionWrapper<AsyncPgConnection>) -> bool {
    diesel::sql_query("SELECT 1").execute(conn).is_ok()
}

async fn connect(url: &str) -> Result<AsyncPgConnection, MigrateError> {
    let mut config: tokio_postgres::Config = url.parse()?;
    if config.get_connect_timeout().is_none() {
        config.connect_timeout(CONNECT_TIMEOUT);
    }
    let (client, connection) = config.connect(tokio_postgres::NoTls).await?;
    Ok(AsyncPgConnection::try_from_client_and_connection(client, connection).await?)
}

fn sqlite(path: &Path, migrations: Migrations, direction: Direction) -> Result<(), MigrateError> {
    make_private_file(path).map_err(|error| MigrateError::File(path.to_owned(), error))?;
    let mut conn = SqliteConnection::establish(&path.to_string_lossy())?;
    conn.batch_execute(&format!("PRAGMA busy_timeout = {};", SQLITE_PATIENCE.as_millis()))?;
    use_wal(&mut conn)?;
    conn.exclusive_transaction(|conn| {
        match direction {
            Direction::Up => conn.run_pending_migrations(migrations.sqlite).map(drop),
            #[cfg(feature = "testing")]
            Direction::Down => conn.revert_all_migrations(migrations.sqlite).map(drop),
        }
        .map_err(MigrateError::Run)
    })
}

/// For good: the file remembers it. SQLite does not wait for its turn here, as it does elsewhere,
/// when two change the mode of a file at once.
fn use_wal(conn: &mut SqliteConnection) -> Result<(), MigrateError> {
    let start = Instant::now();
    loop {
        match conn.batch_execute("PRAGMA journal_mode = WAL;") {
            Err(error) if is_locked(&error) && start.elapsed() < SQLITE_PATIENCE => {
                thread::sleep(SQLITE_PAUSE);
            }
            outcome => return Ok(outcome?),
        }
    }
}

fn is_locked(error: &diesel::result::Error) -> bool {
    let message = match error {
        diesel::result::Error::DatabaseError(_, information) => information.message(),
        _ => "",
    };
    message == "database is locked"
}
