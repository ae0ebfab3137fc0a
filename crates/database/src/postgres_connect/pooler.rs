//! Connection poolers between the service and PostgreSQL, and their limitations.
//!
//! A pooler that assigns a connection per transaction (`PgBouncer` in transaction mode, and most
//! providers' poolers) keeps no session settings. It keeps no prepared statements either, unless it
//! rewrites their names.

use std::time::Duration;

use clap::ValueEnum;
use tokio_postgres::{Client, Error, SimpleQueryMessage, error::SqlState};

/// The kind of pooler in front of PostgreSQL.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Pooler {
    /// Detected on each new connection.
    #[default]
    Auto,
    /// No pooler, or a pooler in session mode.
    None,
    /// A pooler that assigns a connection per transaction and does not support prepared statements.
    Transaction,
}

/// State that a connection keeps between transactions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Support {
    /// Whether the connection keeps the settings that were sent on connecting.
    pub settings: bool,
    /// Whether the connection keeps named prepared statements.
    pub statements: bool,
}

impl Support {
    const ALL: Self = Self { settings: true, statements: true };
    const NOTHING: Self = Self { settings: false, statements: false };
}

const PROBE: &str = "SELECT 'is this statement known under its name'";
/// Query that counts the probes under a name given by tokio-postgres (s0, s1 and so on). A pooler
/// that supports prepared statements renames them.
const COUNT_PROBES: &str = "SELECT count(*) FROM pg_prepared_statements \
     WHERE name ~ '^s[0-9]+$' AND statement = $$SELECT 'is this statement known under its name'$$";

/// Returns what a new connection supports, and detects it if `pooler` is [`Pooler::Auto`].
///
/// `limit` is the statement timeout that was sent with the session settings, or `None` if they were
/// not sent.
pub(super) async fn examine(
    client: &Client,
    pooler: Pooler,
    limit: Option<Duration>,
) -> Result<Support, Error> {
    match (pooler, limit) {
        (Pooler::None, _) => Ok(Support::ALL),
        (Pooler::Transaction, _) => Ok(Support::NOTHING),
        (Pooler::Auto, Some(limit)) if has_limit(client, limit).await? => Ok(Support::ALL),
        (Pooler::Auto, _) => {
            client.batch_execute("BEGIN").await?;
            let statements = translates_names(client).await;
            client.batch_execute("ROLLBACK").await?;
            Ok(Support { settings: false, statements: statements? })
        }
    }
}

/// Returns whether a connection error means that the pooler rejects startup settings.
pub(super) fn refuses_settings(error: &Error) -> bool {
    error.as_db_error().is_some_and(|error| {
        let is_refusal = *error.code() == SqlState::PROTOCOL_VIOLATION
            || *error.code() == SqlState::FEATURE_NOT_SUPPORTED;
        is_refusal && ["startup parameter", "options"].iter().any(|it| error.message().contains(it))
    })
}

/// Returns whether the settings took effect: some poolers accept and then drop them.
async fn has_limit(client: &Client, limit: Duration) -> Result<bool, Error> {
    let limit = limit.as_millis();
    let query =
        format!("SELECT current_setting('statement_timeout')::interval = '{limit} ms'::interval");
    Ok(first_value(client, &query).await?.as_deref() == Some("t"))
}

async fn translates_names(client: &Client) -> Result<bool, Error> {
    match client.prepare(PROBE).await {
        Ok(statement) => {
            let same_name = first_value(client, COUNT_PROBES).await?;
            // Closes the statement while the pooler still uses the same server connection.
            drop(statement);
            Ok(same_name.as_deref() == Some("0"))
        }
        // Another client of the pooler has left a statement with this name.
        Err(error) if error.code() == Some(&SqlState::DUPLICATE_PSTATEMENT) => Ok(false),
        Err(error) => Err(error),
    }
}

async fn first_value(client: &Client, query: &str) -> Result<Option<String>, Error> {
    let messages = client.simple_query(query).await?;
    let value = messages.iter().find_map(|message| match message {
        SimpleQueryMessage::Row(row) => row.get(0),
        _ => None,
    });
    Ok(value.map(str::to_owned))
}
