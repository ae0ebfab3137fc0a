//! Tasks. Every statement of a request names the owner, except [`Task::find_owner`], so that a
//! database that is sharded by owner only queries one node.

use database::{
    Conn, Prepared, query,
    sql_types::{DbTime, DbUuid},
};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use shared_models::{TaskId, UserId};

use crate::store::{folded::folded, schema::tasks};

/// A task without its `user_id`, by which every query filters.
#[derive(Clone, HasQuery)]
#[diesel(table_name = tasks)]
pub(crate) struct Task {
    pub(crate) id: DbUuid,
    pub(crate) title: String,
    pub(crate) description: Option<String>,
    pub(crate) completed: bool,
    pub(crate) created_at: DbTime,
    pub(crate) updated_at: DbTime,
    pub(crate) version: i64,
}

/// Changed columns. `None` leaves a column unchanged, so that clients that concurrently change
/// different columns do not overwrite each other's changes.
pub(crate) struct TaskChanges {
    pub(crate) title: Option<String>,
    pub(crate) description: Option<Option<String>>,
    pub(crate) completed: Option<bool>,
    pub(crate) updated_at: DbTime,
}

/// Precondition of a write: the expected versions of the task.
pub(crate) enum Expected {
    Any,
    /// One of these versions.
    Versions(Vec<i64>),
}

impl TaskChanges {
    /// Returns whether no column other than `updated_at` is changed.
    pub(crate) fn is_empty(&self) -> bool {
        let Self { title, description, completed, updated_at: _ } = self;
        title.is_none() && description.is_none() && completed.is_none()
    }
}

impl Expected {
    pub(crate) fn includes(&self, version: i64) -> bool {
        match self {
            Self::Any => true,
            Self::Versions(versions) => versions.contains(&version),
        }
    }
}

impl Task {
    pub(crate) const FIRST_VERSION: i64 = 1;

    pub(crate) async fn find(
        conn: &mut Conn,
        owner: &UserId,
        id: TaskId,
    ) -> QueryResult<Option<Self>> {
        query!(conn, |c| Self::query()
            .filter(tasks::user_id.eq(owner.as_str()).and(tasks::id.eq(DbUuid(id.as_uuid()))))
            .first(c))
        .optional()
    }

    /// Returns the owner of a task, or `None` if the task does not exist, to distinguish another
    /// user's task from a missing one. If several users have a task with this id, which is only
    /// possible after an import, prefers `user`.
    pub(crate) async fn find_owner(
        conn: &mut Conn,
        user: &UserId,
        id: TaskId,
    ) -> QueryResult<Option<String>> {
        let owner = tasks::table
            .filter(tasks::id.eq(DbUuid(id.as_uuid())))
            .order(tasks::user_id.eq(user.as_str()).desc())
            .select(tasks::user_id);
        query!(conn, |c| owner.first(c)).optional()
    }

    pub(crate) async fn exists(conn: &mut Conn, owner: &UserId, id: TaskId) -> QueryResult<bool> {
        let own = tasks::user_id.eq(owner.as_str()).and(tasks::id.eq(DbUuid(id.as_uuid())));
        query!(conn, |c| diesel::select(diesel::dsl::exists(tasks::table.filter(own)))
            .get_result(c))
    }

    pub(crate) async fn count(conn: &mut Conn, owner: &UserId) -> QueryResult<i64> {
        let own = tasks::table.filter(tasks::user_id.eq(owner.as_str()));
        query!(conn, |c| own.count().get_result(c))
    }

    pub(crate) async fn insert(&self, conn: &mut Conn, owner: &UserId) -> QueryResult<usize> {
        let Self { id, title, description, completed, created_at, updated_at, version } = self;
        let row = (
            tasks::id.eq(id),
            tasks::user_id.eq(owner.as_str()),
            tasks::title.eq(title),
            tasks::description.eq(description.as_deref()),
            tasks::completed.eq(completed),
            tasks::created_at.eq(created_at),
            tasks::updated_at.eq(updated_at),
            tasks::version.eq(version),
            tasks::title_folded.eq(folded(title)),
            tasks::description_folded.eq(description.as_deref().map(folded)),
        );
        query!(conn, |c| diesel::insert_into(tasks::table).values(row).execute(c))
    }

    /// Updates a task and returns it, or `None` if the owner has no such task with an expected
    /// version.
    pub(crate) async fn update(
        conn: &mut Conn,
        owner: &UserId,
        id: TaskId,
        changes: &TaskChanges,
        expected: &Expected,
    ) -> QueryResult<Option<Self>> {
        let own = tasks::user_id.eq(owner.as_str()).and(tasks::id.eq(DbUuid(id.as_uuid())));
        let TaskChanges { title, description, completed, updated_at } = changes;
        let description = description.as_ref().map(Option::as_deref);
        let changed = (
            title
                .as_deref()
                .map(|title| (tasks::title.eq(title), tasks::title_folded.eq(folded(title)))),
            description.map(|text| {
                (tasks::description.eq(text), tasks::description_folded.eq(text.map(folded)))
            }),
            completed.map(|completed| tasks::completed.eq(completed)),
            tasks::updated_at.eq(updated_at),
            tasks::version.eq(tasks::version + 1),
        );
        match expected {
            Expected::Any => {
                let update = diesel::update(tasks::table.filter(own)).set(changed);
                query!(conn, |c| Prepared(update.returning(Self::as_returning())).get_result(c))
            }
            Expected::Versions(versions) => {
                let own = own.and(tasks::version.eq_any(versions));
                query!(conn, |c| diesel::update(tasks::table.filter(own))
                    .set(changed)
                    .returning(Self::as_returning())
                    .get_result(c))
            }
        }
        .optional()
    }

    /// Deletes a task. Returns the number of deleted tasks: 0 if the owner has no such task with an
    /// expected version.
    pub(crate) async fn delete(
        conn: &mut Conn,
        owner: &UserId,
        id: TaskId,
        expected: &Expected,
    ) -> QueryResult<usize> {
        let own = tasks::user_id.eq(owner.as_str()).and(tasks::id.eq(DbUuid(id.as_uuid())));
        match expected {
            Expected::Any => {
                query!(conn, |c| diesel::delete(tasks::table.filter(own)).execute(c))
            }
            Expected::Versions(versions) => {
                let own = own.and(tasks::version.eq_any(versions));
                query!(conn, |c| diesel::delete(tasks::table.filter(own)).execute(c))
            }
        }
    }

    /// Fills the folded columns of up to `limit` rows that were written before these columns
    /// existed. Returns the number of these rows.
    pub(crate) async fn fold(conn: &mut Conn, limit: i64) -> QueryResult<usize> {
        let missing = tasks::table
            .filter(tasks::title_folded.eq(""))
            .select((tasks::user_id, tasks::id, tasks::title, tasks::description))
            .limit(limit);
        let rows: Vec<(String, DbUuid, String, Option<String>)> =
            query!(conn, |c| missing.load(c))?;
        for (owner, id, title, description) in &rows {
            let unchanged =
                tasks::user_id.eq(owner).and(tasks::id.eq(id)).and(tasks::title_folded.eq(""));
            let texts = (
                tasks::title_folded.eq(folded(title)),
                tasks::description_folded.eq(description.as_deref().map(folded)),
            );
            query!(conn, |c| diesel::update(tasks::table.filter(unchanged)).set(texts).execute(c))?;
        }
        Ok(rows.len())
    }
}
