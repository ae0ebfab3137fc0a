//! Deleted users, the erasure of their data, and the cursor of the events that report deletions.

use database::{
    Conn, query,
    sql_types::{DbTime, DbUuid},
};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use crate::store::schema::{erasures, event_cursors, idempotency_keys, tasks};

/// Position up to which the security events of an issuer have been read.
pub(crate) struct EventCursor;

impl EventCursor {
    pub(crate) async fn find(conn: &mut Conn, issuer: &str) -> QueryResult<Option<String>> {
        let cursor = event_cursors::table.find(issuer).select(event_cursors::cursor);
        query!(conn, |c| cursor.first(c)).optional()
    }

    /// Advances the cursor from `old` to `new`. Returns the number of changed rows: 0 if another
    /// process has advanced the cursor in the meantime.
    pub(crate) async fn advance(
        conn: &mut Conn,
        issuer: &str,
        old: Option<&str>,
        new: &str,
    ) -> QueryResult<usize> {
        if let Some(old) = old {
            let known = event_cursors::table.find(issuer).filter(event_cursors::cursor.eq(old));
            let moved = diesel::update(known).set(event_cursors::cursor.eq(new));
            return query!(conn, |c| moved.execute(c));
        }
        let first = (event_cursors::issuer.eq(issuer), event_cursors::cursor.eq(new));
        query!(conn, |c| diesel::insert_into(event_cursors::table)
            .values(first)
            .on_conflict_do_nothing()
            .execute(c))
    }
}

/// A user whose data is to be erased.
#[derive(Debug, HasQuery)]
#[diesel(table_name = erasures)]
pub(crate) struct Erasure {
    pub(crate) user_id: String,
    pub(crate) tokens_expire_by: DbTime,
}

impl Erasure {
    /// Inserts the erasure, unless the user already has one.
    pub(crate) async fn insert(&self, conn: &mut Conn, erase_at: DbTime) -> QueryResult<usize> {
        let row = (
            erasures::user_id.eq(&self.user_id),
            erasures::erase_at.eq(erase_at),
            erasures::tokens_expire_by.eq(self.tokens_expire_by),
        );
        query!(conn, |c| diesel::insert_into(erasures::table)
            .values(row)
            .on_conflict_do_nothing()
            .execute(c))
    }

    pub(crate) async fn list_due(
        conn: &mut Conn,
        now: DbTime,
        limit: i64,
    ) -> QueryResult<Vec<Self>> {
        query!(conn, |c| Self::query()
            .filter(erasures::erase_at.le(now))
            .order(erasures::erase_at)
            .limit(limit)
            .load(c))
    }

    pub(crate) async fn defer(&self, conn: &mut Conn, erase_at: DbTime) -> QueryResult<usize> {
        let this = erasures::table.find(&self.user_id);
        query!(conn, |c| diesel::update(this).set(erasures::erase_at.eq(erase_at)).execute(c))
    }

    pub(crate) async fn delete(&self, conn: &mut Conn) -> QueryResult<usize> {
        query!(conn, |c| diesel::delete(erasures::table.find(&self.user_id)).execute(c))
    }

    /// Deletes up to `limit` tasks of the user and returns their number.
    pub(crate) async fn delete_tasks(&self, conn: &mut Conn, limit: i64) -> QueryResult<usize> {
        let own = tasks::user_id.eq(&self.user_id);
        let some = tasks::table.filter(own).select(tasks::id).limit(limit);
        let ids: Vec<DbUuid> = query!(conn, |c| some.load(c))?;
        let some = tasks::table.filter(own.and(tasks::id.eq_any(&ids)));
        query!(conn, |c| diesel::delete(some).execute(c))
    }

    /// Deletes up to `limit` idempotency keys of the user and returns their number.
    pub(crate) async fn delete_keys(&self, conn: &mut Conn, limit: i64) -> QueryResult<usize> {
        let own = idempotency_keys::user_id.eq(&self.user_id);
        let some = idempotency_keys::table.filter(own).select(idempotency_keys::key).limit(limit);
        let keys: Vec<String> = query!(conn, |c| some.load(c))?;
        let some = idempotency_keys::table.filter(own.and(idempotency_keys::key.eq_any(&keys)));
        query!(conn, |c| diesel::delete(some).execute(c))
    }
}
