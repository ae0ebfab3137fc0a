//! Rows, and all SQL. Nothing here knows HTTP, takes the time or rolls dice.

mod idempotency_key;
mod listing;
mod row;
mod task;

pub(crate) use idempotency_key::IdempotencyKey;
pub(crate) use listing::{Asked, Filter, Order, Place, Position, Sort};
pub(crate) use row::tables;
pub(crate) use task::{Expected, Task, TaskChanges};
