//! The bodies of requests that create or change a task.

use database::sql_types::{DbTime, DbUuid};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    domain::task_text::{DESCRIPTION, TITLE},
    http::{
        idempotency,
        input::{Members, Schema},
    },
    store::Task,
};

/// Unknown fields are ignored.
#[derive(ToSchema)]
#[schema(example = json!({ "title": "Buy milk", "description": "Two litres" }))]
pub(crate) struct CreateTask {
    /// 1 to 255 characters (Unicode scalar values), at least one of them visible, no NUL.
    #[schema(
        min_length = 1,
        max_length = 255,
        pattern = r"^[^\u0000]*[^\s\u0000-\u001f\u007f-\u009f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u2800\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb][^\u0000]*$"
    )]
    pub(super) title: String,
    /// At most 10 000 characters, no NUL.
    #[schema(max_length = 10_000, pattern = r"^[^\u0000]*$")]
    pub(super) description: Option<String>,
    #[schema(required = false, default = false)]
    pub(super) completed: bool,
}

impl Schema for CreateTask {
    fn read(members: &mut Members) -> Self {
        Self {
            title: members.text("title", TITLE),
            description: members.nullable_text("description", DESCRIPTION).flatten(),
            completed: members.optional_boolean("completed").unwrap_or_default(),
        }
    }
}

impl CreateTask {
    pub(super) fn into_task(self, now: DbTime) -> Task {
        Task {
            id: DbUuid(Uuid::now_v7()),
            title: self.title,
            description: self.description,
            completed: self.completed,
            created_at: now,
            updated_at: now,
            version: Task::FIRST_VERSION,
        }
    }

    /// Returns a hash that is equal for equivalent bodies.
    pub(super) fn hash(&self) -> Vec<u8> {
        idempotency::request_hash(&[
            Some(self.title.as_bytes()),
            self.description.as_deref().map(str::as_bytes),
            Some(&[u8::from(self.completed)]),
        ])
    }
}

/// Absent fields are unchanged; `null` clears the description. Unknown fields are ignored.
#[derive(ToSchema)]
#[schema(example = json!({ "completed": true }))]
pub(crate) struct UpdateTask {
    #[schema(
        nullable = false,
        min_length = 1,
        max_length = 255,
        pattern = r"^[^\u0000]*[^\s\u0000-\u001f\u007f-\u009f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u2800\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb][^\u0000]*$"
    )]
    pub(super) title: Option<String>,
    #[schema(value_type = Option<String>, max_length = 10_000, pattern = r"^[^\u0000]*$")]
    pub(super) description: Option<Option<String>>,
    #[schema(nullable = false)]
    pub(super) completed: Option<bool>,
}

impl Schema for UpdateTask {
    fn read(members: &mut Members) -> Self {
        Self {
            title: members.optional_text("title", TITLE),
            description: members.nullable_text("description", DESCRIPTION),
            completed: members.optional_boolean("completed"),
        }
    }
}
