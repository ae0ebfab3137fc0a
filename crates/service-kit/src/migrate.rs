//! Brings a schema up to date.

use std::{
    io,
    path::{Path, PathBuf},
};

use diesel::{
    Connection as _, ConnectionError, RunQueryDsl as _, SqliteConnection,
    connection::SimpleConnection as _, migration::MigrationSource, sqlite::Sqlite,
};
use diesel_async::{AsyncPgConnection, async_connection_wrapper::AsyncConnectionWrapper};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness as _};
use secrecy::ExposeSecret as _;
use tokio::sync::oneshot;

use crate::db::{DatabaseUrl, make_private_file};

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
    Connect(#[from] ConnectionError),
    #[error("cannot create {0}: {1}")]
    File(PathBuf, io::Error),
    #[error("a migration failed: {0}")]
    Run(Box<dyn std::error::Error + Send + Sync>),
    #[error("cannot start a thread for the migrations: {0}")]
    Thread(#[from] io::Error),
    #[error("the migrations stopped half-way; nothing was changed")]
    Stopped(#[from] oneshot::error::RecvError),
}

impl From<diesel::result::Error> for MigrateError {
    fn from(error: diesel::result::Error) -> Self {
        Self::Run(error.into())
    }
}

/// Any number of processes may start at once: they queue for this lock, and all but the first
/// find nothing left to do. It ends with the transaction, so it also works through a pooler.
const POSTGRES_LOCK: &str = "SELECT pg_advisory_xact_lock(7219306458215)";

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
    std::thread::Builder::new().name("migrations".into()).spawn(move || {
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
    let mut conn = AsyncConnectionWrapper::<AsyncPgConnection>::establish(url)?;
    conn.transaction(|conn| {
        diesel::sql_query(POSTGRES_LOCK).execute(conn)?;
        match direction {
            Direction::Up => conn.run_pending_migrations(migrations.postgres).map(drop),
            #[cfg(feature = "testing")]
            Direction::Down => conn.revert_all_migrations(migrations.postgres).map(drop),
        }
        .map_err(MigrateError::Run)
    })
}

fn sqlite(path: &Path, migrations: Migrations, direction: Direction) -> Result<(), MigrateError> {
    make_private_file(path).map_err(|error| MigrateError::File(path.to_owned(), error))?;
    let mut conn = SqliteConnection::establish(&path.to_string_lossy())?;
    conn.batch_execute("PRAGMA busy_timeout = 30000; PRAGMA journal_mode = WAL;")?;
    conn.exclusive_transaction(|conn| {
        match direction {
            Direction::Up => conn.run_pending_migrations(migrations.sqlite).map(drop),
            #[cfg(feature = "testing")]
            Direction::Down => conn.revert_all_migrations(migrations.sqlite).map(drop),
        }
        .map_err(MigrateError::Run)
    })
}
