//! The file of a database, and detection of its replacement.
//!
//! SQLite keeps using a file that was deleted or replaced, and would acknowledge writes that are
//! then lost.

use std::{
    ffi::OsString,
    fs, io, mem,
    os::unix::{ffi::OsStrExt as _, fs::MetadataExt as _},
    path::{Path, PathBuf},
    sync::atomic::{AtomicBool, Ordering},
};

use diesel::{
    Connection as _, QueryResult, QueryableByName, RunQueryDsl as _, SqliteConnection,
    connection::SimpleConnection as _, result::Error, sql_query, sql_types::Text,
};
use parking_lot::Mutex;
use percent_encoding::{NON_ALPHANUMERIC, percent_encode};
use tracing::{error, info};

use super::statement::outage;

/// Settings of every pooled connection. `synchronous = FULL` makes acknowledged writes survive a
/// power loss. WAL mode, in which readers do not block the writer, is set by the migrations and
/// stored in the file.
const PRAGMAS: &str = "PRAGMA busy_timeout = 5000; PRAGMA synchronous = FULL; \
                       PRAGMA foreign_keys = ON;";
/// A read that makes SQLite open the write-ahead log.
const FIRST_READ: &str = "SELECT 1 FROM sqlite_schema LIMIT 1;";

const REMOVED: &str = "the database file was removed";
const REPLACED: &str = "the database file was replaced";
/// Error for a log left over from a replaced file. SQLite would apply the changes in the log to the
/// new file.
const LEFT_OVER: &str = "the -wal file belongs to the database that was replaced; remove it";

/// Error for a removed log: connections that still use it and those with a new log would not see
/// each other's changes.
const LOG_LOST: &str = "the -wal file was removed; restart the service to create a new one";

/// Access mode of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Access {
    Read,
    Write,
}

impl Access {
    /// Returns the settings for this access mode. The writer's page cache is larger, to hold a
    /// group of writes.
    fn pragmas(self) -> &'static str {
        match self {
            Self::Read => "PRAGMA cache_size = -512; PRAGMA query_only = ON;",
            Self::Write => "PRAGMA cache_size = -2048;",
        }
    }
}

/// Path of a database, and the identity of the files last opened there.
pub(super) struct DatabaseFile {
    path: PathBuf,
    /// Path of the write-ahead log.
    wal: PathBuf,
    /// The database file that any thread opened last, and its write-ahead log if there was one.
    known: Mutex<Option<(FileId, Option<FileId>)>>,
    /// Whether a problem with the file has been logged and has not been resolved since.
    is_reported: AtomicBool,
}

/// Identity of a file, regardless of its name, and whether the file is empty.
#[derive(Clone, Copy, PartialEq, Eq)]
struct FileId {
    device: u64,
    inode: u64,
    is_empty: bool,
}

/// A connection and the files that it has open.
pub(super) struct Opened {
    pub(super) conn: SqliteConnection,
    files: Option<OpenedFiles>,
}

struct OpenedFiles {
    database: FileId,
    /// `None` until the migrations have switched the file to WAL mode.
    wal: Option<FileId>,
    is_rescued: bool,
}

#[derive(QueryableByName)]
struct JournalMode {
    #[diesel(sql_type = Text)]
    journal_mode: String,
}

/// Reasons why a connection can no longer be used.
enum Displaced {
    /// The path names another database, which can be opened instead.
    Replaced,
    /// The database file or its log is missing, or must not be used.
    Unusable(&'static str),
}

impl DatabaseFile {
    pub(super) fn new(path: &Path) -> Self {
        // SQLite keeps the log beside the file itself, not beside a symbolic link to it.
        let mut wal: OsString = fs::canonicalize(path).unwrap_or_else(|_error| path.into()).into();
        wal.push("-wal");
        Self {
            path: path.to_owned(),
            wal: wal.into(),
            known: Mutex::default(),
            is_reported: AtomicBool::new(false),
        }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Opens the file without creating it.
    pub(super) fn open(&self, access: Access) -> QueryResult<Opened> {
        let mut known = self.known.lock();
        let before = FileId::of(&self.path).map_err(|_error| self.report(REMOVED))?;
        if let Some((database, old)) = *known {
            // As long as another thread has a connection in WAL mode to a file, its log exists,
            // unless someone has removed it.
            match (before.is_same(database), is_same(FileId::of(&self.wal).ok(), old)) {
                (false, true) => return Err(self.report(LEFT_OVER)),
                (true, false) if old.is_some() => return Err(self.report(LOG_LOST)),
                _ => {}
            }
        }
        let path = percent_encode(self.path.as_os_str().as_bytes(), NON_ALPHANUMERIC);
        let mut conn = SqliteConnection::establish(&format!("file:{path}?mode=rw"))
            .map_err(|error| outage(&error))?;
        conn.batch_execute(PRAGMAS)?;
        conn.batch_execute(access.pragmas())?;
        let wal = self.opened_log(&mut conn)?;
        let database = FileId::of(&self.path).map_err(|error| outage(&error))?;
        if !database.is_same(before) {
            return Err(outage("the database file is being replaced"));
        }
        *known = Some((database, wal));
        let files = OpenedFiles { database, wal, is_rescued: false };
        Ok(Opened { conn, files: Some(files) })
    }

    /// Makes a connection open the write-ahead log, and returns the log's identity. Returns `None`
    /// if the connection does not use WAL mode yet. Such a connection does not keep an existing log
    /// open, so the log is deleted when the other connections close.
    fn opened_log(&self, conn: &mut SqliteConnection) -> QueryResult<Option<FileId>> {
        conn.batch_execute(FIRST_READ)?;
        let mode: JournalMode = sql_query("PRAGMA journal_mode").get_result(conn)?;
        Ok(if mode.journal_mode == "wal" { FileId::of(&self.wal).ok() } else { None })
    }

    /// Keeps the connection if its files are still those at the path. Opens a new one if none is
    /// open or if the path now names another database. Returns an error if no database is usable.
    pub(super) fn ensure(&self, opened: &mut Option<Opened>, access: Access) -> QueryResult<()> {
        match opened.as_mut().and_then(|opened| self.displacement(opened)) {
            None => {}
            Some(Displaced::Replaced) => {
                self.report(REPLACED);
                if let Some(old) = opened.take() {
                    // Closing the connection would delete a write-ahead log by its name, which may
                    // now be that of the new file.
                    mem::forget(old.conn);
                }
            }
            Some(Displaced::Unusable(reason)) => return Err(self.report(reason)),
        }
        if opened.is_none() {
            *opened = Some(self.open(access)?);
        }
        if self.is_doubtful() && self.is_reported.swap(false, Ordering::Relaxed) {
            info!(file.path = %self.path.display(), "database file is usable again");
        }
        Ok(())
    }

    /// Returns an error if the file that the connection writes to is no longer the file at the
    /// path.
    pub(super) fn check(&self, opened: &Opened) -> QueryResult<()> {
        let Some(files) = &opened.files else { return Ok(()) };
        match FileId::of(&self.path) {
            Ok(found) if found.is_same(files.database) => Ok(()),
            Ok(_) => Err(self.report(REPLACED)),
            Err(_) => Err(self.report(REMOVED)),
        }
    }

    /// Returns whether a thread has found the file unusable, and none has found it usable since.
    pub(super) fn is_doubtful(&self) -> bool {
        self.is_reported.load(Ordering::Relaxed)
    }

    fn displacement(&self, opened: &mut Opened) -> Option<Displaced> {
        let files = opened.files.as_mut()?;
        let wal = FileId::of(&self.wal).ok();
        let Ok(database) = FileId::of(&self.path) else {
            return Some(Displaced::Unusable(REMOVED));
        };
        if !database.is_same(files.database) {
            return Some(if is_same(wal, files.wal) {
                Displaced::Unusable(LEFT_OVER)
            } else {
                Displaced::Replaced
            });
        }
        if database.is_empty && !files.database.is_empty {
            return Some(Displaced::Unusable("the database file was truncated"));
        }
        files.database = database;
        match (files.wal, wal) {
            (None, None) => {}
            (None, Some(_)) => files.wal = self.opened_log(&mut opened.conn).ok().flatten(),
            (Some(old), Some(wal)) if wal.is_same(old) => {}
            (Some(_), _) => {
                if !mem::replace(&mut files.is_rescued, true) {
                    // Moves acknowledged writes from the lost log into the database.
                    let _ = opened.conn.batch_execute("PRAGMA wal_checkpoint;");
                }
                return Some(Displaced::Unusable(LOG_LOST));
            }
        }
        None
    }

    fn report(&self, reason: &str) -> Error {
        if !self.is_reported.swap(true, Ordering::Relaxed) {
            error!(file.path = %self.path.display(), error = reason, "database file is not usable");
        }
        outage(reason)
    }
}

/// Returns whether both files exist and are the same file.
fn is_same(one: Option<FileId>, other: Option<FileId>) -> bool {
    one.zip(other).is_some_and(|(one, other)| one.is_same(other))
}

impl FileId {
    fn of(path: &Path) -> io::Result<Self> {
        let metadata = fs::metadata(path)?;
        let (device, inode) = (metadata.dev(), metadata.ino());
        Ok(Self { device, inode, is_empty: metadata.len() == 0 })
    }

    fn is_same(self, other: Self) -> bool {
        self.device == other.device && self.inode == other.inode
    }
}

impl Opened {
    /// Wraps a connection outside of any pool, whose files are not checked.
    pub(super) fn foreign(conn: SqliteConnection) -> Self {
        Self { conn, files: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_that_only_another_connection_had_open_is_not_missed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("data.db");
        fs::write(&path, "").unwrap();
        let file = DatabaseFile::new(&path);
        let mut opened = Some(file.open(Access::Read).unwrap());
        let mut migrations = SqliteConnection::establish(&path.to_string_lossy()).unwrap();
        migrations
            .batch_execute("PRAGMA journal_mode = WAL; CREATE TABLE tasks (id TEXT);")
            .unwrap();
        file.ensure(&mut opened, Access::Read).unwrap();
        // The second link prevents a new file from getting the same inode number.
        fs::hard_link(folder.path().join("data.db-wal"), folder.path().join("deleted")).unwrap();
        drop(migrations);
        let mut another = None;
        file.ensure(&mut another, Access::Read).unwrap();
        file.ensure(&mut opened, Access::Read).unwrap();
    }
}
