//! Reads the applied migrations and the relations of a database, without changing it.
//!
//! Each service has its own history table, so that services can share a database. In older
//! databases, all services share one table; [`Plan`] takes over the versions recorded there.
//!
//! [`Plan`]: super::plan::Plan

use std::collections::{BTreeMap, BTreeSet};

use diesel::{
    Connection, QueryResult, QueryableByName, RunQueryDsl,
    query_builder::SqlQuery,
    query_dsl::methods::LoadQuery,
    sql_query,
    sql_types::{Nullable, Text},
};

use super::Migrations;
use crate::{Conn, query};

/// The history table that all services used before each had its own.
pub(super) const SHARED_TABLE: &str = "__diesel_schema_migrations";

/// Query for the relations (tables, views, indexes and others) of the current schema, with the
/// columns of the tables.
pub(super) const CATALOGUE_OF_POSTGRES: &str = "\
    SELECT n.nspname::text AS schema, c.relname::text AS relation, a.attname::text AS detail \
    FROM pg_catalog.pg_class c \
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
    LEFT JOIN pg_catalog.pg_attribute a \
    ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND c.relkind IN ('r', 'p', 'f') \
    WHERE n.nspname = current_schema()";
/// Query for the tables, views and indexes of a SQLite database, with the columns of the tables.
/// Names are in lower case, because SQLite compares them case-insensitively. The columns of virtual
/// tables and views, which have no root page, are omitted, because querying them can fail.
pub(super) const CATALOGUE_OF_SQLITE: &str = "\
    SELECT 'main' AS schema, lower(m.name) AS relation, lower(p.name) AS detail \
    FROM sqlite_master m \
    LEFT JOIN pragma_table_info(CASE WHEN m.type = 'table' AND m.rootpage > 0 THEN m.name END) p \
    WHERE m.type IN ('table', 'view', 'index')";

/// A row of a catalog query (a relation and one of its columns, if it has columns) or of the query
/// for versions (a history table and one of its versions).
#[derive(QueryableByName)]
pub(super) struct Found {
    #[diesel(sql_type = Text)]
    schema: String,
    #[diesel(sql_type = Text)]
    relation: String,
    #[diesel(sql_type = Nullable<Text>)]
    detail: Option<String>,
}

/// Relations by name, each with its columns if it is a table.
pub(super) type Relations = BTreeMap<String, BTreeSet<String>>;

/// The relations of a database, and the migrations applied to it.
#[derive(Debug, Default)]
pub struct History {
    /// Name of the current schema; `None` if it contains no relations.
    pub(super) schema: Option<String>,
    pub(super) relations: Relations,
    /// Versions in the service's own history table.
    pub(super) own: BTreeSet<String>,
    /// Versions in the old history table that all services shared.
    pub(super) shared: BTreeSet<String>,
}

impl History {
    /// Reads the catalog and the history tables.
    pub async fn read(conn: &mut Conn, migrations: &Migrations) -> QueryResult<Self> {
        let catalogue = sql_query(match conn {
            Conn::Postgres(..) => CATALOGUE_OF_POSTGRES,
            Conn::Sqlite(_) => CATALOGUE_OF_SQLITE,
        });
        let found = query!(&mut *conn, |c| diesel_async::RunQueryDsl::load(catalogue, c))?;
        let mut history = Self::of(found);
        if let Some(versions) = history.versions(migrations) {
            let versions = sql_query(versions);
            let found = query!(conn, |c| diesel_async::RunQueryDsl::load(versions, c))?;
            history.add_versions(found, migrations);
        }
        Ok(history)
    }

    /// Reads the history like [`Self::read`], but with a blocking connection.
    pub(super) fn read_blocking<C>(
        conn: &mut C,
        catalogue: &str,
        migrations: &Migrations,
    ) -> QueryResult<Self>
    where
        C: Connection,
        SqlQuery: for<'query> LoadQuery<'query, C, Found>,
    {
        let mut history = Self::of(sql_query(catalogue).load(conn)?);
        if let Some(versions) = history.versions(migrations) {
            history.add_versions(sql_query(versions).load(conn)?, migrations);
        }
        Ok(history)
    }

    fn of(catalogue: Vec<Found>) -> Self {
        let mut history = Self::default();
        for Found { schema, relation, detail } in catalogue {
            history.schema = Some(schema);
            history.relations.entry(relation).or_default().extend(detail);
        }
        history
    }

    /// Returns a query for the versions in the history tables that exist, or `None` if none exists.
    fn versions(&self, migrations: &Migrations) -> Option<String> {
        let tables = [migrations.history, SHARED_TABLE];
        let tables = tables.into_iter().filter(|table| {
            self.relations.get(*table).is_some_and(|columns| columns.contains("version"))
        });
        let queries: Vec<_> = tables
            .map(|table| {
                format!(
                    "SELECT '' AS schema, '{table}' AS relation, CAST(version AS text) AS detail \
                     FROM {table}"
                )
            })
            .collect();
        (!queries.is_empty()).then(|| queries.join(" UNION ALL "))
    }

    fn add_versions(&mut self, found: Vec<Found>, migrations: &Migrations) {
        for Found { relation, detail, .. } in found {
            let versions =
                if relation == migrations.history { &mut self.own } else { &mut self.shared };
            versions.extend(detail);
        }
    }

    pub(super) fn has_own_table(&self, migrations: &Migrations) -> bool {
        self.relations.contains_key(migrations.history)
    }

    /// Returns whether the database has a table, view or index with this name.
    pub fn has(&self, relation: &str) -> bool {
        self.relations.contains_key(relation)
    }

    /// Returns whether the schema (on SQLite, the database) contains nothing but history tables and
    /// their indexes.
    pub fn is_empty(&self, migrations: &Migrations) -> bool {
        let is_history = |relation: &str| {
            [migrations.history, SHARED_TABLE].iter().any(|table| relation.contains(table))
        };
        self.relations.keys().all(|relation| is_history(relation))
    }
}
