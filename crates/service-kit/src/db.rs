//! One abstraction over PostgreSQL and SQLite. The engine is chosen at run time by the URL, and
//! every query is written once:
//!
//! ```text
//! pub async fn find(conn: &mut Conn<'_>, id: DbUuid) -> QueryResult<Option<Task>> {
//!     query!(conn, |c| tasks::table.find(id).select(Task::as_select()).first(c)).optional()
//! }
//! ```

mod args;
mod conn;
mod database;
mod error;
mod gate;
mod pg;
pub(crate) mod postgres;
mod prepared;
mod snapshot;
mod spelling;
mod sqlite;
mod url;
mod waits;

pub use args::DatabaseArgs;
pub use conn::{Conn, PooledConn, query};
pub use database::Database;
pub use error::{OnConflict, OpenError, Unavailable, is_outage};
pub use pg::{PgConn, Postgres};
pub use postgres::{ConnectError, Pooler, PostgresUrl, SchemaName, UrlError};
pub use prepared::Prepared;
pub use sqlite::AsyncSqliteConnection;
pub(crate) use sqlite::make_private_file;
pub use url::DatabaseUrl;
