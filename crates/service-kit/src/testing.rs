//! One throw-away database per test, on each engine.
//!
//! SQLite: a file in a temporary folder. PostgreSQL: a database made from a migrated template on
//! the server that `TEST_DATABASE_URL` names (a role that may create databases), dropped at the
//! end. Without that variable the PostgreSQL half of a suite is skipped and says so; with
//! `CI=true` it fails instead.

#![expect(clippy::expect_used, reason = "a test that has no database should stop here")]

mod documentation;
mod figures;
mod stub;

pub use documentation::undocumented;
pub use figures::Scrape;
pub use stub::{Report, Stub, answer, free_port};

use std::{fmt, hash::Hasher as _, io::Write as _, sync::Once};

use diesel::{QueryableByName, migration::MigrationSource, pg::Pg, sql_types::Text};
use diesel_async::RunQueryDsl as _;
use tempfile::TempDir;
use tokio::sync::OnceCell;
use uuid::Uuid;

use crate::{
    db::{Database, DatabaseUrl, query},
    migrate::{self, Migrations},
};

/// Where the PostgreSQL for tests is.
const SERVER_VARIABLE: &str = "TEST_DATABASE_URL";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    Postgres,
    Sqlite,
}

/// A migrated database that lives as long as this value.
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
    /// `None` when there is no PostgreSQL to test with.
    pub async fn create(engine: Engine, migrations: Migrations) -> Option<Self> {
        match engine {
            Engine::Sqlite => Some(Self::in_a_folder(migrations).await),
            Engine::Postgres => Some(Self::on_a_server(server()?, migrations).await),
        }
    }

    async fn in_a_folder(migrations: Migrations) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let url = DatabaseUrl::Sqlite(folder.path().join("test.db"));
        migrate::run(&url, migrations).await.expect("the SQLite migrations run");
        Self { engine: Engine::Sqlite, url, home: Home::Folder { _keep: folder } }
    }

    async fn on_a_server(server: String, migrations: Migrations) -> Self {
        let template = template(&server, migrations).await;
        let name = format!("test_{}", Uuid::now_v7().simple());
        admin(&server, &format!("CREATE DATABASE {name} TEMPLATE {template}")).await;
        let url = url_of(&server, &name);
        Self { engine: Engine::Postgres, url, home: Home::Server { server, name } }
    }

    /// An empty one: on the other engine if there is one, else on the same.
    pub async fn elsewhere(&self, migrations: Migrations) -> Self {
        if self.engine == Engine::Postgres {
            return Self::in_a_folder(migrations).await;
        }
        match server() {
            Some(server) => Self::on_a_server(server, migrations).await,
            None => Self::in_a_folder(migrations).await,
        }
    }

    /// A table's columns as `name type [not null]`, sorted; none when there is no such table.
    pub async fn columns(&self, table: &str) -> Vec<String> {
        #[derive(QueryableByName)]
        struct Column {
            #[diesel(sql_type = Text)]
            description: String,
        }

        let description = match self.engine {
            Engine::Postgres => {
                "SELECT column_name || ' ' || data_type || \
                 CASE is_nullable WHEN 'NO' THEN ' not null' ELSE '' END AS description \
                 FROM information_schema.columns WHERE table_name = "
            }
            Engine::Sqlite => {
                "SELECT name || ' ' || lower(type) || \
                 CASE \"notnull\" WHEN 1 THEN ' not null' ELSE '' END AS description \
                 FROM pragma_table_info WHERE arg = "
            }
        };
        let columns = diesel::sql_query(format!("{description}'{table}' ORDER BY 1"));
        let database = Database::open(&self.url).expect("the database can be opened");
        let mut pooled = database.read().await.expect("the database answers");
        let conn = &mut pooled.conn();
        let columns: Vec<Column> =
            query!(conn, |c| columns.load(*c)).expect("the catalogue can be read");
        columns.into_iter().map(|column| column.description).collect()
    }

    /// Changes the database behind the service's back.
    pub async fn change(&self, statement: &str) {
        let database = Database::open(&self.url).expect("the database can be opened");
        let mut pooled = database.write().await.expect("the database answers");
        let statement = diesel::sql_query(statement);
        query!(&mut pooled.conn(), |c| statement.execute(*c)).expect("the statement runs");
    }

    /// The URL as text, for a process that is started with it.
    pub fn url(&self) -> String {
        match (&self.home, &self.url) {
            (Home::Server { server, name }, _) => with_database(server, name),
            (Home::Folder { .. }, url) => format!("{url:?}"),
        }
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        let Home::Server { server, name } = &self.home else { return };
        let (server, drop) = (server.clone(), format!("DROP DATABASE {name} WITH (FORCE)"));
        // A runtime cannot be blocked from inside; a thread of its own can.
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

#[expect(clippy::disallowed_methods, reason = "tests have no main that could hand it down")]
fn server() -> Option<String> {
    static SAY_ONCE: Once = Once::new();
    if let Ok(server) = std::env::var(SERVER_VARIABLE) {
        return Some(server);
    }
    assert!(std::env::var("CI").is_err(), "{SERVER_VARIABLE} is not set, and CI skips nothing");
    SAY_ONCE.call_once(|| {
        // Straight to the stream: the test harness would swallow a print.
        let _ = writeln!(
            std::io::stderr(),
            "skipped: the PostgreSQL suite ({SERVER_VARIABLE} is not set; `cargo xtask test` runs it)"
        );
    });
    None
}

/// The migrated database that others are copied from, made once per history.
async fn template(server: &str, migrations: Migrations) -> String {
    static TEMPLATE: OnceCell<String> = OnceCell::const_new();
    TEMPLATE.get_or_init(|| make_template(server, migrations)).await.clone()
}

/// Test processes run side by side: whoever comes first makes it, under a lock.
async fn make_template(server: &str, migrations: Migrations) -> String {
    let name = format!("template_{:x}", fingerprint(&migrations));
    let client = connect(server).await;
    client.batch_execute("SELECT pg_advisory_lock(5520917)").await.expect("the lock can be had");
    let exists = client
        .query_opt("SELECT 1 FROM pg_database WHERE datname = $1", &[&name])
        .await
        .expect("the catalogue can be read");
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

/// Changes when a migration is added or removed; an applied one is never edited.
fn fingerprint(migrations: &Migrations) -> u64 {
    let mut hasher = std::hash::DefaultHasher::new();
    for migration in MigrationSource::<Pg>::migrations(&migrations.postgres).expect("readable") {
        hasher.write(migration.name().to_string().as_bytes());
    }
    hasher.finish()
}

async fn admin(server: &str, statement: &str) {
    connect(server).await.batch_execute(statement).await.expect("the statement runs");
}

async fn connect(server: &str) -> tokio_postgres::Client {
    let (client, connection) = tokio_postgres::connect(server, tokio_postgres::NoTls)
        .await
        .expect("TEST_DATABASE_URL names a PostgreSQL that answers");
    tokio::spawn(connection);
    client
}

fn url_of(server: &str, database: &str) -> DatabaseUrl {
    DatabaseUrl::Postgres(with_database(server, database).into())
}

fn with_database(server: &str, database: &str) -> String {
    let mut url: url::Url = server.parse().expect("TEST_DATABASE_URL is a URL");
    url.set_path(database);
    url.into()
}

/// Turns async functions over a [`TestDatabase`] into two tests each, one per engine.
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
