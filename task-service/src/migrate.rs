//! Brings the schema up to date, and rows of an older version with it.

use service_kit::{
    db::{Database, DatabaseUrl, Unavailable},
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
    Unavailable(#[from] Unavailable),
    #[error("rows cannot be brought up to date: {0}")]
    Rows(Box<dyn std::error::Error + Send + Sync>),
}

/// Any number of processes may do this at once.
pub async fn run(url: &DatabaseUrl, database: &Database) -> Result<(), Error> {
    migrate::run(url, MIGRATIONS).await?;
    let mut pooled = database.write().await?;
    let conn = &mut pooled.conn();
    while Task::fold(conn, BATCH).await.map_err(|error| Error::Rows(error.into()))? > 0 {}
    Ok(())
}
