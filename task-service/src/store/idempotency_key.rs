//! Responses to create requests with an `Idempotency-Key`.

use database::{
    Conn, query,
    rows::bytes,
    sql_types::{DbTime, DbUuid},
};
use diesel::{prelude::*, upsert::excluded};
use diesel_async::RunQueryDsl;
use serde::{Deserialize, Serialize};
use shared_models::UserId;

use crate::store::schema::idempotency_keys;

#[derive(HasQuery, Insertable, Serialize, Deserialize)]
#[diesel(table_name = idempotency_keys)]
#[serde(deny_unknown_fields)]
pub(crate) struct IdempotencyKey {
    pub(crate) user_id: String,
    pub(crate) key: String,
    /// SHA-256 hash of the content of the request.
    #[serde(with = "bytes")]
    pub(crate) request_hash: Vec<u8>,
    pub(crate) task_id: DbUuid,
    pub(crate) answer: String,
    pub(crate) created_at: DbTime,
}

impl IdempotencyKey {
    pub(crate) async fn find(
        conn: &mut Conn,
        owner: &UserId,
        key: &str,
    ) -> QueryResult<Option<Self>> {
        let own = idempotency_keys::user_id.eq(owner.as_str()).and(idempotency_keys::key.eq(key));
        query!(conn, |c| Self::query().filter(own).first(c)).optional()
    }

    pub(crate) async fn count(conn: &mut Conn, owner: &UserId) -> QueryResult<i64> {
        let own = idempotency_keys::table.filter(idempotency_keys::user_id.eq(owner.as_str()));
        query!(conn, |c| own.count().get_result(c))
    }

    /// Inserts the key, or replaces one created before `forgotten_before`. Returns 0 if the key is
    /// in use. Waits for a concurrent transaction that inserts the same key.
    pub(crate) async fn insert(
        &self,
        conn: &mut Conn,
        forgotten_before: DbTime,
    ) -> QueryResult<usize> {
        // Only this trait can filter an update on conflict.
        use diesel::query_dsl::methods::FilterDsl as _;
        use idempotency_keys::{answer, created_at, key, request_hash, task_id, user_id};

        query!(conn, |c| diesel::insert_into(idempotency_keys::table)
            .values(self)
            .on_conflict((user_id, key))
            .do_update()
            .set((
                request_hash.eq(excluded(request_hash)),
                task_id.eq(excluded(task_id)),
                answer.eq(excluded(answer)),
                created_at.eq(excluded(created_at)),
            ))
            .filter(created_at.lt(forgotten_before))
            .execute(c))
    }

    pub(crate) async fn delete_before(conn: &mut Conn, time: DbTime) -> QueryResult<usize> {
        let old = idempotency_keys::table.filter(idempotency_keys::created_at.lt(time));
        query!(conn, |c| diesel::delete(old).execute(c))
    }
}
