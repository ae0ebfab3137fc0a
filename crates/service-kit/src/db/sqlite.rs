//! SQLite: one file, and the few threads that work on it.

use std::{
    fs, io, num::NonZero, os::unix::fs::OpenOptionsExt as _, path::Path,
    thread::available_parallelism,
};

use deadpool::managed::BuildError;
use diesel::{
    Connection as _, ConnectionError, ConnectionResult, SqliteConnection,
    connection::SimpleConnection as _,
};
use diesel_async::{
    pooled_connection::{
        AsyncDieselConnectionManager, ManagerConfig, RecyclingMethod,
        deadpool::{Pool, PoolError},
    },
    sync_connection_wrapper::SyncConnectionWrapper,
};
use futures_util::FutureExt as _;
use tokio::runtime::{Builder, Handle, Runtime};

use super::{OpenError, PooledConn, gate::Gate, pool, waits::Waits};

/// A SQLite connection whose calls run on other threads than the requests.
pub type AsyncSqliteConnection = SyncConnectionWrapper<SqliteConnection>;

/// More than threads: one that has done a statement finds the next, and need not be woken for it.
const READERS: usize = 8;
/// FULL makes an acknowledged write survive power loss. The file's own mode is WAL since it was
/// migrated, so that readers work beside the writer.
const PRAGMAS: &str = "PRAGMA busy_timeout = 5000; PRAGMA synchronous = FULL; \
                       PRAGMA foreign_keys = ON; PRAGMA cache_size = -512;";

/// SQLite has one writer at a time: with one connection for writes, writers queue for it here
/// instead of meeting "database is locked".
#[expect(missing_debug_implementations, reason = "the pools have none")]
pub struct Sqlite {
    pub(super) readers: Pool<AsyncSqliteConnection>,
    pub(super) writer: Pool<AsyncSqliteConnection>,
    pub(super) waits: Waits,
    pub(super) gate: Gate,
    /// A writer that waits for the disk keeps no reader from working.
    _threads: [Threads; 2],
}

impl Sqlite {
    /// Makes the file and its folder if they are not there.
    pub(super) fn open(path: &Path) -> Result<Self, OpenError> {
        make_private_file(path).map_err(|error| OpenError::File(path.to_owned(), error))?;
        let cores = available_parallelism().map_or(1, NonZero::get);
        let (reading, writing) = (Threads::new(cores)?, Threads::new(1)?);
        Ok(Self {
            readers: connections(path, &reading, READERS)?,
            writer: connections(path, &writing, 1)?,
            waits: Waits::default(),
            gate: Gate::default(),
            _threads: [reading, writing],
        })
    }

    pub(super) async fn reader(&self) -> Result<PooledConn, PoolError> {
        Ok(PooledConn::Sqlite(self.waits.read.time(self.readers.get()).await?))
    }
}

fn connections(
    path: &Path,
    threads: &Threads,
    count: usize,
) -> Result<Pool<AsyncSqliteConnection>, BuildError> {
    let mut config = ManagerConfig::<AsyncSqliteConnection>::default();
    config.recycling_method = RecyclingMethod::Fast;
    let threads = threads.handle.clone();
    config.custom_setup = Box::new(move |path| connect(path.to_owned(), threads.clone()).boxed());
    let path = path.to_string_lossy();
    pool(AsyncDieselConnectionManager::new_with_config(path, config), count)
}

/// A connection that works on the threads of this runtime.
async fn connect(path: String, threads: Handle) -> ConnectionResult<AsyncSqliteConnection> {
    let opening = threads.spawn_blocking(move || {
        let mut conn = SqliteConnection::establish(&path)?;
        conn.batch_execute(PRAGMAS).map_err(ConnectionError::CouldntSetupConfiguration)?;
        // It keeps to the runtime in which it is wrapped.
        Ok(AsyncSqliteConnection::new(conn))
    });
    opening.await.map_err(|error| ConnectionError::BadConnection(error.to_string()))?
}

/// Threads that end with this value.
struct Threads {
    handle: Handle,
    runtime: Option<Runtime>,
}

impl Threads {
    fn new(count: usize) -> Result<Self, OpenError> {
        let mut builder = Builder::new_current_thread();
        builder.thread_name("sqlite").max_blocking_threads(count);
        let runtime = builder.build().map_err(OpenError::Threads)?;
        Ok(Self { handle: runtime.handle().clone(), runtime: Some(runtime) })
    }
}

impl Drop for Threads {
    fn drop(&mut self) {
        // Waiting is nothing that a thread of another runtime may do.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// Makes a SQLite file and its folder if they are not there. The data is nobody else's to read.
/// A file that is there is not even opened: closing it would end the locks of this process on it.
pub(crate) fn make_private_file(path: &Path) -> io::Result<()> {
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        fs::create_dir_all(folder)?;
    }
    match fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    }
}
