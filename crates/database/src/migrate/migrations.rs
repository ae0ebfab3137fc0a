//! The migrations of a service.

use std::collections::BTreeMap;

use diesel::{
    migration::{self, MigrationName, MigrationSource},
    sqlite::Sqlite,
};
use diesel_migrations::EmbeddedMigrations;

/// The migrations of a service for each engine, embedded in the binary. Both engines have the same
/// versions.
#[expect(missing_debug_implementations, reason = "embedded migrations are not Debug")]
pub struct Migrations {
    /// Name of the service's program.
    pub service: &'static str,
    /// Name of the table that records the applied versions. It must be unique to the service,
    /// because services that share a database may use equal version numbers.
    pub history: &'static str,
    pub postgres: EmbeddedMigrations,
    pub sqlite: EmbeddedMigrations,
}

impl Migrations {
    /// Returns the names of the migrations by version. They are the same for both engines.
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
