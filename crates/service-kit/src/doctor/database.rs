//! The database and its schema, looked at through a connection that cannot write.

mod files;
mod history;

use std::time::Duration;

use diesel::ConnectionError;
use diesel_async::{AsyncConnection as _, AsyncPgConnection};
use secrecy::ExposeSecret as _;
use tokio::time::timeout;
use tokio_postgres::{Config, error::SqlState};

pub use self::files::may_hold_files;
use self::{files::Place, history::History};
use super::{Finding, innermost};
use crate::{
    db::{AsyncSqliteConnection, Conn, DatabaseUrl, Transactions},
    migrate::Migrations,
};

/// How long the database may take to answer, each time it is asked.
const PATIENCE: Duration = Duration::from_secs(5);
const READ_ONLY: &str = "-c default_transaction_read_only=on -c statement_timeout=5s";

/// What a service needs of its database.
#[expect(missing_debug_implementations, reason = "embedded migrations have none")]
pub struct Schema {
    pub migrations: Migrations,
    /// A table that is no other service's.
    pub table: &'static str,
    /// The service's program, which has a command `migrate`.
    pub program: &'static str,
    pub migrates_at_start: bool,
    /// Whether the service runs, and so should have migrated.
    pub is_running: bool,
}

/// What was found, and the database itself if its schema is what the program expects.
#[expect(missing_debug_implementations, reason = "the connection has none")]
pub struct Examined {
    pub findings: Vec<Finding>,
    pub database: Option<ReadOnly>,
}

/// A connection that changes nothing.
#[expect(missing_debug_implementations, reason = "the connections have none")]
#[expect(clippy::large_enum_variant, reason = "there is one")]
pub enum ReadOnly {
    Postgres(AsyncPgConnection),
    Sqlite(AsyncSqliteConnection),
}

impl ReadOnly {
    pub fn conn(&mut self) -> Conn<'_> {
        match self {
            Self::Postgres(conn) => Conn::Postgres(conn, Transactions::None),
            Self::Sqlite(conn) => Conn::Sqlite(conn),
        }
    }
}

/// Whether the database can be used and has the schema.
pub async fn examine(url: &DatabaseUrl, schema: &Schema) -> Examined {
    let (mut database, mut findings) = match open(url).await {
        Ok(Opened::There(database, text)) => (database, vec![Finding::ok("database", text)]),
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
    let history = timeout(PATIENCE, History::read(&mut database, schema)).await;
    let (finding, is_current) = match history {
        Ok(Ok(history)) => (history.judge(schema), history.is_current()),
        Ok(Err(error)) => (Finding::fault("DATABASE_URL", innermost(&error)), false),
        Err(_elapsed) => (Finding::fault("DATABASE_URL", "does not answer any more"), false),
    };
    findings.push(finding);
    Examined { findings, database: is_current.then_some(database) }
}

impl Schema {
    /// Whether it matters that the schema is not what it should be.
    fn should_be_current(&self) -> bool {
        self.is_running || !self.migrates_at_start
    }

    /// Nothing is there yet.
    fn is_missing(&self, text: &str) -> Finding {
        let program = self.program;
        if self.should_be_current() {
            Finding::fault("MIGRATE", format!("{text}: run `{program} migrate`, or set it to true"))
        } else {
            Finding::ok("database", format!("{text}; {program} makes everything when it starts"))
        }
    }
}

#[expect(clippy::large_enum_variant, reason = "there is one, and it is opened at once")]
enum Opened {
    There(ReadOnly, String),
    /// There is none, but one can be made.
    NotYet(String),
}

async fn open(url: &DatabaseUrl) -> Result<Opened, String> {
    match url {
        DatabaseUrl::Sqlite(path) => match files::place(path)? {
            Place::Free => Ok(Opened::NotYet(format!("there is no {} yet", path.display()))),
            Place::Taken(address) => {
                let conn = AsyncSqliteConnection::establish(&address).await;
                let conn = conn.map_err(|error| format!("{}: {error}", path.display()))?;
                Ok(Opened::There(ReadOnly::Sqlite(conn), format!("{} is there", path.display())))
            }
        },
        DatabaseUrl::Postgres(url) => postgres(url.expose_secret()).await,
    }
}

async fn postgres(url: &str) -> Result<Opened, String> {
    // The URL may hold a password, which a reason would repeat.
    let mut config: Config = url.parse().map_err(|_error| "is no address of a database")?;
    let place = place(&config);
    let options = config.get_options().map(|theirs| format!("{READ_ONLY} {theirs}"));
    config.options(options.as_deref().unwrap_or(READ_ONLY));
    let connected = timeout(PATIENCE, config.connect(tokio_postgres::NoTls)).await;
    let connected = connected
        .map_err(|_elapsed| format!("{place} does not answer within {} s", PATIENCE.as_secs()))?;
    let (client, connection) = connected.map_err(|error| refusal(&place, &config, &error))?;
    let conn = AsyncPgConnection::try_from_client_and_connection(client, connection).await;
    let conn = conn.map_err(|error: ConnectionError| format!("{place}: {error}"))?;
    Ok(Opened::There(ReadOnly::Postgres(conn), format!("{place} answers")))
}

/// `PostgreSQL at host:port`.
fn place(config: &Config) -> String {
    let host = config.get_hosts().first().map(|host| match host {
        tokio_postgres::config::Host::Tcp(host) => host.clone(),
        tokio_postgres::config::Host::Unix(path) => path.display().to_string(),
    });
    let port = config.get_ports().first().copied().unwrap_or(5432);
    format!("PostgreSQL at {}:{port}", host.unwrap_or_default())
}

fn refusal(place: &str, config: &Config, error: &tokio_postgres::Error) -> String {
    let (user, database) = (config.get_user(), config.get_dbname().or(config.get_user()));
    let (user, database) = (user.unwrap_or_default(), database.unwrap_or_default());
    match error.code() {
        Some(&SqlState::INVALID_PASSWORD | &SqlState::INVALID_AUTHORIZATION_SPECIFICATION) => {
            format!("{place} refuses the role {user:?} or its password: {}", innermost(error))
        }
        Some(&SqlState::INVALID_CATALOG_NAME) => {
            format!("{place} has no database {database:?}: create it, or name another")
        }
        _ => format!("{place} cannot be used: {}", innermost(error)),
    }
}
