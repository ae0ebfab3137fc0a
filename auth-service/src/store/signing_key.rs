//! Key pairs for signing tokens, with encrypted private keys.

use database::{Conn, query, rows::bytes, sql_types::DbTime};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde::{Deserialize, Serialize};

use crate::store::schema::signing_keys;

#[derive(Clone, PartialEq, HasQuery, Insertable, Serialize, Deserialize)]
#[diesel(table_name = signing_keys)]
#[serde(deny_unknown_fields)]
pub(crate) struct SigningKey {
    pub(crate) generation: i32,
    /// The `kid` in the key set and in the headers of tokens.
    pub(crate) id: String,
    #[serde(with = "bytes")]
    pub(crate) public_key: Vec<u8>,
    #[serde(with = "bytes")]
    pub(crate) sealed_private_key: Vec<u8>,
    pub(crate) created_at: DbTime,
    /// Time at which the key stops signing; `None` for no limit.
    pub(crate) expires_at: Option<DbTime>,
    /// Time at which the key starts to sign; `None` for the time of its creation. Absent from
    /// exports of earlier versions, like the field below.
    #[serde(default)]
    pub(crate) activates_at: Option<DbTime>,
    #[serde(default)]
    pub(crate) revoked_at: Option<DbTime>,
}

impl SigningKey {
    /// Returns all keys, newest first.
    pub(crate) async fn list(conn: &mut Conn) -> QueryResult<Vec<Self>> {
        query!(conn, |c| Self::query().order(signing_keys::generation.desc()).load(c))
    }

    /// Locks the newest key until the transaction ends, and returns all keys, newest first.
    pub(crate) async fn list_locked(conn: &mut Conn) -> QueryResult<Vec<Self>> {
        let newest = Self::list(conn).await?.iter().map(|key| key.generation).max();
        let held = diesel::update(signing_keys::table)
            .filter(signing_keys::generation.nullable().eq(newest))
            .set(signing_keys::id.eq(signing_keys::id));
        query!(conn, |c| held.execute(c))?;
        // Another transaction may have changed the keys before the lock was granted.
        Self::list(conn).await
    }

    /// Deletes the keys that had expired by `then` and are older than this generation.
    pub(crate) async fn delete_expired_before(
        conn: &mut Conn,
        then: DbTime,
        generation: i32,
    ) -> QueryResult<usize> {
        let retired = signing_keys::table
            .filter(signing_keys::expires_at.le(then))
            .filter(signing_keys::generation.lt(generation));
        query!(conn, |c| diesel::delete(retired).execute(c))
    }

    /// Inserts the key, unless another process has already created a key of this generation.
    pub(crate) async fn insert_unless_made(&self, conn: &mut Conn) -> QueryResult<usize> {
        query!(conn, |c| diesel::insert_into(signing_keys::table)
            .values(self)
            .on_conflict_do_nothing()
            .execute(c))
    }

    pub(crate) async fn update_expiry(
        conn: &mut Conn,
        generation: i32,
        expires_at: DbTime,
    ) -> QueryResult<usize> {
        let updated = diesel::update(signing_keys::table.find(generation))
            .set(signing_keys::expires_at.eq(expires_at));
        query!(conn, |c| updated.execute(c))
    }

    /// Replaces the encrypted private key, unless another process has replaced `old` already.
    pub(crate) async fn update_sealed(
        conn: &mut Conn,
        generation: i32,
        old: &[u8],
        new: &[u8],
    ) -> QueryResult<usize> {
        let unchanged =
            signing_keys::table.find(generation).filter(signing_keys::sealed_private_key.eq(old));
        let updated = diesel::update(unchanged).set(signing_keys::sealed_private_key.eq(new));
        query!(conn, |c| updated.execute(c))
    }

    /// Sets the time at which a key starts to sign.
    pub(crate) async fn activate(
        conn: &mut Conn,
        generation: i32,
        activates_at: DbTime,
    ) -> QueryResult<usize> {
        let activated = diesel::update(signing_keys::table.find(generation))
            .set(signing_keys::activates_at.eq(activates_at));
        query!(conn, |c| activated.execute(c))
    }

    /// Marks a key as revoked. It neither signs nor is published from now on.
    pub(crate) async fn revoke(
        conn: &mut Conn,
        generation: i32,
        now: DbTime,
    ) -> QueryResult<usize> {
        let revoked = diesel::update(signing_keys::table.find(generation))
            .set((signing_keys::revoked_at.eq(now), signing_keys::expires_at.eq(now)));
        query!(conn, |c| revoked.execute(c))
    }
}
