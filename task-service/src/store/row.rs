//! Rows as they are exported and imported.

use database::{
    exported,
    sql_types::{DbTime, DbUuid},
};
use diesel::prelude::*;
use serde::{Deserialize, Serialize};

use super::IdempotencyKey;
use crate::store::{
    folded::folded,
    schema::{idempotency_keys, tasks},
};

/// A task without its folded columns, which are derived from the others.
#[derive(HasQuery, Insertable, Serialize, Deserialize)]
#[diesel(table_name = tasks)]
#[serde(deny_unknown_fields)]
pub(crate) struct TaskRow {
    pub(crate) id: DbUuid,
    pub(crate) user_id: String,
    pub(crate) title: String,
    pub(crate) description: Option<String>,
    pub(crate) completed: bool,
    pub(crate) created_at: DbTime,
    pub(crate) updated_at: DbTime,
    pub(crate) version: i64,
}

// Ordered by id first, because an index provides that order and older exports use it.
exported!(TaskRow, tasks, by [plain id, text user_id], |row| (
    row,
    tasks::title_folded.eq(folded(&row.title)),
    tasks::description_folded.eq(row.description.as_deref().map(folded)),
));
exported!(IdempotencyKey, idempotency_keys, by [text user_id, text key]);
