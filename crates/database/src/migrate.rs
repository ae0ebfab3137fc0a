//! Schema migrations.

mod apply;
mod conflict;
mod error;
mod footprint;
mod history;
mod migrations;
mod pending;
mod plan;
mod schema;

pub use self::{
    conflict::Conflict, error::MigrateError, history::History, migrations::Migrations,
    pending::check, plan::Plan,
};

use std::{
    path::Path,
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use diesel::{
    Connection as _, RunQueryDsl as _, SqliteConnection, connection::SimpleConnection as _,
};
use diesel_async::async_connection_wrapper::AsyncConnectionWrapper;
use tokio::sync::oneshot;

use self::{
    apply::{Direction, apply, find_conflict},
    history::{CATALOGUE_OF_POSTGRES, CATALOGUE_OF_SQLITE},
};
use crate::{DatabaseUrl, PgConn, PostgresUrl, make_private_file, postgres_connect::Session};

/// SQL that takes the lock for migrations. Concurrent processes wait for it, and all but the first
/// find nothing left to do. The lock ends with the transaction, so it also works through a pooler.
const POSTGRES_LOCK: &str = "SELECT pg_advisory_xact_lock(7219306458215)";

/// Maximum wait for the lock on PostgreSQL. If it is exceeded at startup, the service tries again.
const LOCK_TIMEOUT: Duration = Duration::from_secs(30);
const CHECK_TIMEOUT: Duration = Duration::from_secs(5);

/// Maximum wait until other processes release a lock on the SQLite file.
const SQLITE_PATIENCE: Duration = Duration::from_secs(30);
const SQLITE_PAUSE: Duration = Duration::from_millis(5);

/// Runs pending migrations in one transaction, under a lock.
pub async fn run(
    url: &DatabaseUrl,
    migrations: impl Into<Arc<Migrations>>,
) -> Result<(), MigrateError> {
    on_own_thread(url.clone(), migrations.into(), Direction::Up).await
}

/// Reverts all migrations. No command does this, because it loses all data.
#[cfg(feature = "testing")]
pub async fn revert(url: &DatabaseUrl, migrations: Migrations) -> Result<(), MigrateError> {
    on_own_thread(url.clone(), migrations.into(), Direction::DownTo("")).await
}

/// Reverts every migration after `version`.
#[cfg(feature = "testing")]
pub async fn revert_to(
    url: &DatabaseUrl,
    migrations: Migrations,
    version: &'static str,
) -> Result<(), MigrateError> {
    on_own_thread(url.clone(), migrations.into(), Direction::DownTo(version)).await
}

/// Runs or reverts migrations on a separate thread: migrations block the thread, and those of
/// PostgreSQL also start a runtime, which is impossible on a thread of another runtime.
async fn on_own_thread(
    url: DatabaseUrl,
    migrations: Arc<Migrations>,
    direction: Direction,
) -> Result<(), MigrateError> {
    let (done, outcome) = oneshot::channel();
    thread::Builder::new().name("migrations".into()).spawn(move || {
        // The receiver may have been dropped.
        let _ = done.send(match url {
            DatabaseUrl::Postgres(url) => postgres(&url, &migrations, direction),
            DatabaseUrl::Sqlite(path) => sqlite(&path, &migrations, direction),
        });
    })?;
    outcome.await?
}

fn postgres(
    url: &PostgresUrl,
    migrations: &Migrations,
    direction: Direction,
) -> Result<(), MigrateError> {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let _guard = runtime.enter();
    let mut conn = AsyncConnectionWrapper::<PgConn>::from(runtime.block_on(connect(url))?);
    let outcome = conn.transaction(|conn| {
        conn.set_time_limit(Some(LOCK_TIMEOUT));
        diesel::sql_query(POSTGRES_LOCK).execute(conn)?;
        conn.set_time_limit(None);
        schema::enter(conn, url)?;
        apply(conn, CATALOGUE_OF_POSTGRES, migrations, &migrations.postgres, direction)
    });
    match outcome {
        Err(MigrateError::Run(error)) if !answers(&mut conn) => Err(MigrateError::Lost(error)),
        outcome => outcome,
    }
}

fn answers(conn: &mut AsyncConnectionWrapper<PgConn>) -> bool {
    conn.set_time_limit(Some(CHECK_TIMEOUT));
    diesel::sql_query("SELECT 1").execute(conn).is_ok()
}

async fn connect(url: &PostgresUrl) -> Result<PgConn, MigrateError> {
    Ok(PgConn::open(url, Session::Migrations).await?)
}

fn sqlite(path: &Path, migrations: &Migrations, direction: Direction) -> Result<(), MigrateError> {
    make_private_file(path)?;
    let mut conn = SqliteConnection::establish(&path.to_string_lossy())?;
    conn.batch_execute(&format!("PRAGMA busy_timeout = {};", SQLITE_PATIENCE.as_millis()))?;
    // Checks for conflicts first, so that another application's file is not switched to WAL mode.
    find_conflict(&mut conn, CATALOGUE_OF_SQLITE, migrations)?;
    use_wal(&mut conn)?;
    conn.exclusive_transaction(|conn| {
        apply(conn, CATALOGUE_OF_SQLITE, migrations, &migrations.sqlite, direction)
    })
}

/// Switches the file to WAL mode permanently. Retries, because SQLite does not wait for a lock when
/// two processes change the mode at the same time.
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
