//! Counts of recent attempts, for rate limits and back-offs.

use database::{Conn, query, sql_types::DbTime};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use crate::store::schema::attempts;

#[derive(Clone, Debug, HasQuery, Insertable, AsChangeset)]
#[diesel(table_name = attempts, primary_key(key))]
pub(crate) struct Attempt {
    pub(crate) key: Vec<u8>,
    pub(crate) count: i32,
    pub(crate) last_at: DbTime,
    /// Time from which the row has no effect and may be deleted.
    pub(crate) forget_at: DbTime,
}

impl Attempt {
    pub(crate) async fn find(conn: &mut Conn, key: &[u8]) -> QueryResult<Option<Self>> {
        query!(conn, |c| Self::query().filter(attempts::key.eq(key)).first(c)).optional()
    }

    /// Replaces the row `old` with this one, or inserts this one if there was no row. Writes
    /// nothing if the row was changed, inserted or deleted since it was read.
    pub(crate) async fn replace(&self, conn: &mut Conn, old: Option<&Self>) -> QueryResult<usize> {
        let Some(old) = old else {
            return query!(conn, |c| diesel::insert_into(attempts::table)
                .values(self)
                .on_conflict_do_nothing()
                .execute(c));
        };
        let unchanged = attempts::table
            .find(&old.key)
            .filter(attempts::count.eq(old.count))
            .filter(attempts::last_at.eq(old.last_at));
        query!(conn, |c| diesel::update(unchanged).set(self).execute(c))
    }

    pub(crate) async fn delete(conn: &mut Conn, key: &[u8]) -> QueryResult<usize> {
        query!(conn, |c| diesel::delete(attempts::table.find(key)).execute(c))
    }

    pub(crate) async fn delete_forgotten(conn: &mut Conn, now: DbTime) -> QueryResult<usize> {
        let forgotten = attempts::table.filter(attempts::forget_at.le(now));
        query!(conn, |c| diesel::delete(forgotten).execute(c))
    }
}
