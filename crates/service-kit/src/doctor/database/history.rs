//! Which migrations have run, beside those that the program knows.

use std::collections::BTreeMap;

use diesel::{
    QueryResult, QueryableByName, migration::MigrationSource, pg::Pg, sql_query, sql_types::Bool,
    sql_types::Text, sqlite::Sqlite,
};
use diesel_async::RunQueryDsl as _;

use super::{ReadOnly, Schema};
use crate::{
    db::{Conn, query},
    doctor::Finding,
};

const TABLE: &str = "__diesel_schema_migrations";

/// Migrations by version.
type Names = BTreeMap<String, String>;

pub(super) struct History {
    /// Known, and not run.
    pending: Names,
    /// Run, and not known.
    unknown: Vec<String>,
    has_begun: bool,
    /// Whether the service's own table is there.
    has_table: bool,
    /// Whether the service may make tables here.
    may_create: bool,
}

#[derive(QueryableByName)]
struct Flag {
    #[diesel(sql_type = Bool)]
    is_so: bool,
}

#[derive(QueryableByName)]
struct Version {
    #[diesel(sql_type = Text)]
    version: String,
}

impl History {
    pub(super) async fn read(database: &mut ReadOnly, schema: &Schema) -> QueryResult<Self> {
        let known = known(database, schema).map_err(diesel::result::Error::QueryBuilderError)?;
        let may_create = match database {
            ReadOnly::Postgres(_) => {
                let may =
                    "SELECT coalesce(has_schema_privilege(current_schema(), 'CREATE'), false)";
                is_so(&mut database.conn(), &format!("{may} AS is_so")).await?
            }
            ReadOnly::Sqlite(_) => true,
        };
        let has_history = has_table(database, TABLE).await?;
        let has_table = has_table(database, schema.table).await?;
        let run = if has_history {
            let versions = sql_query(format!("SELECT version FROM {TABLE} ORDER BY version"));
            let versions: Vec<Version> = query!(&mut database.conn(), |c| versions.load(*c))?;
            versions.into_iter().map(|row| row.version).collect()
        } else {
            Vec::new()
        };
        let unknown = run.iter().filter(|version| !known.contains_key(*version));
        let unknown = unknown.cloned().collect();
        let has_begun = !run.is_empty();
        let pending = known.into_iter().filter(|(version, _)| !run.contains(version)).collect();
        Ok(Self { pending, unknown, has_begun, has_table, may_create })
    }

    pub(super) fn is_current(&self) -> bool {
        self.pending.is_empty() && self.unknown.is_empty() && self.has_table
    }

    pub(super) fn judge(&self, schema: &Schema) -> Finding {
        let (program, table) = (schema.program, schema.table);
        if self.has_begun && !self.has_table {
            let text = format!("this database is another service's: it has no table {table:?}");
            return Finding::fault("DATABASE_URL", text);
        }
        if !self.unknown.is_empty() {
            let unknown = self.unknown.join(", ");
            let text = format!("has migrations that this {program} does not know: {unknown}");
            return Finding::fault("DATABASE_URL", format!("{text}; run the version that made it"));
        }
        if self.pending.is_empty() {
            return Finding::ok("schema", "is up to date");
        }
        if !self.may_create {
            let text = "its role may not make tables, which the migrations have to";
            return Finding::fault("DATABASE_URL", format!("{text}: GRANT CREATE ON SCHEMA to it"));
        }
        if !self.has_begun {
            return schema.is_missing("the database is empty");
        }
        let names: Vec<_> = self.pending.values().map(String::as_str).collect();
        let text = format!("these migrations have not run: {}", names.join(", "));
        if schema.should_be_current() {
            let advice = format!("run `{program} migrate`, or set it to true and start again");
            Finding::fault("MIGRATE", format!("{text}; {advice}"))
        } else {
            Finding::warn("MIGRATE", format!("{text}; they run when {program} starts"))
        }
    }
}

fn known(database: &ReadOnly, schema: &Schema) -> diesel::migration::Result<Names> {
    Ok(match database {
        ReadOnly::Postgres(_) => {
            let migrations = MigrationSource::<Pg>::migrations(&schema.migrations.postgres)?;
            migrations.iter().map(|one| name(one.name())).collect()
        }
        ReadOnly::Sqlite(_) => {
            let migrations = MigrationSource::<Sqlite>::migrations(&schema.migrations.sqlite)?;
            migrations.iter().map(|one| name(one.name())).collect()
        }
    })
}

fn name(name: &dyn diesel::migration::MigrationName) -> (String, String) {
    (name.version().to_string(), name.to_string())
}

async fn has_table(database: &mut ReadOnly, table: &str) -> QueryResult<bool> {
    let question = match database {
        ReadOnly::Postgres(_) => format!("SELECT to_regclass('{table}') IS NOT NULL AS is_so"),
        ReadOnly::Sqlite(_) => {
            format!("SELECT EXISTS (SELECT 1 FROM sqlite_master WHERE name = '{table}') AS is_so")
        }
    };
    is_so(&mut database.conn(), &question).await
}

async fn is_so(conn: &mut Conn<'_>, question: &str) -> QueryResult<bool> {
    let question = sql_query(question);
    let flag: Flag = query!(conn, |c| question.get_result(*c))?;
    Ok(flag.is_so)
}
