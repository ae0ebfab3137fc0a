//! A gate that refuses database connections while the schema may not exist yet.

use std::sync::atomic::{AtomicBool, Ordering};

use super::Unavailable;

#[derive(Debug, Default)]
pub(super) struct Gate(AtomicBool);

impl Gate {
    pub(super) fn set_closed(&self, is_closed: bool) {
        self.0.store(is_closed, Ordering::Relaxed);
    }

    pub(super) fn pass(&self) -> Result<(), Unavailable> {
        if self.0.load(Ordering::Relaxed) { Err(Unavailable::NotMigrated) } else { Ok(()) }
    }
}
