//! A gate that keeps requests from a database until its schema is known to exist.

use std::sync::atomic::{AtomicBool, Ordering};

use super::{Database, Unavailable};

#[derive(Debug, Default)]
pub(super) struct Gate(AtomicBool);

impl Database {
    /// Refuses connections until [`Database::admit`] is called, because the schema may not exist yet.
    pub fn hold_off(&self) {
        self.gate().set_closed(true);
    }

    /// Allows connections: the schema exists.
    pub fn admit(&self) {
        self.gate().set_closed(false);
    }

    /// Returns whether the schema is known to exist.
    pub fn has_schema(&self) -> bool {
        self.gate().pass().is_ok()
    }

    pub(super) fn gate(&self) -> &Gate {
        match self {
            Self::Postgres(postgres) => &postgres.gate,
            Self::Sqlite(sqlite) => &sqlite.gate,
        }
    }
}

impl Gate {
    fn set_closed(&self, is_closed: bool) {
        self.0.store(is_closed, Ordering::Relaxed);
    }

    pub(super) fn pass(&self) -> Result<(), Unavailable> {
        if self.0.load(Ordering::Relaxed) { Err(Unavailable::NotMigrated) } else { Ok(()) }
    }
}
