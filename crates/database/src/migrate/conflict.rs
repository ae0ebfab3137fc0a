//! Detects existing relations under the names that a service needs, and guesses their origin.

use std::{collections::BTreeSet, fmt};

use super::{
    Migrations,
    history::{History, Relations},
};

/// Maximum number of relations, and of columns, that a message names.
const MAX_SHOWN: usize = 6;

/// Tables in which applications and frameworks record their migrations, in lower case.
const MIGRATION_TABLES: [(&str, &str); 9] = [
    ("alembic_version", "an application that uses Alembic (SQLAlchemy, FastAPI)"),
    ("_prisma_migrations", "an application that uses Prisma"),
    ("__drizzle_migrations", "an application that uses Drizzle"),
    ("django_migrations", "a Django application"),
    ("ar_internal_metadata", "a Rails application"),
    ("knex_migrations", "an application that uses Knex"),
    ("kysely_migration", "an application that uses Kysely"),
    ("flyway_schema_history", "an application that uses Flyway"),
    ("sequelizemeta", "an application that uses Sequelize"),
];

/// Relations that the service would create but that already exist.
#[derive(Debug)]
pub struct Conflict {
    /// Names of the first few relations, such as `users` and `sessions`.
    taken: Vec<String>,
    /// Names of the first few columns of the first relation, if it is a table.
    columns: Vec<String>,
    origin: Origin,
    /// `None` on SQLite, which has no schemas.
    schema: Option<String>,
    service: &'static str,
    history: &'static str,
}

#[derive(Debug)]
enum Origin {
    /// The service itself: the existing tables have all columns of its own tables.
    Own,
    Other(&'static str),
}

impl Conflict {
    /// Returns the conflict over the names in `taken`, or `None` if `taken` is empty. `latest` is
    /// the complete schema of the service.
    pub(super) fn of(
        taken: &[&str],
        history: &History,
        latest: &Relations,
        migrations: &Migrations,
    ) -> Option<Self> {
        // Names only tables if there are any, because the name of an index says little.
        let (tables, others): (Vec<_>, Vec<_>) =
            taken.iter().partition(|name| history.relations.get(**name).is_some_and(has_columns));
        let taken: Vec<&str> = if tables.is_empty() { others } else { tables };
        let columns = history.relations.get(*taken.first()?)?;
        let is_own = |name: &&str| match (history.relations.get(*name), latest.get(*name)) {
            (Some(found), Some(own)) => found.is_superset(own),
            _ => false,
        };
        let origin = if taken.iter().all(is_own) {
            Origin::Own
        } else {
            Origin::Other(origin(&history.relations, columns))
        };
        Some(Self {
            taken: taken.iter().take(MAX_SHOWN).map(|&name| name.to_owned()).collect(),
            columns: columns.iter().take(MAX_SHOWN).cloned().collect(),
            origin,
            schema: history.schema.clone().filter(|schema| schema != "main"),
            service: migrations.service,
            history: migrations.history,
        })
    }

    /// Returns the name of the setting to change in order to avoid the conflict.
    pub fn setting(&self) -> &'static str {
        if self.schema.is_some() { "DATABASE_SCHEMA" } else { "DATABASE_URL" }
    }
}

fn has_columns(columns: &BTreeSet<String>) -> bool {
    !columns.is_empty()
}

/// Guesses the application that owns the tables.
fn origin(relations: &Relations, columns: &BTreeSet<String>) -> &'static str {
    let has_all = |names: &[&str]| names.iter().all(|name| columns.contains(*name));
    let is_better_auth = ["user", "session", "account", "verification"]
        .iter()
        .filter(|name| {
            relations.contains_key(**name) || relations.contains_key(&format!("{name}s"))
        })
        .count()
        >= 3;
    if is_better_auth || has_all(&["emailVerified"]) || has_all(&["emailverified"]) {
        return "Better Auth";
    }
    let by_migrations = MIGRATION_TABLES
        .iter()
        .find(|(table, _)| relations.keys().any(|name| name.eq_ignore_ascii_case(table)));
    if let Some((_, origin)) = by_migrations {
        return origin;
    }
    if has_all(&["hashed_password"]) || has_all(&["title", "completed"]) {
        return "a FastAPI application (SQLModel, SQLAlchemy)";
    }
    "another application"
}

impl std::error::Error for Conflict {}

impl fmt::Display for Conflict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = match &self.schema {
            Some(schema) => format!("the schema {schema:?}"),
            None => "the database".to_owned(),
        };
        let names = self.taken.iter().map(|name| format!("{name:?}")).collect::<Vec<_>>();
        let what = match (self.columns.is_empty(), self.taken.len()) {
            (true, 1) => "a relation",
            (true, _) => "relations",
            (false, 1) => "a table",
            (false, _) => "tables",
        };
        write!(f, "{place} already has {what} {}", names.join(", "))?;
        if !self.columns.is_empty() {
            write!(f, " (columns of the first: {}, …)", self.columns.join(", "))?;
        }
        let Self { service, history, .. } = self;
        match self.origin {
            Origin::Own => write!(
                f,
                " as {service} creates it, but {history:?} has no record of it; nothing was changed. \
                 Restore {history:?} from the same backup"
            ),
            Origin::Other(origin) => write!(
                f,
                ", which {service} did not create and which seems to belong to {origin}; nothing was \
                 changed"
            ),
        }?;
        match (&self.schema, &self.origin) {
            (Some(_), Origin::Other(_)) => {
                let example = history.trim_end_matches("_migrations");
                write!(
                    f,
                    ". Set DATABASE_SCHEMA={example} to give {service} its own schema, or \
                     DATABASE_URL to another database"
                )
            }
            (None, Origin::Other(_)) => write!(f, ". Set DATABASE_URL to another file"),
            (_, Origin::Own) => Ok(()),
        }
    }
}
