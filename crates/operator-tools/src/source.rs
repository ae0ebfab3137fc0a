//! Sources of an import: databases of other programs on either engine, and CSV files.

mod error;
mod findings;
mod names;
mod separated;
mod table;
pub mod value;

use std::path::{Path, PathBuf};

use database::{AsyncSqliteConnection, Conn, Database, DatabaseUrl, query};
use diesel::sql_query;
use diesel_async::RunQueryDsl;
use rustix::fs::{Access, access};
use url::Url;

pub use self::{
    error::{SourceError, SourceUnavailable},
    findings::{Findings, printable},
    names::{Mapping, NameArgs, plain_name},
    separated::{Record, SeparatedColumns, SeparatedFile},
    table::{Field, Need, TableLayout, check_mappings, count_rows},
};
use crate::transfer;

/// Opens a connection for reading a database. A SQLite file is opened read-only.
pub async fn connect(url: &str) -> Result<Conn, SourceError> {
    let url: DatabaseUrl = url.parse().map_err(SourceError::Url)?;
    let unavailable = |error: SourceUnavailable| SourceError::Unavailable(error);
    match &url {
        DatabaseUrl::Sqlite(path) => {
            check_is_file(path)?;
            let address = read_only(path).ok_or_else(|| {
                SourceError::Url(format!("{} is not a valid path", path.display()))
            })?;
            let conn = AsyncSqliteConnection::establish(&address).await;
            Ok(Conn::Sqlite(conn.map_err(|error| unavailable(error.into()))?))
        }
        DatabaseUrl::Postgres(_) => {
            let database = Database::open(&url).map_err(|error| unavailable(error.into()))?;
            database.read().await.map_err(|error| unavailable(error.into()))
        }
    }
}

/// Configures how the current transaction formats values as text, and returns the SQL name of the
/// collation that compares text byte by byte.
pub async fn begin(conn: &mut Conn) -> Result<&'static str, SourceError> {
    if matches!(conn, Conn::Sqlite(_)) {
        return Ok("BINARY");
    }
    // Times with a zone are formatted in UTC, and dates with the year first.
    for statement in ["SET LOCAL TIME ZONE 'UTC'", "SET LOCAL datestyle = 'ISO, YMD'"] {
        query!(conn, |c| sql_query(statement).execute(c)).map_err(SourceError::Read)?;
    }
    Ok("\"C\"")
}

/// Returns a URI that opens a SQLite file read-only.
fn read_only(path: &Path) -> Option<String> {
    let url = Url::from_file_path(std::path::absolute(path).ok()?).ok()?;
    // To read a file in WAL mode, SQLite creates files next to it, which is impossible in a
    // read-only folder. If there is no write-ahead log, the file can be opened as `immutable`
    // there.
    let log = PathBuf::from(format!("{}-wal", path.display()));
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let is_writable = access(folder.unwrap_or(Path::new(".")), Access::WRITE_OK).is_ok();
    let mode = if log.exists() || is_writable { "mode=ro" } else { "mode=ro&immutable=1" };
    Some(format!("{url}?{mode}"))
}

/// Parses the path of an existing regular file. Rejects a URL without quoting it, because it may
/// contain a password.
pub fn file(text: &str) -> Result<PathBuf, SourceError> {
    let path = transfer::file(text).map_err(|reason| SourceError::Url(reason.to_owned()))?;
    check_is_file(&path)?;
    Ok(path)
}

fn check_is_file(path: &Path) -> Result<(), SourceError> {
    let name = || path.display().to_string();
    match path {
        path if path.is_file() => Ok(()),
        path if path.exists() => Err(SourceError::NotAFile(name())),
        _ => Err(SourceError::NoFile(name())),
    }
}
