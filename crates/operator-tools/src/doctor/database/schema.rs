//! The schema that a service needs.

use database::migrate::Migrations;

use crate::doctor::Finding;

/// What a service requires of its database, and how the schema is migrated.
#[expect(missing_debug_implementations, reason = "embedded migrations are not Debug")]
pub struct Schema {
    pub migrations: Migrations,
    /// All tables. The first one must be unique to the service.
    pub tables: &'static [&'static str],
    /// Maximum number of connections of one process.
    pub max_connections: u16,
    pub migrates_at_start: bool,
    /// Whether the service is running, and should therefore have run its migrations.
    pub is_running: bool,
}

impl Schema {
    pub(super) fn own_table(&self) -> &'static str {
        self.tables.first().copied().unwrap_or_default()
    }

    /// Returns whether an outdated schema is a fault: the service is running, or does not run
    /// migrations when it starts.
    pub(super) fn should_be_current(&self) -> bool {
        self.is_running || !self.migrates_at_start
    }

    /// Returns the finding for a missing database or schema.
    pub(super) fn is_missing(&self, text: &str) -> Finding {
        let program = self.migrations.service;
        if self.should_be_current() {
            Finding::fault(
                "MIGRATE",
                format!("{text}: run `{program} migrate`, or restart {program} with MIGRATE=on"),
            )
        } else {
            Finding::ok("database", format!("{text}; {program} creates the tables when it starts"))
        }
    }
}
