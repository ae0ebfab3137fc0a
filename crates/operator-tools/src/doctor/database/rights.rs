//! Privileges of a PostgreSQL role. Each missing privilege is reported with the `GRANT` statement
//! that adds it.

use database::Conn;
use diesel::{
    QueryResult, QueryableByName, sql_query,
    sql_types::{Bool, Text},
};
use diesel_async::RunQueryDsl as _;

use super::Schema;

/// Query for the role's privileges on `current_schema()`. If the role may use no schema of the
/// search path, `current_schema()` is NULL, and the first schema that exists is examined instead.
const SCHEMA: &str = "SELECT quote_ident(current_user) AS role, \
     coalesce(quote_ident(n.nspname), '') AS schema, \
     coalesce(has_schema_privilege(n.oid, 'USAGE'), true) AS may_use, \
     coalesce(has_schema_privilege(n.oid, 'CREATE'), \
     has_database_privilege(current_database(), 'CREATE')) AS may_create \
     FROM unnest(string_to_array(current_setting('search_path'), ',')) WITH ORDINALITY AS p (name, place) \
     LEFT JOIN pg_catalog.pg_namespace n ON n.nspname = \
     CASE trim(both ' \"' FROM p.name) WHEN '$user' THEN current_user::text \
     ELSE trim(both ' \"' FROM p.name) END \
     ORDER BY n.oid IS NULL, n.nspname IS DISTINCT FROM current_schema(), p.place LIMIT 1";

/// Query for those of the given tables on which the role lacks a privilege to read or to write.
const TABLES: &str = "SELECT quote_ident(c.relname) AS name FROM pg_catalog.pg_class c \
     JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
     WHERE quote_ident(n.nspname) = $1 AND c.relkind IN ('r', 'p') AND c.relname = ANY ($2) \
     AND NOT (has_table_privilege(c.oid, 'SELECT') AND has_table_privilege(c.oid, 'INSERT') \
     AND has_table_privilege(c.oid, 'UPDATE') AND has_table_privilege(c.oid, 'DELETE')) ORDER BY 1";

/// Privileges of the role on the schema and its tables.
pub(super) struct Rights {
    schema: SchemaRights,
    /// Tables on which the role lacks a privilege to read or to write.
    missing: Vec<String>,
}

#[derive(QueryableByName)]
struct SchemaRights {
    #[diesel(sql_type = Text)]
    role: String,
    /// Empty if no schema of the search path exists.
    #[diesel(sql_type = Text)]
    schema: String,
    #[diesel(sql_type = Bool)]
    may_use: bool,
    /// Whether the role may create tables, or the schema if it does not exist.
    #[diesel(sql_type = Bool)]
    may_create: bool,
}

#[derive(QueryableByName)]
struct Name {
    #[diesel(sql_type = Text)]
    name: String,
}

impl Rights {
    pub(super) async fn read(conn: &mut Conn, schema: &Schema) -> QueryResult<Option<Self>> {
        let Conn::Postgres(conn) = conn else { return Ok(None) };
        let rights: SchemaRights = sql_query(SCHEMA).get_result(conn).await?;
        let mut tables = schema.tables.to_vec();
        tables.push(schema.migrations.history);
        let names: Vec<Name> = sql_query(TABLES)
            .bind::<Text, _>(&rights.schema)
            .bind::<diesel::sql_types::Array<Text>, _>(tables)
            .load(conn)
            .await?;
        let missing = names.into_iter().map(|row| row.name).collect();
        Ok(Some(Self { schema: rights, missing }))
    }

    /// Describes the privileges that the role lacks for using the existing tables.
    pub(super) fn missing(&self) -> Option<String> {
        let SchemaRights { role, schema, may_use, .. } = &self.schema;
        if !may_use {
            return Some(format!(
                "its role {role} may not use the schema {schema}: GRANT USAGE, CREATE ON SCHEMA {schema} \
                 TO {role}"
            ));
        }
        let [_, ..] = self.missing.as_slice() else { return None };
        let tables = self.missing.iter().map(|table| format!("{schema}.{table}"));
        let tables = tables.collect::<Vec<_>>().join(", ");
        Some(format!(
            "its role {role} may not read and write all tables of the schema {schema}: GRANT SELECT, \
             INSERT, UPDATE, DELETE ON {tables} TO {role}"
        ))
    }

    /// Describes the privileges that the role lacks for running migrations.
    pub(super) fn missing_for_migrations(&self) -> Option<String> {
        let SchemaRights { role, schema, may_create, .. } = &self.schema;
        let grant = match schema.as_str() {
            _ if *may_create => return None,
            "" => format!(
                "create a schema, as the migrations require: GRANT CREATE ON DATABASE … TO {role}"
            ),
            schema => format!(
                "create tables in the schema {schema}, as the migrations require: GRANT CREATE ON \
                 SCHEMA {schema} TO {role}"
            ),
        };
        Some(format!("its role {role} may not {grant}"))
    }
}
