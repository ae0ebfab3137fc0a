//! SQLite: one file, and the threads that work on it.
//!
//! Each thread has its own connection. One thread writes; long reads have threads of their own.

mod connection;
mod file;
mod health;
mod queue;
mod reader;
mod seat;
mod statement;
mod writer;

pub use self::connection::AsyncSqliteConnection;

use std::{
    fs, io,
    num::NonZero,
    os::unix::fs::OpenOptionsExt as _,
    path::Path,
    sync::Arc,
    thread::{self, available_parallelism},
};

use diesel::{
    Connection as _, ConnectionError, ConnectionResult, SqliteConnection,
    connection::SimpleConnection as _,
};
use settings::ownership::{self, PathError};
use tokio::sync::oneshot;

use self::{
    file::{Access, DatabaseFile},
    health::Health,
    queue::{Queue, Threads},
    seat::Seat,
};
use super::{
    OpenError,
    gate::Gate,
    waits::{Wait, Waits},
};

/// Minimum number of readers: while a slow disk blocks one, the other continues.
const MIN_READERS: usize = 2;
/// Number of threads for reads that may take a long time.
const LONG_READERS: usize = 2;

/// A SQLite database. SQLite allows one writer at a time: with a single connection for writes,
/// writers wait in a queue instead of failing on a locked database.
#[expect(missing_debug_implementations, reason = "queued statements are not Debug")]
pub struct Sqlite {
    readers: Threads,
    long_readers: Threads,
    writer: Threads,
    health: Health,
    pub(super) waits: Waits,
    pub(super) gate: Gate,
}

impl Sqlite {
    /// Opens the database. Creates the file and its directory if they do not exist.
    pub(super) fn open(path: &Path) -> Result<Self, OpenError> {
        make_private_file(path)?;
        let cores = available_parallelism().map_or(1, NonZero::get);
        let file = Arc::new(DatabaseFile::new(path));
        let (waits, health) = (Waits::default(), Health::new(Arc::clone(&file)));
        let read = |count, wait: &Arc<Wait>| {
            start(count, &file, Access::Read, wait, reader::serve).map_err(OpenError::Threads)
        };
        let is_doubtful = health.is_doubtful();
        let write = move |seat| writer::serve(seat, &is_doubtful);
        Ok(Self {
            readers: read(cores.max(MIN_READERS), &waits.read)?,
            long_readers: read(LONG_READERS, &waits.long_read)?,
            writer: start(1, &file, Access::Write, &waits.write, write)
                .map_err(OpenError::Threads)?,
            health,
            waits,
            gate: Gate::default(),
        })
    }

    pub(super) fn read(&self) -> AsyncSqliteConnection {
        AsyncSqliteConnection::pooled(&self.readers)
    }

    pub(super) fn read_at_leisure(&self) -> AsyncSqliteConnection {
        AsyncSqliteConnection::pooled(&self.long_readers)
    }

    pub(super) fn write(&self) -> AsyncSqliteConnection {
        AsyncSqliteConnection::pooled(&self.writer)
    }

    /// Returns whether statements are likely to succeed.
    pub(super) async fn is_ready(&self) -> bool {
        self.health.check(&self.readers.0, &self.writer.0, &self.gate).await
    }
}

/// Starts the threads of a pool. Each opens its connection on first use.
fn start(
    count: usize,
    file: &Arc<DatabaseFile>,
    access: Access,
    wait: &Arc<Wait>,
    serve: impl FnOnce(Seat) + Clone + Send + 'static,
) -> io::Result<Threads> {
    let threads = Threads(Arc::new(Queue::new(count)));
    for thread in 0..count {
        let seat = Seat {
            queue: Arc::clone(&threads.0),
            thread,
            file: Some(Arc::clone(file)),
            access,
            wait: Arc::clone(wait),
            opened: None,
            checked: None,
        };
        let serve = serve.clone();
        thread::Builder::new().name("sqlite".into()).spawn(move || serve(seat))?;
    }
    Ok(threads)
}

impl AsyncSqliteConnection {
    /// Opens a connection to the file at a path or `file:` URI, outside of any pool.
    pub async fn establish(address: &str) -> ConnectionResult<Self> {
        let bad = |reason: &dyn ToString| ConnectionError::BadConnection(reason.to_string());
        let threads = Threads(Arc::new(Queue::new(1)));
        let (queue, address) = (Arc::clone(&threads.0), address.to_owned());
        let (sender, opened) = oneshot::channel();
        let open = move || match open_single(&address) {
            Ok(conn) => {
                let _ = sender.send(Ok(()));
                reader::serve(Seat::foreign(queue, conn));
            }
            Err(error) => {
                let _ = sender.send(Err(error));
            }
        };
        thread::Builder::new().name("sqlite".into()).spawn(open).map_err(|error| bad(&error))?;
        opened.await.map_err(|error| bad(&error))??;
        Ok(Self::single(threads))
    }
}

fn open_single(address: &str) -> ConnectionResult<SqliteConnection> {
    let mut conn = SqliteConnection::establish(address)?;
    // Another process may be opening or closing the file at this moment.
    conn.batch_execute("PRAGMA busy_timeout = 5000")
        .map_err(ConnectionError::CouldntSetupConfiguration)?;
    Ok(conn)
}

/// Creates a SQLite file, accessible to its owner only, and its directory if they do not exist. If
/// the file exists, checks that both are writable: the directory is needed for the write-ahead log.
/// An existing file is not even opened, because closing it would release this process's locks on
/// it.
pub(crate) fn make_private_file(path: &Path) -> Result<(), PathError> {
    let failed = |error| PathError::new(path, error);
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    fs::create_dir_all(folder).map_err(failed)?;
    match fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            ownership::check_file(path)?;
            ownership::check_folder(folder)
        }
        made => made.map(drop).map_err(failed),
    }
}
