//! The networks from which users have signed in, each stored as a hash of user and network.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde::{Deserialize, Serialize};
use service_kit::{
    db::{Conn, query},
    sql_types::DbTime,
    transfer::bytes,
};

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
    pub(crate) async fn upsert(&self, conn: &mut Conn<'_>) -> QueryResult<usize> {
        query!(conn, |c| diesel::insert_into(sign_in_networks::table)
            .values(self)
            .on_conflict(sign_in_networks::network)
            .do_update()
            .set(sign_in_networks::seen_at.eq(self.seen_at))
            .execute(*c))
    }

    pub(crate) async fn exists(conn: &mut Conn<'_>, network: &[u8]) -> QueryResult<bool> {
        let same = sign_in_networks::table.find(network);
        query!(conn, |c| diesel::select(diesel::dsl::exists(same)).get_result(*c))
    }

    pub(crate) async fn delete_unseen(conn: &mut Conn<'_>, since: DbTime) -> QueryResult<usize> {
        let unseen = sign_in_networks::table.filter(sign_in_networks::seen_at.le(since));
        query!(conn, |c| diesel::delete(unseen).execute(*c))
    }
}
