//! The bodies of requests that create or change a task.

use database::sql_types::{DbTime, DbUuid};
use utoipa::{
    ToSchema,
    openapi::{Object, ObjectBuilder, schema::Type},
};
use uuid::Uuid;

use crate::{
    domain::task_text::{DESCRIPTION, TITLE, title_pattern},
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
    #[schema(schema_with = title)]
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
        let Self { title, description, completed } = self;
        Task {
            id: DbUuid(Uuid::now_v7()),
            title,
            description,
            completed,
            created_at: now,
            updated_at: now,
            version: Task::FIRST_VERSION,
        }
    }

    /// Returns a hash that is equal for equivalent bodies.
    pub(super) fn hash(&self) -> Vec<u8> {
        let Self { title, description, completed } = self;
        idempotency::request_hash(&[
            Some(title.as_bytes()),
            description.as_deref().map(str::as_bytes),
            Some(&[u8::from(*completed)]),
        ])
    }
}

/// Absent fields are unchanged; `null` clears the description. Unknown fields are ignored.
#[derive(ToSchema)]
#[schema(example = json!({ "completed": true }))]
pub(crate) struct UpdateTask {
    #[schema(schema_with = title)]
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

fn title() -> Object {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .description(Some(
            "1 to 255 characters (Unicode scalar values), at least one of them visible, no NUL.",
        ))
        .min_length(Some(TITLE.min))
        .max_length(Some(TITLE.max))
        .pattern(Some(title_pattern()))
        .build()
}
