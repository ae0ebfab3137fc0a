//! Checks that a schema is up to date, without changing it, so that no write permission is needed.

use super::{MigrateError, Migrations, connect, history::History, plan::Plan};
use crate::{AsyncSqliteConnection, Conn, DatabaseUrl, is_outage};

/// Returns an error unless every migration has run. Applied versions that this program does not
/// know are allowed.
pub async fn check(url: &DatabaseUrl, migrations: &Migrations) -> Result<(), MigrateError> {
    let mut conn = match url {
        DatabaseUrl::Postgres(url) => Conn::Postgres(connect(url).await?),
        DatabaseUrl::Sqlite(path) => {
            let conn = AsyncSqliteConnection::establish(&path.to_string_lossy()).await?;
            Conn::Sqlite(conn)
        }
    };
    let history = History::read(&mut conn, migrations).await.map_err(|error| match error {
        error if is_outage(&error) => MigrateError::Lost(error.into()),
        error => MigrateError::Run(error.into()),
    })?;
    let plan = Plan::new(&history, migrations).map_err(MigrateError::Run)?;
    match plan {
        plan if plan.is_complete() => Ok(()),
        Plan { conflict: Some(conflict), .. } => Err(MigrateError::Conflict(conflict)),
        _ => Err(MigrateError::Pending),
    }
}
