//! Sessions. Tokens are looked up by their hash; the token itself is never stored.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use service_kit::{
    db::{Conn, query},
    sql_types::DbTime,
};

use super::User;
use crate::schema::{sessions, users};

#[derive(Clone, HasQuery)]
#[diesel(table_name = sessions)]
pub(crate) struct Session {
    pub(crate) id: String,
    pub(crate) user_id: String,
    pub(crate) expires_at: DbTime,
    pub(crate) created_at: DbTime,
    pub(crate) updated_at: DbTime,
    pub(crate) ip_address: String,
    pub(crate) user_agent: String,
}

#[derive(Insertable)]
#[diesel(table_name = sessions)]
pub(crate) struct NewSession<'a> {
    pub(crate) id: &'a str,
    pub(crate) token_hash: &'a [u8],
    pub(crate) user_id: &'a str,
    pub(crate) expires_at: DbTime,
    pub(crate) created_at: DbTime,
    pub(crate) updated_at: DbTime,
    pub(crate) ip_address: &'a str,
    pub(crate) user_agent: &'a str,
}

impl NewSession<'_> {
    pub(crate) async fn insert(&self, conn: &mut Conn<'_>) -> QueryResult<usize> {
        query!(conn, |c| diesel::insert_into(sessions::table).values(self).execute(*c))
    }
}

impl Session {
    /// The session of a token with its user, expired or not.
    pub(crate) async fn find_by_token_hash(
        conn: &mut Conn<'_>,
        token_hash: &[u8],
    ) -> QueryResult<Option<(Self, User)>> {
        let with_user =
            sessions::table.inner_join(users::table).filter(sessions::token_hash.eq(token_hash));
        query!(conn, |c| with_user.select((Self::as_select(), User::as_select())).first(*c))
            .optional()
    }

    pub(crate) async fn update_expiry(
        conn: &mut Conn<'_>,
        id: &str,
        expires_at: DbTime,
        now: DbTime,
    ) -> QueryResult<usize> {
        let renewed = diesel::update(sessions::table.find(id))
            .set((sessions::expires_at.eq(expires_at), sessions::updated_at.eq(now)));
        query!(conn, |c| renewed.execute(*c))
    }

    pub(crate) async fn delete(conn: &mut Conn<'_>, id: &str) -> QueryResult<usize> {
        query!(conn, |c| diesel::delete(sessions::table.find(id)).execute(*c))
    }

    pub(crate) async fn delete_by_token_hash(
        conn: &mut Conn<'_>,
        token_hash: &[u8],
    ) -> QueryResult<usize> {
        let session = sessions::table.filter(sessions::token_hash.eq(token_hash));
        query!(conn, |c| diesel::delete(session).execute(*c))
    }
}
