//! Rows, and all SQL. Nothing here knows HTTP, takes the time or rolls dice.

mod task;

pub(crate) use task::{Position, Task, TaskChanges};
