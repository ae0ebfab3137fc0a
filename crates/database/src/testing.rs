//! One temporary database per test, on each engine.
//!
//! It is a copy of a migrated template: on SQLite, a file in a temporary folder, and on PostgreSQL,
//! a database on the server of `TEST_DATABASE_URL`, whose role must be allowed to create databases;
//! the copy is dropped at the end of the test. Without that variable, PostgreSQL tests are skipped
//! with a message; if `CI` is set, they fail instead.

#![expect(clippy::expect_used, reason = "a test that has no database should stop here")]

mod role;

use std::{fmt, fs, hash::Hasher as _, io::Write as _, sync::Once};

use diesel::{QueryableByName, migration::MigrationSource, pg::Pg, sql_types::Text};
use diesel_async::RunQueryDsl as _;
use tempfile::TempDir;
use tokio::sync::OnceCell;
use uuid::Uuid;

use crate::{
    Database, DatabaseUrl, make_private_file,
    migrate::{self, Migrations},
    postgres_connect::{Connected, Session, connect as connect_to},
    query,
};

/// Environment variable with the URL of the PostgreSQL server for tests.
const SERVER_VARIABLE: &str = "TEST_DATABASE_URL";
/// Environment variable with the address (`host:port`) of a pooler in front of the server. If it is
/// set, the services connect to the pooler.
const POOLER_VARIABLE: &str = "TEST_DATABASE_POOLER";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    Postgres,
    Sqlite,
}

/// A migrated database, which is deleted when this value is dropped.
pub struct TestDatabase {
    pub engine: Engine,
    pub url: DatabaseUrl,
    home: Home,
}

enum Home {
    Folder { _keep: TempDir },
    Server { server: String, name: String },
}

impl fmt::Debug for TestDatabase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.url.fmt(f)
    }
}

impl TestDatabase {
    /// Creates a migrated database. Returns `None` for PostgreSQL if no server is configured.
    pub async fn create(engine: Engine, migrations: Migrations) -> Option<Self> {
        match engine {
            Engine::Sqlite => Some(Self::in_a_folder(migrations).await),
            Engine::Postgres => Some(Self::on_a_server(server()?, migrations).await),
        }
    }

    async fn in_a_folder(migrations: Migrations) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let file = folder.path().join("test.db");
        make_private_file(&file).expect("a file can be created");
        fs::write(&file, migrated_file(migrations).await).expect("a file can be written");
        let url = DatabaseUrl::Sqlite(file);
        Self { engine: Engine::Sqlite, url, home: Home::Folder { _keep: folder } }
    }

    async fn on_a_server(server: String, migrations: Migrations) -> Self {
        let template = template(&server, migrations).await;
        let name = format!("test_{}", Uuid::now_v7().simple());
        admin(&server, &format!("CREATE DATABASE {name} TEMPLATE {template}")).await;
        let url = url_for_services(&server, &name).parse();
        let url = url.expect("it is the URL of a PostgreSQL");
        Self { engine: Engine::Postgres, url, home: Home::Server { server, name } }
    }

    /// Creates an empty migrated database on the other engine if it is available, or else on the
    /// same one.
    pub async fn elsewhere(&self, migrations: Migrations) -> Self {
        if self.engine == Engine::Postgres {
            return Self::in_a_folder(migrations).await;
        }
        match server() {
            Some(server) => Self::on_a_server(server, migrations).await,
            None => Self::in_a_folder(migrations).await,
        }
    }

    /// Returns a table's columns as `name type [not null]`, sorted; empty if the table does not
    /// exist.
    pub async fn columns(&self, table: &str) -> Vec<String> {
        let description = match self.engine {
            Engine::Postgres => {
                "SELECT column_name || ' ' || data_type || \
                 CASE is_nullable WHEN 'NO' THEN ' not null' ELSE '' END AS text \
                 FROM information_schema.columns WHERE table_name = "
            }
            Engine::Sqlite => {
                "SELECT name || ' ' || lower(type) || \
                 CASE \"notnull\" WHEN 1 THEN ' not null' ELSE '' END AS text \
                 FROM pragma_table_info WHERE arg = "
            }
        };
        self.texts(&format!("{description}'{table}' ORDER BY 1")).await
    }

    /// Runs a query and returns the values of its column `text`.
    pub async fn texts(&self, query: &str) -> Vec<String> {
        #[derive(QueryableByName)]
        struct Selected {
            #[diesel(sql_type = Text)]
            text: String,
        }

        let query = diesel::sql_query(query);
        let database = Database::open(&self.url).expect("the database can be opened");
        let conn = &mut database.read().await.expect("the database answers");
        let rows: Vec<Selected> = query!(conn, |c| query.load(c)).expect("the query runs");
        rows.into_iter().map(|row| row.text).collect()
    }

    /// Executes a statement on the database, bypassing the service.
    pub async fn change(&self, statement: &str) {
        let database = Database::open(&self.url).expect("the database can be opened");
        let mut conn = database.write().await.expect("the database answers");
        let statement = diesel::sql_query(statement);
        query!(&mut conn, |c| statement.execute(c)).expect("the statement runs");
    }

    /// Returns the URL as a string, for child processes.
    pub fn url(&self) -> String {
        match (&self.home, &self.url) {
            (Home::Server { server, name }, _) => url_for_services(server, name),
            (Home::Folder { .. }, url) => format!("{url:?}"),
        }
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        let Home::Server { server, name } = &self.home else { return };
        let (server, drop) = (server.clone(), format!("DROP DATABASE {name} WITH (FORCE)"));
        // `block_on` panics on a thread that already runs an async runtime, so another thread calls it.
        let dropped = std::thread::spawn(move || {
            tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .expect("a runtime starts")
                .block_on(admin(&server, &drop));
        });
        let is_clean = dropped.join().is_ok();
        assert!(is_clean || std::thread::panicking(), "the test database could not be dropped");
    }
}

#[expect(clippy::disallowed_methods, reason = "tests have no main function to read it")]
fn server() -> Option<String> {
    static SAY_ONCE: Once = Once::new();
    if let Ok(server) = std::env::var(SERVER_VARIABLE) {
        return Some(server);
    }
    assert!(std::env::var("CI").is_err(), "{SERVER_VARIABLE} is not set, and CI skips nothing");
    SAY_ONCE.call_once(|| {
        // Bypasses the test harness, which would capture the output of `println!`.
        let _ = writeln!(
            std::io::stderr(),
            "skipped: the PostgreSQL suite ({SERVER_VARIABLE} is not set; `cargo xtask test` runs it)"
        );
    });
    None
}

/// Returns the content of a migrated SQLite file, which is created once per process: all tests of a
/// process use the same migrations.
async fn migrated_file(migrations: Migrations) -> &'static [u8] {
    static FILE: OnceCell<Vec<u8>> = OnceCell::const_new();
    FILE.get_or_init(async || {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let file = folder.path().join("template.db");
        let url = DatabaseUrl::Sqlite(file.clone());
        migrate::run(&url, migrations).await.expect("the SQLite migrations run");
        // The connection of the migrations, which was the only one, has emptied the log of the file.
        fs::read(file).expect("the file can be read")
    })
    .await
}

/// Returns the name of the migrated template database, which is created once per process.
async fn template(server: &str, migrations: Migrations) -> String {
    static TEMPLATE: OnceCell<String> = OnceCell::const_new();
    TEMPLATE.get_or_init(|| make_template(server, migrations)).await.clone()
}

/// Creates the template if it does not exist, under a lock because test processes run
/// concurrently. Returns its name.
async fn make_template(server: &str, migrations: Migrations) -> String {
    let name = format!("template_{:x}", fingerprint(&migrations));
    let client = connect(server).await;
    client.batch_execute("SELECT pg_advisory_lock(5520917)").await.expect("the lock can be taken");
    let exists = client
        .query_opt("SELECT 1 FROM pg_database WHERE datname = $1", &[&name])
        .await
        .expect("the catalog can be read");
    if exists.is_none() {
        let unfinished = format!("{name}_unfinished");
        for statement in [
            format!("DROP DATABASE IF EXISTS {unfinished}"),
            format!("CREATE DATABASE {unfinished}"),
        ] {
            client.batch_execute(&statement).await.expect("the role may create databases");
        }
        migrate::run(&url_of(server, &unfinished), migrations)
            .await
            .expect("the PostgreSQL migrations run");
        client
            .batch_execute(&format!("ALTER DATABASE {unfinished} RENAME TO {name}"))
            .await
            .expect("the template can be renamed");
    }
    name
}

/// Returns a hash that changes when a migration is added or removed; applied migrations are never
/// edited.
fn fingerprint(migrations: &Migrations) -> u64 {
    let mut hasher = std::hash::DefaultHasher::new();
    hasher.write(migrations.history.as_bytes());
    for migration in MigrationSource::<Pg>::migrations(&migrations.postgres).expect("readable") {
        hasher.write(migration.name().to_string().as_bytes());
    }
    hasher.finish()
}

async fn admin(server: &str, statement: &str) {
    connect(server).await.batch_execute(statement).await.expect("the statement runs");
}

async fn connect(server: &str) -> tokio_postgres::Client {
    let url = server.parse().expect("TEST_DATABASE_URL is the URL of a PostgreSQL");
    let Connected { client, .. } = connect_to(&url, Session::Migrations)
        .await
        .expect("TEST_DATABASE_URL names a PostgreSQL that answers");
    client
}

fn url_of(server: &str, database: &str) -> DatabaseUrl {
    with_database(server, database).parse().expect("it is the URL of a PostgreSQL")
}

/// Returns the URL with which services connect to a database: through the pooler if one is
/// configured.
#[expect(clippy::disallowed_methods, reason = "tests have no main function to read it")]
fn url_for_services(server: &str, database: &str) -> String {
    let url = with_database(server, database);
    let Ok(pooler) = std::env::var(POOLER_VARIABLE) else { return url };
    let mut url: url::Url = url.parse().expect("TEST_DATABASE_URL is a URL");
    let (host, port) = pooler.split_once(':').expect("TEST_DATABASE_POOLER is host:port");
    url.set_host(Some(host)).expect("TEST_DATABASE_POOLER has a host");
    url.set_port(port.parse().ok()).expect("TEST_DATABASE_POOLER has a port");
    url.into()
}

fn with_database(server: &str, database: &str) -> String {
    let mut url: url::Url = server.parse().expect("TEST_DATABASE_URL is a URL");
    url.set_path(database);
    url.into()
}

/// Turns each of the given async functions, which take a [`TestDatabase`], into two tests, one per
/// engine.
///
/// ```text
/// on_both_engines!(MIGRATIONS; a_strangers_task_is_forbidden);
///
/// async fn a_strangers_task_is_forbidden(db: TestDatabase) { … }
/// ```
#[macro_export]
macro_rules! on_both_engines {
    ($migrations:expr; $($name:ident),+ $(,)?) => { $(
        mod $name {
            #[actix_web::test]
            async fn sqlite() {
                run($crate::testing::Engine::Sqlite).await;
            }

            #[actix_web::test]
            async fn postgres() {
                run($crate::testing::Engine::Postgres).await;
            }

            async fn run(engine: $crate::testing::Engine) {
                let db = $crate::testing::TestDatabase::create(engine, $migrations).await;
                if let Some(db) = db {
                    super::$name(db).await;
                }
            }
        }
    )+ };
}
