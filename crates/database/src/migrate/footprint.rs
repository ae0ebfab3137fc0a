//! The schema after each migration, obtained by running all of them on an in-memory SQLite
//! database. Both engines have the same tables, columns and indexes, so the result also applies to
//! PostgreSQL.

use std::collections::BTreeSet;

use diesel::{
    Connection as _, SqliteConnection,
    migration::{self, MigrationSource},
    sqlite::Sqlite,
};

use super::{
    Migrations,
    history::{CATALOGUE_OF_SQLITE, History, Relations},
};

/// The schema after each migration, oldest first.
pub(super) struct Footprint(Vec<(String, Relations)>);

impl Footprint {
    pub(super) fn of(migrations: &Migrations) -> migration::Result<Self> {
        let mut conn = SqliteConnection::establish(":memory:")?;
        let mut steps = Vec::new();
        let mut source = MigrationSource::<Sqlite>::migrations(&migrations.sqlite)?;
        source.sort_unstable_by(|one, other| one.name().version().cmp(&other.name().version()));
        for migration in source {
            migration.run(&mut conn)?;
            let after = History::read_blocking(&mut conn, CATALOGUE_OF_SQLITE, migrations)?;
            steps.push((migration.name().version().to_string(), after.relations));
        }
        Ok(Self(steps))
    }

    /// Returns the names of the relations that a migration creates.
    pub(super) fn created_by(&self, version: &str) -> BTreeSet<&str> {
        let Some((before, after)) = self.step(version) else { return BTreeSet::new() };
        let is_new = |relation: &&str| !before.is_some_and(|before| before.contains_key(*relation));
        after.keys().map(String::as_str).filter(is_new).collect()
    }

    /// Returns the columns that a migration adds, except those that a later migration removes. Each
    /// is a pair of table and column name.
    pub(super) fn columns_added_by(&self, version: &str) -> Vec<(&str, &str)> {
        let Some((before, after)) = self.step(version) else { return Vec::new() };
        let has = |relations: &Relations, table: &str, column: &str| {
            relations.get(table).is_some_and(|columns| columns.contains(column))
        };
        let pairs = after.iter().flat_map(|(table, columns)| {
            columns.iter().map(move |column| (table.as_str(), column.as_str()))
        });
        pairs
            .filter(|(table, column)| !before.is_some_and(|before| has(before, table, column)))
            .filter(|(table, column)| has(self.latest(), table, column))
            .collect()
    }

    /// Returns the schema after all migrations.
    pub(super) fn latest(&self) -> &Relations {
        static NOTHING: Relations = Relations::new();
        self.0.last().map_or(&NOTHING, |(_, relations)| relations)
    }

    /// Returns the schema before a migration (`None` before the first one) and after it.
    fn step(&self, version: &str) -> Option<(Option<&Relations>, &Relations)> {
        let index = self.0.iter().position(|(step, _)| step == version)?;
        let before = index.checked_sub(1).and_then(|before| self.0.get(before));
        Some((before.map(|(_, relations)| relations), &self.0.get(index)?.1))
    }
}
