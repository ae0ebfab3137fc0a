//! Sessions. Tokens are looked up by their hash; the token itself is kept sealed, to be listed.

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

/// A session as it is listed.
#[derive(HasQuery)]
#[diesel(table_name = sessions)]
pub(crate) struct ListedSession {
    pub(crate) sealed_token: Vec<u8>,
    #[diesel(embed)]
    pub(crate) session: Session,
}

#[derive(Insertable)]
#[diesel(table_name = sessions)]
pub(crate) struct NewSession<'a> {
    pub(crate) id: &'a str,
    pub(crate) token_hash: &'a [u8],
    pub(crate) sealed_token: &'a [u8],
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

    /// Ends a session that the user may end: one of their own.
    pub(crate) async fn delete_own(
        conn: &mut Conn<'_>,
        user_id: &str,
        token_hash: &[u8],
    ) -> QueryResult<usize> {
        let session = sessions::table
            .filter(sessions::user_id.eq(user_id))
            .filter(sessions::token_hash.eq(token_hash));
        query!(conn, |c| diesel::delete(session).execute(*c))
    }

    pub(crate) async fn delete_all(conn: &mut Conn<'_>, user_id: &str) -> QueryResult<usize> {
        let sessions = sessions::table.filter(sessions::user_id.eq(user_id));
        query!(conn, |c| diesel::delete(sessions).execute(*c))
    }

    pub(crate) async fn delete_others(
        conn: &mut Conn<'_>,
        user_id: &str,
        id: &str,
    ) -> QueryResult<usize> {
        let others =
            sessions::table.filter(sessions::user_id.eq(user_id)).filter(sessions::id.ne(id));
        query!(conn, |c| diesel::delete(others).execute(*c))
    }

    pub(crate) async fn delete_expired(conn: &mut Conn<'_>, now: DbTime) -> QueryResult<usize> {
        let expired = sessions::table.filter(sessions::expires_at.le(now));
        query!(conn, |c| diesel::delete(expired).execute(*c))
    }
}

impl ListedSession {
    /// The live sessions of a user.
    pub(crate) async fn list(
        conn: &mut Conn<'_>,
        user_id: &str,
        now: DbTime,
    ) -> QueryResult<Vec<Self>> {
        query!(conn, |c| Self::query()
            .filter(sessions::user_id.eq(user_id))
            .filter(sessions::expires_at.gt(now))
            .order((sessions::created_at, sessions::id))
            .load(*c))
    }
}
