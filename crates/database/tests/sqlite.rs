//! Group commit on SQLite (writes fail separately, and acknowledged writes are durable), abandoned
//! and panicking writes, and database files that are deleted, moved or replaced.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop here")]

use std::{fs, future::Future, path::PathBuf, pin::pin};

use database::{Conn, Database, query};
use diesel::{
    Connection as _, QueryResult, QueryableByName, SqliteConnection,
    connection::SimpleConnection as _,
    result::{DatabaseErrorKind, Error},
    sql_query,
    sql_types::BigInt,
};
use diesel_async::RunQueryDsl as _;
use futures_util::{
    FutureExt as _,
    future::{join, join_all},
};
use tempfile::TempDir;

/// A schema with a deferred constraint, whose violation makes COMMIT fail.
const SCHEMA: &str = "PRAGMA journal_mode = WAL; \
     CREATE TABLE numbers (number INTEGER PRIMARY KEY, parent INTEGER \
         REFERENCES numbers (number) DEFERRABLE INITIALLY DEFERRED);";

struct TestFile {
    database: Database,
    path: PathBuf,
    folder: TempDir,
}

impl TestFile {
    fn create() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("numbers #1 (50%).db");
        let mut conn = SqliteConnection::establish(path.to_str().unwrap()).unwrap();
        conn.batch_execute(SCHEMA).unwrap();
        let url = format!("sqlite://{}", path.display());
        Self { database: Database::open(&url.parse().unwrap()).unwrap(), path, folder }
    }

    async fn insert(&self, number: i64) -> QueryResult<usize> {
        insert(&mut self.database.write().await.unwrap(), number).await
    }

    async fn count(&self) -> i64 {
        count(&mut self.database.read().await.unwrap()).await.unwrap()
    }
}

async fn insert(conn: &mut Conn, number: i64) -> QueryResult<usize> {
    let insert = sql_query("INSERT INTO numbers (number) VALUES (?)").bind::<BigInt, _>(number);
    query!(conn, |c| insert.execute(c))
}

async fn count(conn: &mut Conn) -> QueryResult<i64> {
    #[derive(QueryableByName)]
    struct Count {
        #[diesel(sql_type = BigInt)]
        count: i64,
    }
    let rows = sql_query("SELECT count(*) AS count FROM numbers");
    let rows: Count = query!(conn, |c| rows.get_result(c))?;
    Ok(rows.count)
}

/// Runs `others` in the same group as a transaction, by submitting them while the transaction runs.
/// The transaction inserts a row and ends with `last`. Returns the outcomes of both.
async fn in_one_group<T>(
    file: &TestFile,
    others: impl Future<Output = T>,
    last: impl AsyncFnOnce(&mut Conn) -> QueryResult<()>,
) -> (QueryResult<()>, T) {
    let mut others = pin!(others);
    let mut conn = file.database.write().await.unwrap();
    let transaction = conn.transaction(async |conn| {
        insert(conn, 1000).await?;
        assert!(others.as_mut().now_or_never().is_none(), "the writer is busy");
        last(conn).await
    });
    let outcome = transaction.await;
    (outcome, others.await)
}

fn is_unique_violation(result: &QueryResult<usize>) -> bool {
    matches!(result, Err(Error::DatabaseError(DatabaseErrorKind::UniqueViolation, _)))
}

#[tokio::test]
async fn writes_of_a_group_fail_alone() {
    let file = TestFile::create();
    let writes = join_all((0..64).map(|number| file.insert(number % 32)));
    let (outcome, results) = in_one_group(&file, writes, async |_conn| Ok(())).await;
    outcome.unwrap();
    assert_eq!(results.iter().filter(|result| matches!(result, Ok(1))).count(), 32);
    assert_eq!(results.iter().filter(|result| is_unique_violation(result)).count(), 32);
    assert_eq!(file.count().await, 33);
}

#[tokio::test]
async fn a_transaction_that_fails_takes_no_other_write_with_it() {
    let file = TestFile::create();
    let (outcome, result) = in_one_group(&file, file.insert(1), async |conn| {
        insert(conn, 2).await?;
        Err(Error::RollbackTransaction)
    })
    .await;
    assert_eq!(outcome, Err(Error::RollbackTransaction));
    assert_eq!(result, Ok(1));
    assert_eq!(file.count().await, 1);
}

#[tokio::test]
async fn a_transaction_that_is_dropped_half_way_is_rolled_back() {
    let file = TestFile::create();
    let mut conn = file.database.write().await.unwrap();
    let (sender, written) = tokio::sync::oneshot::channel();
    let transaction = conn.transaction(async |conn| {
        insert(conn, 1).await?;
        sender.send(()).unwrap();
        std::future::pending::<QueryResult<()>>().await
    });
    tokio::select! {
        _ = transaction => unreachable!("it is dropped before"),
        written = written => written.unwrap(),
    }
    assert_eq!(file.insert(2).await, Ok(1));
    assert_eq!(file.count().await, 1);
}

#[tokio::test]
async fn a_commit_that_fails_acknowledges_nothing() {
    let file = TestFile::create();
    let writes = join(file.insert(1), file.insert(2));
    let group = in_one_group(&file, writes, async |conn| {
        let orphan = sql_query("INSERT INTO numbers (number, parent) VALUES (3, 999)");
        query!(conn, |c| orphan.execute(c)).map(drop)
    });
    let (outcome, (first, second)) = Box::pin(group).await;
    assert!(outcome.is_err(), "the constraint is checked");
    // On a busy machine, the group may end before these writes arrive. They then succeed although
    // the transaction fails.
    let acknowledged = [first, second].iter().filter(|write| write.is_ok()).count();
    assert_eq!(usize::try_from(file.count().await), Ok(acknowledged));
    assert_eq!(file.insert(4).await, Ok(1));
    assert!(file.database.is_ready(&[]).await);
}

#[tokio::test]
async fn a_write_is_not_begun_after_its_request_has_ended() {
    let file = TestFile::create();
    let mut abandoned = Box::pin(file.insert(1));
    let (outcome, _) = in_one_group(&file, file.insert(3), async |_conn| {
        assert!(abandoned.as_mut().now_or_never().is_none(), "the writer is busy");
        drop(abandoned);
        Ok(())
    })
    .await;
    outcome.unwrap();
    assert_eq!(file.insert(2).await, Ok(1));
    assert_eq!(file.count().await, 3, "1000, 3 and 2");
}

#[tokio::test]
async fn a_panic_ends_one_statement_only() {
    let file = TestFile::create();
    let mut conn = file.database.write().await.unwrap();
    let Conn::Sqlite(conn) = &mut conn else { unreachable!("this is SQLite") };
    let result: QueryResult<()> = conn.spawn_blocking(|_conn| panic!("a fault of ours")).await;
    assert!(result.is_err());
    assert_eq!(file.insert(1).await, Ok(1));
    assert_eq!(file.count().await, 1);
}

#[tokio::test]
async fn detects_a_deleted_file_and_recovers_when_it_is_restored() {
    let file = TestFile::create();
    assert_eq!(file.insert(1).await, Ok(1));
    assert!(file.database.is_ready(&[]).await);
    let elsewhere = file.folder.path().join("elsewhere");
    fs::rename(&file.path, &elsewhere).unwrap();
    assert!(!file.database.is_ready(&[]).await);
    assert!(file.insert(2).await.is_err());
    assert!(!file.path.exists(), "no file is made in its place");
    fs::rename(&elsewhere, &file.path).unwrap();
    assert_eq!(file.insert(3).await, Ok(1));
    assert_eq!(file.count().await, 2);
}

#[tokio::test]
async fn does_not_acknowledge_a_write_to_a_just_deleted_file() {
    let file = TestFile::create();
    assert_eq!(file.insert(1).await, Ok(1));
    fs::remove_file(&file.path).unwrap();
    assert!(file.insert(2).await.is_err());
    assert!(!file.database.is_ready(&[]).await);
}

#[tokio::test]
async fn a_file_that_is_replaced_is_opened_when_the_old_log_is_gone() {
    let (file, other) = (TestFile::create(), TestFile::create());
    assert_eq!(file.insert(1).await, Ok(1));
    fs::rename(&other.path, &file.path).unwrap();
    assert!(file.insert(2).await.is_err(), "the log belongs to the old file");
    for suffix in ["-wal", "-shm"] {
        let mut path = file.path.clone().into_os_string();
        path.push(suffix);
        fs::remove_file(path).unwrap();
    }
    assert_eq!(file.insert(3).await, Ok(1));
    assert_eq!(file.count().await, 1);
}

#[tokio::test]
async fn a_write_that_fails_for_another_reason_fails_alone() {
    let file = TestFile::create();
    let unknown = async {
        let mut conn = file.database.write().await.unwrap();
        let statement = sql_query("INSERT INTO missing (number) VALUES (1)");
        query!(&mut conn, |c| statement.execute(c))
    };
    let mut writes = pin!(join(unknown, file.insert(1)));
    assert!(writes.as_mut().now_or_never().is_none(), "both are waiting for the thread");
    let (unknown, insert) = writes.await;
    assert!(unknown.is_err());
    assert_eq!(insert, Ok(1));
    assert_eq!(file.count().await, 1);
}
