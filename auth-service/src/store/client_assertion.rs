//! Assertions that clients have used. Each is accepted only once.

use database::{Conn, query, sql_types::DbTime};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use crate::store::schema::client_assertions;

#[derive(Debug, Insertable)]
#[diesel(table_name = client_assertions)]
pub(crate) struct UsedAssertion {
    pub(crate) client_id: String,
    pub(crate) jti_hash: Vec<u8>,
    /// Time by which the assertion has certainly expired, so that the row is no longer needed.
    pub(crate) expires_at: DbTime,
}

impl UsedAssertion {
    /// Inserts the assertion, unless it was used before.
    pub(crate) async fn insert(&self, conn: &mut Conn) -> QueryResult<usize> {
        query!(conn, |c| diesel::insert_into(client_assertions::table)
            .values(self)
            .on_conflict_do_nothing()
            .execute(c))
    }

    pub(crate) async fn delete_expired(conn: &mut Conn, now: DbTime) -> QueryResult<usize> {
        let expired = client_assertions::table.filter(client_assertions::expires_at.le(now));
        query!(conn, |c| diesel::delete(expired).execute(c))
    }
}
