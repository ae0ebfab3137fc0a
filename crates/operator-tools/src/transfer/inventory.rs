//! The tables of a service, as exported and imported.

use std::sync::Arc;

use database::migrate::Migrations;

use super::Table;

/// The tables of a service, and the program they belong to.
#[expect(missing_debug_implementations, reason = "migrations are not Debug")]
pub struct Inventory {
    pub service: &'static str,
    pub version: &'static str,
    pub migrations: Arc<Migrations>,
    /// The tables in the order in which an import stores them: parents before children.
    pub tables: Vec<Box<dyn Table>>,
}
