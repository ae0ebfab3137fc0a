//! The networks from which users have signed in or reset their passwords, each stored as a hash of
//! user and network.

use database::{Conn, query, rows::bytes, sql_types::DbTime};
use diesel::{dsl::sql, prelude::*, sql_types::Bool};
use diesel_async::RunQueryDsl;
use serde::{Deserialize, Serialize};

use crate::store::schema::sign_in_networks;

#[derive(Clone, Debug, HasQuery, Insertable, Serialize, Deserialize)]
#[diesel(table_name = sign_in_networks)]
#[serde(deny_unknown_fields)]
pub(crate) struct SignInNetwork {
    #[serde(with = "bytes")]
    pub(crate) network: Vec<u8>,
    pub(crate) user_id: String,
    pub(crate) seen_at: DbTime,
}

impl SignInNetwork {
    pub(crate) async fn upsert(&self, conn: &mut Conn) -> QueryResult<usize> {
        query!(conn, |c| diesel::insert_into(sign_in_networks::table)
            .values(self)
            .on_conflict(sign_in_networks::network)
            .do_update()
            .set(sign_in_networks::seen_at.eq(self.seen_at))
            .execute(c))
    }

    /// Returns whether there was a sign-in from the network after `since`.
    pub(crate) async fn exists(
        conn: &mut Conn,
        network: &[u8],
        since: DbTime,
    ) -> QueryResult<bool> {
        let same =
            sign_in_networks::table.find(network).filter(sign_in_networks::seen_at.gt(since));
        query!(conn, |c| diesel::select(diesel::dsl::exists(same)).get_result(c))
    }

    /// Returns whether the user has signed in before, but not from this network.
    pub(crate) async fn is_new(&self, conn: &mut Conn) -> QueryResult<bool> {
        let all = sign_in_networks::table.filter(sign_in_networks::user_id.eq(&self.user_id));
        let same = sign_in_networks::table.find(&self.network);
        let is_new = diesel::dsl::exists(all).and(diesel::dsl::not(diesel::dsl::exists(same)));
        query!(conn, |c| diesel::select(is_new).get_result(c))
    }

    /// Deletes networks that were not used after `since`, but keeps the most recent one of each
    /// user: [`Self::is_new`] needs it to recognize a sign-in from another network.
    pub(crate) async fn delete_unseen(conn: &mut Conn, since: DbTime) -> QueryResult<usize> {
        let has_later = sql::<Bool>(
            "EXISTS (SELECT 1 FROM sign_in_networks AS later \
             WHERE later.user_id = sign_in_networks.user_id \
             AND later.seen_at > sign_in_networks.seen_at)",
        );
        let unseen =
            sign_in_networks::table.filter(sign_in_networks::seen_at.le(since)).filter(has_later);
        query!(conn, |c| diesel::delete(unseen).execute(c))
    }
}
