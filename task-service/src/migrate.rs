//! Brings the schema up to date, and rows of an older version with it.

use service_kit::{
    db::{Database, DatabaseUrl, OpenError, Unavailable, is_outage},
    migrate::{self, MigrateError},
};

use crate::{MIGRATIONS, models::Task};

/// How many rows are mended at once.
const BATCH: i64 = 500;

/// Why a database is not up to date.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    Schema(#[from] MigrateError),
    #[error(transparent)]
    Open(#[from] OpenError),
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
    #[error("rows cannot be brought up to date: {error}")]
    Rows { error: Box<dyn std::error::Error + Send + Sync>, is_outage: bool },
}

impl Error {
    /// Whether it may be over in a while.
    pub fn is_temporary(&self) -> bool {
        match self {
            Self::Schema(error) => error.is_temporary(),
            Self::Open(_) => false,
            Self::Unavailable(_) => true,
            Self::Rows { is_outage, .. } => *is_outage,
        }
    }
}

/// Any number of processes may do this at once.
pub async fn run(url: &DatabaseUrl) -> Result<(), Error> {
    migrate::run(url, MIGRATIONS).await?;
    let database = Database::open(url)?;
    let mut pooled = database.write().await?;
    let conn = &mut pooled.conn();
    let failed = |error| Error::Rows { is_outage: is_outage(&error), error: error.into() };
    while Task::fold(conn, BATCH).await.map_err(failed)? > 0 {}
    Ok(())
}

/// Whether that was done; it is an error if not.
pub async fn check(url: &DatabaseUrl) -> Result<(), Error> {
    Ok(migrate::check(url, &MIGRATIONS).await?)
}
