//! Creates and checks the PostgreSQL schema that the URL selects.

use diesel::{
    OptionalExtension as _, QueryableByName, RunQueryDsl as _,
    connection::SimpleConnection as _,
    sql_query,
    sql_types::{Nullable, Text},
};
use diesel_async::async_connection_wrapper::AsyncConnectionWrapper;

use super::MigrateError;
use crate::{PgConn, PostgresUrl};

#[derive(QueryableByName)]
struct Name {
    #[diesel(sql_type = Nullable<Text>)]
    name: Option<String>,
}

/// Creates the schema that the URL selects, if it does not exist. Returns an error if none of the
/// schemas in the `search_path` exists, or if new tables would be created in another schema,
/// because a pooler has dropped the startup option.
pub(super) fn enter(
    conn: &mut AsyncConnectionWrapper<PgConn>,
    url: &PostgresUrl,
) -> Result<(), MigrateError> {
    let wanted = url.schema();
    if let Some(schema) = &wanted {
        // `IF NOT EXISTS` alone would require the CREATE privilege even for an existing schema.
        let existing: Option<Name> = sql_query(
            "SELECT nspname::text AS name FROM pg_catalog.pg_namespace WHERE nspname = $1",
        )
        .bind::<Text, _>(schema.as_str())
        .get_result(conn)
        .optional()?;
        if existing.is_none() {
            conn.batch_execute(&format!("CREATE SCHEMA {}", schema.quoted()))?;
        }
    }
    let found: Name = sql_query("SELECT current_schema()::text AS name").get_result(conn)?;
    match (wanted, found.name) {
        (_, None) => Err(MigrateError::NoSchema),
        (Some(wanted), Some(found)) if found != wanted.as_str() => {
            Err(MigrateError::SchemaNotUsed { wanted: wanted.as_str().to_owned(), found })
        }
        (_, Some(_)) => Ok(()),
    }
}
