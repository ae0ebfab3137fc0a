//! Rows, and all SQL. Nothing here depends on HTTP, the clock or randomness.

mod contains;
mod erasure;
mod idempotency_key;
mod import;
mod listing;
mod row;
mod task;

pub(crate) use erasure::{Erasure, EventCursor};
pub(crate) use idempotency_key::IdempotencyKey;
pub(crate) use import::{ImportedTasks, SourceOwner, SourceTask};
pub(crate) use listing::{Asked, Filter, Head, Order, Place, Position, Sort};
pub(crate) use row::{TaskRow, tables};
pub(crate) use task::{Expected, Task, TaskChanges};
