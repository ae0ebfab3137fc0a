//! Is a schema up to date? Only looks, so it needs no right to change anything.

use std::collections::HashSet;

use diesel::{
    QueryResult, QueryableByName,
    backend::Backend,
    migration::MigrationSource,
    pg::Pg,
    sql_types::{BigInt, Text},
    sqlite::Sqlite,
};
use diesel_async::{AsyncConnection as _, RunQueryDsl as _};
use secrecy::ExposeSecret as _;

use super::{MigrateError, Migrations, connect};
use crate::db::{AsyncSqliteConnection, Conn, DatabaseUrl, Transactions, is_outage, query};

const APPLIED: &str = "SELECT version FROM __diesel_schema_migrations";
const IS_THERE_POSTGRES: &str = "SELECT count(to_regclass('__diesel_schema_migrations')) AS count";
const IS_THERE_SQLITE: &str =
    "SELECT count(*) AS count FROM sqlite_master WHERE name = '__diesel_schema_migrations'";

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    count: i64,
}

#[derive(QueryableByName)]
struct Applied {
    #[diesel(sql_type = Text)]
    version: String,
}

/// An error unless every migration has run. One that this program does not know does no harm.
pub async fn check(url: &DatabaseUrl, migrations: &Migrations) -> Result<(), MigrateError> {
    let (known, applied) = match url {
        DatabaseUrl::Postgres(url) => {
            let conn = connect(url.expose_secret()).await?;
            let conn = &mut Conn::Postgres(&conn, Transactions::None);
            (versions::<Pg>(&migrations.postgres), applied(conn).await)
        }
        DatabaseUrl::Sqlite(path) => {
            let mut conn = AsyncSqliteConnection::establish(&path.to_string_lossy()).await?;
            (versions::<Sqlite>(&migrations.sqlite), applied(&mut Conn::Sqlite(&mut conn)).await)
        }
    };
    let applied = applied.map_err(|error| match error {
        error if is_outage(&error) => MigrateError::Lost(error.into()),
        error => MigrateError::Run(error.into()),
    })?;
    let known = known.map_err(MigrateError::Run)?;
    if known.is_subset(&applied) { Ok(()) } else { Err(MigrateError::Pending) }
}

fn versions<DB: Backend>(
    source: &impl MigrationSource<DB>,
) -> diesel::migration::Result<HashSet<String>> {
    let migrations = source.migrations()?;
    Ok(migrations.iter().map(|migration| migration.name().version().to_string()).collect())
}

async fn applied(conn: &mut Conn<'_>) -> QueryResult<HashSet<String>> {
    let is_there = diesel::sql_query(match conn {
        Conn::Postgres(..) => IS_THERE_POSTGRES,
        Conn::Sqlite(_) => IS_THERE_SQLITE,
    });
    let tables: Count = query!(&mut *conn, |c| is_there.get_result(*c))?;
    if tables.count == 0 {
        return Ok(HashSet::new());
    }
    let rows: Vec<Applied> = query!(conn, |c| diesel::sql_query(APPLIED).load(*c))?;
    Ok(rows.into_iter().map(|row| row.version).collect())
}
