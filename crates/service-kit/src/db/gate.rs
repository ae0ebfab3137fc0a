//! A database that is there, but whose schema may not be: nobody gets at it before it is.

use std::sync::atomic::{AtomicBool, Ordering};

use super::{Database, Unavailable};

/// Open, unless it was closed.
#[derive(Debug, Default)]
pub(super) struct Gate(AtomicBool);

impl Database {
    /// Nobody gets a connection before [`Database::admit`]: the schema may not be there yet.
    pub fn hold_off(&self) {
        self.gate().set_closed(true);
    }

    /// The schema is there.
    pub fn admit(&self) {
        self.gate().set_closed(false);
    }

    /// Whether the schema is there, as far as is known.
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
