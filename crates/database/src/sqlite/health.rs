//! Readiness of a SQLite database.

use std::{
    path::Path,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use diesel::{
    QueryResult, QueryableByName, RunQueryDsl as _, SqliteConnection,
    connection::SimpleConnection as _,
    sql_types::{Integer, Text},
};
use futures_util::future::try_join_all;
use tokio::time::timeout;

use super::{
    connection::receive,
    file::DatabaseFile,
    queue::Queue,
    statement::{Job, Statement, outage},
};
use crate::gate::Gate;

const CHECK_TIMEOUT: Duration = Duration::from_millis(2500);
/// Free space below which a disk counts as full after a failed write.
const MIN_FREE_BYTES: u64 = 1024 * 1024;

const TABLES: &str =
    "SELECT name FROM sqlite_schema WHERE type = 'table' AND rootpage > 0 ORDER BY name";

/// State of a database according to earlier checks and writes.
pub(super) struct Health {
    file: Arc<DatabaseFile>,
    /// Whether a write has failed for a reason that may affect other writes, and no check has
    /// written successfully since.
    is_doubtful: Arc<AtomicBool>,
    /// The tables found by the first check for which the schema was known to exist.
    tables: OnceLock<Vec<String>>,
}

#[derive(QueryableByName)]
struct Table {
    #[diesel(sql_type = Text)]
    name: String,
}

#[derive(QueryableByName)]
struct UserVersion {
    #[diesel(sql_type = Integer)]
    user_version: i32,
}

impl Health {
    pub(super) fn new(file: Arc<DatabaseFile>) -> Self {
        Self { file, is_doubtful: Arc::default(), tables: OnceLock::new() }
    }

    pub(super) fn is_doubtful(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.is_doubtful)
    }

    /// Returns whether every reader can read all tables, no table is missing and, if a write has
    /// failed, the writer can write again.
    pub(super) async fn check(&self, readers: &Queue, writer: &Queue, gate: &Gate) -> bool {
        let check = async {
            let found = read_tables(readers).await?;
            if gate.pass().is_ok() {
                let expected = self.tables.get_or_init(|| found.clone());
                if expected.iter().any(|table| !found.contains(table)) {
                    return Err(outage("a table is missing"));
                }
            }
            if self.is_doubtful.load(Ordering::Relaxed) {
                write(writer, self.file.path()).await?;
                self.is_doubtful.store(false, Ordering::Relaxed);
            }
            QueryResult::Ok(())
        };
        matches!(timeout(CHECK_TIMEOUT, check).await, Ok(Ok(())))
    }
}

/// Returns the names of all tables, or an error if a reader cannot read all of them.
async fn read_tables(readers: &Queue) -> QueryResult<Vec<String>> {
    let mut results = Vec::new();
    readers.push_to_each(|| {
        let (mut statement, result) = Statement::new(true, touch_tables);
        statement.checks_file = true;
        results.push(receive(result, None));
        Job::Statement(statement)
    });
    let mut found = try_join_all(results).await?;
    found.pop().ok_or_else(|| outage("there are no readers"))
}

fn touch_tables(conn: &mut SqliteConnection) -> QueryResult<Vec<String>> {
    let tables: Vec<Table> = diesel::sql_query(TABLES).load(conn)?;
    for Table { name } in &tables {
        let name = name.replace('"', "\"\"");
        conn.batch_execute(&format!("SELECT 1 FROM \"{name}\" LIMIT 1"))?;
    }
    Ok(tables.into_iter().map(|table| table.name).collect())
}

/// Rewrites an existing value, which reaches the disk like any other write. Returns an error
/// without writing if the disk is almost full.
async fn write(writer: &Queue, path: &Path) -> QueryResult<()> {
    let disk = rustix::fs::statvfs(path).map_err(|error| outage(&error))?;
    if disk.f_bavail.saturating_mul(disk.f_frsize) < MIN_FREE_BYTES {
        return Err(outage("the disk is full"));
    }
    let work = |conn: &mut SqliteConnection| {
        let current: UserVersion = diesel::sql_query("PRAGMA user_version").get_result(conn)?;
        conn.batch_execute(&format!("PRAGMA user_version = {}", current.user_version))
    };
    let (statement, result) = Statement::new(false, work);
    writer.push(Job::Statement(statement))?;
    receive(result, None).await
}
