//! Compares the applied migrations with those of the program.

use database::{
    Conn,
    migrate::{History, Plan},
};
use diesel::{QueryResult, migration};

use super::{Schema, rights::Rights};
use crate::doctor::Finding;

pub(super) struct Examination {
    plan: migration::Result<Plan>,
    /// Whether the table that is unique to the service exists.
    has_table: bool,
    /// Whether the database is empty apart from history tables.
    is_empty: bool,
    /// `None` on SQLite, which has no permissions beyond those of the file.
    rights: Option<Rights>,
}

impl Examination {
    /// Reads the applied migrations and the tables. Returns a finding instead if the role lacks
    /// privileges on the schema or its tables.
    pub(super) async fn read(
        conn: &mut Conn,
        schema: &Schema,
    ) -> QueryResult<Result<Self, Finding>> {
        let rights = Rights::read(conn, schema).await?;
        if let Some(missing) = rights.as_ref().and_then(Rights::missing) {
            return Ok(Err(Finding::fault("DATABASE_URL", missing)));
        }
        let history = History::read(conn, &schema.migrations).await?;
        Ok(Ok(Self {
            plan: Plan::new(&history, &schema.migrations),
            has_table: history.has(schema.own_table()),
            is_empty: history.is_empty(&schema.migrations),
            rights,
        }))
    }

    pub(super) fn is_current(&self) -> bool {
        let is_complete =
            |plan: &Plan| plan.is_complete() && plan.unknown.is_empty() && self.has_table;
        self.plan.as_ref().is_ok_and(is_complete)
    }

    pub(super) fn judge(&self, schema: &Schema) -> Finding {
        let (program, table) = (schema.migrations.service, schema.own_table());
        let plan = match &self.plan {
            Ok(plan) => plan,
            Err(error) => return Finding::fault("schema", error.to_string()),
        };
        if let Some(conflict) = &plan.conflict {
            return Finding::fault(conflict.setting(), conflict.to_string());
        }
        if plan.has_begun && !self.has_table {
            let text =
                format!("{program} has migrated this database, but it has no table {table:?}");
            return Finding::fault("DATABASE_URL", text);
        }
        if !plan.unknown.is_empty() {
            let unknown = plan.unknown.join(", ");
            let text = format!("has migrations that this {program} does not know: {unknown}");
            return Finding::fault(
                "DATABASE_URL",
                format!("{text}; run the version that created them"),
            );
        }
        if plan.is_complete() {
            return Finding::ok("schema", "is up to date");
        }
        if let Some(missing) = self.rights.as_ref().and_then(Rights::missing_for_migrations) {
            return Finding::fault("DATABASE_URL", missing);
        }
        if !plan.has_begun {
            return schema.is_missing(if self.is_empty {
                "the database is empty"
            } else {
                "the database has none of the service's tables yet"
            });
        }
        let names: Vec<_> = plan.pending.values().map(String::as_str).collect();
        let text = format!("these migrations have not run: {}", names.join(", "));
        if schema.should_be_current() {
            let advice = format!("run `{program} migrate`, or restart {program} with MIGRATE=on");
            Finding::fault("MIGRATE", format!("{text}; {advice}"))
        } else {
            Finding::warn("MIGRATE", format!("{text}; they run when {program} starts"))
        }
    }
}
