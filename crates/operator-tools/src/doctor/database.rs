//! Checks the database and its schema over a read-only connection.

mod connections;
mod files;
mod history;
mod rights;
mod schema;

use std::time::Duration;

use database::{AsyncSqliteConnection, Conn, ConnectError, DatabaseUrl, PgConn, PostgresUrl};
use diesel_async::SimpleAsyncConnection as _;
use tokio::time::timeout;
use tokio_postgres::error::SqlState;

use self::{files::Place, history::Examination};
pub use self::{files::may_hold_files, schema::Schema};
use super::{Finding, innermost};

/// Time limit for reading the migrations, the tables and the privileges.
const PATIENCE: Duration = Duration::from_secs(5);

/// SQL that begins the read-only transaction in which all checks of PostgreSQL run. A session
/// setting is unsuitable, because it conflicts with `target_session_attrs=read-write`, and a pooler
/// passes it on to other clients.
const READ_ONLY: &str = "BEGIN TRANSACTION READ ONLY; SET LOCAL statement_timeout = '5s'";

/// The findings, and a read-only connection to the database if its schema is current.
#[expect(missing_debug_implementations, reason = "the connection is not Debug")]
pub struct Examined {
    pub findings: Vec<Finding>,
    pub database: Option<Conn>,
}

/// Checks that the database is usable and its schema is current.
pub async fn examine(url: &DatabaseUrl, schema: &Schema) -> Examined {
    let (mut database, mut findings) = match open(url).await {
        Ok(Opened::There(database, findings)) => (database, findings),
        Ok(Opened::NotYet(text)) => {
            return Examined { findings: vec![schema.is_missing(&text)], database: None };
        }
        Err(text) => {
            return Examined {
                findings: vec![Finding::fault("DATABASE_URL", text)],
                database: None,
            };
        }
    };
    let history = timeout(PATIENCE, Examination::read(&mut database, schema)).await;
    let (finding, is_current) = match history {
        Ok(Ok(Ok(history))) => (history.judge(schema), history.is_current()),
        Ok(Ok(Err(finding))) => (finding, false),
        Ok(Err(error)) => (Finding::fault("DATABASE_URL", innermost(&error)), false),
        Err(_elapsed) => {
            (Finding::fault("DATABASE_URL", "the database has stopped responding"), false)
        }
    };
    findings.push(finding);
    if let Conn::Postgres(conn) = &mut database {
        findings.extend(connections::compare(conn, schema.max_connections).await);
    }
    Examined { findings, database: is_current.then_some(database) }
}

enum Opened {
    There(Conn, Vec<Finding>),
    /// The database does not exist, but can be created.
    NotYet(String),
}

async fn open(url: &DatabaseUrl) -> Result<Opened, String> {
    match url {
        DatabaseUrl::Sqlite(path) => match files::place(path)? {
            Place::Free => Ok(Opened::NotYet(format!("{} does not exist yet", path.display()))),
            Place::Taken(address) => {
                let conn = AsyncSqliteConnection::establish(&address).await;
                let conn = conn.map_err(|error| format!("{}: {error}", path.display()))?;
                let found = Finding::ok("database", format!("{} exists", path.display()));
                Ok(Opened::There(Conn::Sqlite(conn), vec![found]))
            }
        },
        DatabaseUrl::Postgres(url) => postgres(url).await,
    }
}

async fn postgres(url: &PostgresUrl) -> Result<Opened, String> {
    let conn = PgConn::open_for_diagnosis(url).await;
    let mut conn = conn.map_err(|error| refusal(url, &error))?;
    let place = url.place();
    let mut findings = vec![Finding::ok("database", format!("connected to {place}"))];
    if conn.is_exposed() {
        let text = "the connection to the database leaves this machine and is not encrypted";
        let advice = "add sslmode=verify-full, or sslmode=require, to the URL";
        findings.push(Finding::warn("DATABASE_URL", format!("{text}: {advice}")));
    }
    findings.extend(connections::pooler(&conn));
    let begun = conn.batch_execute(READ_ONLY).await;
    begun.map_err(|error| format!("{place}: {error}"))?;
    Ok(Opened::There(Conn::Postgres(conn), findings))
}

fn refusal(url: &PostgresUrl, error: &ConnectError) -> String {
    let place = url.place();
    match error.code() {
        Some(&SqlState::INVALID_PASSWORD) => {
            format!(
                "{place} refuses the role {:?} or its password: {}",
                url.user().unwrap_or_default(),
                error.reason()
            )
        }
        Some(&SqlState::TOO_MANY_CONNECTIONS) => format!(
            "{place} has no connection left ({}): lower DATABASE_MAX_CONNECTIONS of the services, or \
             raise max_connections of the server",
            error.reason()
        ),
        Some(&SqlState::INVALID_CATALOG_NAME) => {
            format!(
                "{place} has no database {:?}: create it, or change the URL",
                url.database().unwrap_or_default()
            )
        }
        _ => error.to_string(),
    }
}
