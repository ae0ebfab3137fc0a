//! One abstraction over PostgreSQL and SQLite. The engine is chosen at run time by the URL, and every
//! query is written once:
//!
//! ```text
//! pub async fn find(conn: &mut Conn, id: DbUuid) -> QueryResult<Option<Task>> {
//!     query!(conn, |c| tasks::table.find(id).select(Task::as_select()).first(c)).optional()
//! }
//! ```
//!
//! | item | responsibility |
//! |---|---|
//! | [`Database`] | the connection pools |
//! | [`Conn`], [`query!`] | a connection to either engine, and queries on it |
//! | [`sql_types`] | types of columns that the two engines store differently |
//! | [`rows`], [`exported!`] | whole rows of a table, for copying a database |
//! | [`source`] | tables of other programs |
//! | [`migrate`] | schema migrations, run under a lock |
//! | `testing` | one temporary database per test (feature `testing`) |

mod args;
mod conn;
mod database;
mod error;
mod gate;
pub mod migrate;
mod postgres;
mod postgres_connect;
mod prepared;
pub mod rows;
mod snapshot;
pub mod source;
mod spelling;
pub mod sql_types;
mod sqlite;
#[cfg(feature = "testing")]
pub mod testing;
mod url;
mod waits;

pub use args::DatabaseArgs;
pub use conn::Conn;
pub use database::Database;
pub use error::{OnConflict, OpenError, Unavailable, is_outage};
pub use postgres::{PgConn, Postgres};
pub use postgres_connect::{ConnectError, Pooler, PostgresUrl, SchemaName, Support, UrlError};
pub use prepared::Prepared;
pub use sqlite::AsyncSqliteConnection;
pub(crate) use sqlite::make_private_file;
pub use url::{DatabaseUrl, SchemaUnsupported};
