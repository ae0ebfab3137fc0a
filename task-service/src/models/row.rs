//! Whole rows, as they are exported and imported.

use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use service_kit::{
    exported,
    sql_types::{DbTime, DbUuid},
    transfer::{Table, table},
};

use super::IdempotencyKey;
use crate::{
    folded::folded,
    schema::{idempotency_keys, tasks},
};

/// Without the folded texts: they are made again from the others.
#[derive(HasQuery, Insertable, Serialize, Deserialize)]
#[diesel(table_name = tasks)]
#[serde(deny_unknown_fields)]
struct TaskRow {
    id: DbUuid,
    user_id: String,
    title: String,
    description: Option<String>,
    completed: bool,
    created_at: DbTime,
    updated_at: DbTime,
    version: i64,
}

exported!(TaskRow, tasks, by [plain id], |row| (
    row,
    tasks::title_folded.eq(folded(&row.title)),
    tasks::description_folded.eq(row.description.as_deref().map(folded)),
));
exported!(IdempotencyKey, idempotency_keys, by [text user_id, text key]);

/// All that is kept.
pub(crate) fn tables() -> Vec<Box<dyn Table>> {
    vec![table::<TaskRow>(), table::<IdempotencyKey>()]
}
