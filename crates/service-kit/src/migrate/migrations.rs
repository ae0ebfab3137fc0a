//! The migrations of a service.

use std::collections::BTreeMap;

use diesel::{
    migration::{self, MigrationName, MigrationSource},
    sqlite::Sqlite,
};
use diesel_migrations::EmbeddedMigrations;

/// The migrations of a service for each engine, embedded in the binary. Both have the same versions.
#[expect(missing_debug_implementations, reason = "embedded migrations are not Debug")]
pub struct Migrations {
    /// Name of the service's program.
    pub service: &'static str,
    /// The history table of applied versions. Services that share a database may use equal version
    /// numbers.
    pub history: &'static str,
    pub postgres: EmbeddedMigrations,
    pub sqlite: EmbeddedMigrations,
}

impl Migrations {
    /// Returns the migration names by version, which both engines share.
    pub(super) fn names(&self) -> migration::Result<BTreeMap<String, String>> {
        let migrations = MigrationSource::<Sqlite>::migrations(&self.sqlite)?;
        let name = |name: &dyn MigrationName| (name.version().to_string(), name.to_string());
        Ok(migrations.iter().map(|migration| name(migration.name())).collect())
    }

    /// Returns the version of the latest migration.
    pub fn latest(&self) -> String {
        let names = self.names().unwrap_or_default();
        names.into_keys().next_back().unwrap_or_default()
    }
}
