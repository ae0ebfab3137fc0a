//! Internals that the benchmarks measure.

use database::sql_types::{DbTime, DbUuid};
use service_kit::Clock;
use shared_models::UserId;
use uuid::Uuid;

use crate::{http::representation::tasks_json, store::Task};

/// A page of a listing, as read from the database.
#[expect(missing_debug_implementations, reason = "tasks are not Debug")]
pub struct Page {
    tasks: Vec<Task>,
    owner: UserId,
}

impl Page {
    /// Creates a page of `count` tasks with strings of typical lengths.
    pub fn of(count: usize) -> Self {
        let now = DbTime(Clock::default().now());
        let task = |number| Task {
            id: DbUuid(Uuid::now_v7()),
            title: format!("Task {number} of many"),
            description: Some("To be done on a day like any other, by somebody.".to_owned()),
            completed: number % 2 == 0,
            created_at: now,
            updated_at: now,
            version: Task::FIRST_VERSION,
        };
        Self { tasks: (0..count).map(task).collect(), owner: Uuid::now_v7().into() }
    }

    /// Serializes the page as the body of a response.
    pub fn json(&self) -> Result<Vec<u8>, Box<dyn std::error::Error>> {
        Ok(tasks_json(&self.tasks, &self.owner)?)
    }
}
