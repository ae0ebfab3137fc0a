//! Rows, and all SQL. Nothing here knows HTTP, takes the time or rolls dice.

mod idempotency_key;
mod listing;
mod task;

pub(crate) use idempotency_key::IdempotencyKey;
pub(crate) use listing::{Asked, Filter, Order, Place, Position, Sort};
pub(crate) use task::{Expected, Task, TaskChanges};
