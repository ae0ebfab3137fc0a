//! Migrates the schema and the rows written by an older version.

use database::{
    Database, DatabaseUrl, OpenError, Unavailable, is_outage,
    migrate::{self, MigrateError},
};

use crate::store::{MIGRATIONS, Task};

/// Maximum number of rows migrated at once.
const BATCH: i64 = 500;

/// Error of a migration, or of the check for pending ones.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    Schema(#[from] MigrateError),
    #[error(transparent)]
    Open(#[from] OpenError),
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
    #[error("cannot migrate rows: {error}")]
    Rows { error: Box<dyn std::error::Error + Send + Sync>, is_outage: bool },
}

impl Error {
    /// Returns whether a retry may succeed.
    pub fn is_temporary(&self) -> bool {
        match self {
            Self::Schema(error) => error.is_temporary(),
            Self::Open(_) => false,
            Self::Unavailable(_) => true,
            Self::Rows { is_outage, .. } => *is_outage,
        }
    }
}

/// Migrates the database. Several processes may do this at the same time.
pub(crate) async fn run(url: &DatabaseUrl) -> Result<(), Error> {
    migrate::run(url, MIGRATIONS).await?;
    migrate_rows(url).await
}

/// Migrates the rows written by an older version. The schema must be up to date.
pub(crate) async fn migrate_rows(url: &DatabaseUrl) -> Result<(), Error> {
    let database = Database::open(url)?;
    let conn = &mut database.write().await?;
    let failed = |error| Error::Rows { is_outage: is_outage(&error), error: error.into() };
    while Task::fold(conn, BATCH).await.map_err(failed)? > 0 {}
    Ok(())
}

/// Returns an error unless the schema is up to date. Does not check the rows.
pub(crate) async fn check(url: &DatabaseUrl) -> Result<(), Error> {
    Ok(migrate::check(url, &MIGRATIONS).await?)
}
