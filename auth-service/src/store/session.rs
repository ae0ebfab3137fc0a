//! Sessions. A session is looked up by the hash of its token. The token itself is stored encrypted,
//! because the list of sessions returns it.

use database::{Conn, query, sql_types::DbTime};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::{ActiveUser, SignInNetwork, User};
use crate::store::schema::{security_events, sessions, users};

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

/// A session with its encrypted token, for the list of sessions.
#[derive(HasQuery)]
#[diesel(table_name = sessions)]
pub(crate) struct ListedSession {
    pub(crate) sealed_token: Vec<u8>,
    #[diesel(embed)]
    pub(crate) session: Session,
}

/// The encrypted token of a session.
#[derive(HasQuery)]
#[diesel(table_name = sessions)]
pub(crate) struct SealedToken {
    pub(crate) id: String,
    pub(crate) sealed_token: Vec<u8>,
}

/// The sessions to end.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Ending<'a> {
    /// The session with this token hash.
    OfToken(&'a [u8]),
    /// The session with this token hash (second field), if it belongs to this user (first).
    OwnOfToken(&'a str, &'a [u8]),
    /// The session with this id (second field), if it belongs to this user (first).
    OwnOfId(&'a str, &'a str),
    /// All sessions of a user.
    All(&'a str),
    /// All sessions of a user (first field) except one (second).
    Others(&'a str, &'a str),
}

/// The claims that identify a user's access token: user, session and token id (`jti`).
#[derive(Clone, Copy, Debug)]
pub(crate) struct TokenNames<'a> {
    pub(crate) user: &'a str,
    pub(crate) session: &'a str,
    pub(crate) token: &'a str,
}

/// A session that was ended, and its user: the subject of a security event.
#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = sessions)]
pub(crate) struct EndedSession {
    pub(crate) id: String,
    pub(crate) user_id: String,
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
    /// Network of the client that signed in.
    #[diesel(skip_insertion)]
    pub(crate) network: SignInNetwork,
}

impl NewSession<'_> {
    /// Inserts the session of a user who may sign in, and records the client's network.
    pub(crate) async fn insert(&self, conn: &mut Conn, _: &ActiveUser) -> QueryResult<()> {
        query!(conn, |c| diesel::insert_into(sessions::table).values(self).execute(c))?;
        self.network.upsert(conn).await.map(drop)
    }
}

impl Session {
    /// Returns the session with this token hash and its user, even if the session has expired.
    pub(crate) async fn find_by_token_hash(
        conn: &mut Conn,
        token_hash: &[u8],
    ) -> QueryResult<Option<(Self, User)>> {
        let with_user =
            sessions::table.inner_join(users::table).filter(sessions::token_hash.eq(token_hash));
        query!(conn, |c| with_user.select((Self::as_select(), User::as_select())).first(c))
            .optional()
    }

    /// Returns the e-mail address of an access token's user. Returns `None` if the token was
    /// revoked, or if its session has expired or ended, for instance because the user was disabled
    /// or deleted.
    pub(crate) async fn find_email(
        conn: &mut Conn,
        token: TokenNames<'_>,
        now: DbTime,
    ) -> QueryResult<Option<String>> {
        let revocation = security_events::table.filter(security_events::token_id.eq(token.token));
        let live = sessions::table
            .inner_join(users::table)
            .filter(sessions::id.eq(token.session))
            .filter(sessions::user_id.eq(token.user))
            .filter(sessions::expires_at.gt(now))
            .filter(diesel::dsl::not(diesel::dsl::exists(revocation)));
        query!(conn, |c| live.select(users::email).first(c)).optional()
    }

    /// Returns the IP address of the client that started a session, or `None` if the session does
    /// not exist. The address is empty if it is unknown.
    pub(crate) async fn find_ip_address(conn: &mut Conn, id: &str) -> QueryResult<Option<String>> {
        query!(conn, |c| sessions::table.find(id).select(sessions::ip_address).first(c)).optional()
    }

    pub(crate) async fn update_expiry(
        conn: &mut Conn,
        id: &str,
        expires_at: DbTime,
        now: DbTime,
    ) -> QueryResult<usize> {
        let renewed = diesel::update(sessions::table.find(id))
            .set((sessions::expires_at.eq(expires_at), sessions::updated_at.eq(now)));
        query!(conn, |c| renewed.execute(c))
    }

    /// Returns whether a session exists and has not expired. If so, locks it until the transaction
    /// ends.
    pub(crate) async fn hold(conn: &mut Conn, id: &str, now: DbTime) -> QueryResult<bool> {
        let live = sessions::table.find(id).filter(sessions::expires_at.gt(now));
        let held = diesel::update(live).set(sessions::expires_at.eq(sessions::expires_at));
        Ok(query!(conn, |c| held.execute(c))? > 0)
    }

    pub(crate) async fn delete(conn: &mut Conn, id: &str) -> QueryResult<usize> {
        query!(conn, |c| diesel::delete(sessions::table.find(id)).execute(c))
    }

    /// Deletes sessions and returns them with their users, for
    /// [`SecurityEvent::record_ended`](super::SecurityEvent::record_ended).
    pub(crate) async fn end(conn: &mut Conn, which: Ending<'_>) -> QueryResult<Vec<EndedSession>> {
        let user = match which {
            Ending::OfToken(_) => None,
            Ending::OwnOfToken(user_id, _)
            | Ending::OwnOfId(user_id, _)
            | Ending::All(user_id)
            | Ending::Others(user_id, _) => Some(user_id),
        };
        query!(conn, |c| {
            let mut ended = diesel::delete(sessions::table).into_boxed();
            if let Some(user_id) = user {
                ended = ended.filter(sessions::user_id.eq(user_id));
            }
            ended = match which {
                Ending::OfToken(hash) | Ending::OwnOfToken(_, hash) => {
                    ended.filter(sessions::token_hash.eq(hash))
                }
                Ending::OwnOfId(_, id) => ended.filter(sessions::id.eq(id)),
                Ending::Others(_, kept) => ended.filter(sessions::id.ne(kept)),
                Ending::All(_) => ended,
            };
            ended.returning(EndedSession::as_returning()).get_results(c)
        })
    }

    pub(crate) async fn delete_expired(conn: &mut Conn, now: DbTime) -> QueryResult<usize> {
        let expired = sessions::table.filter(sessions::expires_at.le(now));
        query!(conn, |c| diesel::delete(expired).execute(c))
    }
}

impl SealedToken {
    /// Returns the encrypted tokens of up to `limit` sessions whose ids follow `after`, ordered by
    /// id.
    pub(crate) async fn list(conn: &mut Conn, after: &str, limit: i64) -> QueryResult<Vec<Self>> {
        query!(conn, |c| Self::query()
            .filter(sessions::id.gt(after))
            .order(sessions::id)
            .limit(limit)
            .load(c))
    }

    /// Replaces the encrypted token, unless the session has ended.
    pub(crate) async fn update(&self, conn: &mut Conn, sealed: &[u8]) -> QueryResult<usize> {
        let updated =
            diesel::update(sessions::table.find(&self.id)).set(sessions::sealed_token.eq(sealed));
        query!(conn, |c| updated.execute(c))
    }
}

impl ListedSession {
    /// Returns a user's sessions that have not expired, oldest first.
    pub(crate) async fn list(
        conn: &mut Conn,
        user_id: &str,
        now: DbTime,
    ) -> QueryResult<Vec<Self>> {
        query!(conn, |c| Self::query()
            .filter(sessions::user_id.eq(user_id))
            .filter(sessions::expires_at.gt(now))
            .order((sessions::created_at, sessions::id))
            .load(c))
    }
}
