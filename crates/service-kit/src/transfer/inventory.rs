//! The tables of a service, as exported and imported.

use std::sync::Arc;

use super::Table;
use crate::migrate::Migrations;

/// The tables of a service, and the program they belong to.
#[expect(missing_debug_implementations, reason = "migrations are not Debug")]
pub struct Inventory {
    /// Name of the service.
    pub service: &'static str,
    /// Version of the program.
    pub version: &'static str,
    pub migrations: Arc<Migrations>,
    /// Parent tables before child tables.
    pub tables: Vec<Box<dyn Table>>,
}
