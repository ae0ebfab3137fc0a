//! Tasks. Every statement but one names the owner; that one says whether a task exists at all.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use service_kit::{
    db::{Conn, query},
    sql_types::{DbTime, DbUuid},
};
use shared_models::{TaskId, UserId};

use crate::schema::tasks;

#[derive(Clone, HasQuery, Insertable)]
#[diesel(table_name = tasks)]
pub(crate) struct Task {
    pub(crate) id: DbUuid,
    pub(crate) user_id: String,
    pub(crate) title: String,
    pub(crate) description: Option<String>,
    pub(crate) completed: bool,
    pub(crate) created_at: DbTime,
    pub(crate) updated_at: DbTime,
}

/// What a write changes; `None` leaves a column alone, so that two clients who change different
/// columns do not undo each other.
#[derive(AsChangeset)]
#[diesel(table_name = tasks)]
pub(crate) struct TaskChanges {
    pub(crate) title: Option<String>,
    pub(crate) description: Option<Option<String>>,
    pub(crate) completed: Option<bool>,
    pub(crate) updated_at: DbTime,
}

/// A place in a listing, which runs from the newest task to the oldest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Position {
    pub(crate) created_at: DbTime,
    pub(crate) id: DbUuid,
}

impl Task {
    /// The owner's tasks after `position`, the newest first.
    pub(crate) async fn list(
        conn: &mut Conn<'_>,
        owner: &UserId,
        after: Position,
        limit: i64,
    ) -> QueryResult<Vec<Self>> {
        // The first condition lets the index find the place; the second breaks ties.
        let comes_after = tasks::created_at
            .le(after.created_at)
            .and(tasks::created_at.lt(after.created_at).or(tasks::id.lt(after.id)));
        query!(conn, |c| Self::query()
            .filter(tasks::user_id.eq(owner.as_str()).and(comes_after))
            .order((tasks::created_at.desc(), tasks::id.desc()))
            .limit(limit)
            .load(*c))
    }

    pub(crate) async fn find(
        conn: &mut Conn<'_>,
        owner: &UserId,
        id: TaskId,
    ) -> QueryResult<Option<Self>> {
        query!(conn, |c| Self::query()
            .filter(tasks::user_id.eq(owner.as_str()).and(tasks::id.eq(DbUuid(id.as_uuid()))))
            .first(*c))
        .optional()
    }

    /// Whether anybody has this task: what tells "not yours" from "not there".
    pub(crate) async fn exists(conn: &mut Conn<'_>, id: TaskId) -> QueryResult<bool> {
        let same = tasks::table.find(DbUuid(id.as_uuid()));
        query!(conn, |c| diesel::select(diesel::dsl::exists(same)).get_result(*c))
    }

    pub(crate) async fn insert(&self, conn: &mut Conn<'_>) -> QueryResult<usize> {
        query!(conn, |c| diesel::insert_into(tasks::table).values(self).execute(*c))
    }

    pub(crate) async fn update(
        conn: &mut Conn<'_>,
        owner: &UserId,
        id: TaskId,
        changes: &TaskChanges,
    ) -> QueryResult<Option<Self>> {
        let own = tasks::user_id.eq(owner.as_str()).and(tasks::id.eq(DbUuid(id.as_uuid())));
        query!(conn, |c| diesel::update(tasks::table.filter(own))
            .set(changes)
            .returning(Self::as_returning())
            .get_result(*c))
        .optional()
    }

    pub(crate) async fn delete(
        conn: &mut Conn<'_>,
        owner: &UserId,
        id: TaskId,
    ) -> QueryResult<usize> {
        let own = tasks::user_id.eq(owner.as_str()).and(tasks::id.eq(DbUuid(id.as_uuid())));
        query!(conn, |c| diesel::delete(tasks::table.filter(own)).execute(*c))
    }
}
