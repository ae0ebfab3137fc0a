//! Key pairs for signing tokens, with encrypted private keys.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde::{Deserialize, Serialize};
use service_kit::{
    db::{Conn, query},
    sql_types::DbTime,
    transfer::bytes,
};

use crate::schema::signing_keys;

#[derive(Clone, HasQuery, Insertable, Serialize, Deserialize)]
#[diesel(table_name = signing_keys)]
#[serde(deny_unknown_fields)]
pub(crate) struct SigningKey {
    pub(crate) generation: i32,
    /// The `kid` header.
    pub(crate) id: String,
    #[serde(with = "bytes")]
    pub(crate) public_key: Vec<u8>,
    #[serde(with = "bytes")]
    pub(crate) sealed_private_key: Vec<u8>,
    pub(crate) created_at: DbTime,
    /// When it stops signing; `None`: never.
    pub(crate) expires_at: Option<DbTime>,
}

impl SigningKey {
    /// Returns all keys, newest first.
    pub(crate) async fn list(conn: &mut Conn<'_>) -> QueryResult<Vec<Self>> {
        query!(conn, |c| Self::query().order(signing_keys::generation.desc()).load(*c))
    }

    /// Deletes keys of earlier generations that had expired by then.
    pub(crate) async fn delete_expired_before(
        conn: &mut Conn<'_>,
        then: DbTime,
        generation: i32,
    ) -> QueryResult<usize> {
        let retired = signing_keys::table
            .filter(signing_keys::expires_at.le(then))
            .filter(signing_keys::generation.lt(generation));
        query!(conn, |c| diesel::delete(retired).execute(*c))
    }

    /// Inserts the key, unless another process has already created this generation.
    pub(crate) async fn insert_unless_made(&self, conn: &mut Conn<'_>) -> QueryResult<usize> {
        query!(conn, |c| diesel::insert_into(signing_keys::table)
            .values(self)
            .on_conflict_do_nothing()
            .execute(*c))
    }
}
