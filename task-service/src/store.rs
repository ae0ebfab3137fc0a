//! Rows, and all SQL. Nothing here depends on HTTP, the clock or randomness.

mod contains;
mod erasure;
pub(crate) mod folded;
mod idempotency_key;
mod import;
mod listing;
mod row;
mod schema;
mod task;

use database::migrate::Migrations;
use diesel_migrations::embed_migrations;

pub(crate) use diesel::result::Error as StoreError;

pub(crate) use erasure::{Erasure, EventCursor};
pub(crate) use idempotency_key::IdempotencyKey;
pub(crate) use import::{ImportedTasks, SourceOwner, SourceTask};
pub(crate) use listing::{Asked, Filter, Head, Order, Place, Position, Sort};
pub(crate) use row::TaskRow;
pub(crate) use task::{Expected, Task, TaskChanges};

/// The migrations of this service, embedded in the program.
pub const MIGRATIONS: Migrations = Migrations {
    service: env!("CARGO_PKG_NAME"),
    history: "task_service_migrations",
    postgres: embed_migrations!("../migrations/tasks/postgres"),
    sqlite: embed_migrations!("../migrations/tasks/sqlite"),
};
