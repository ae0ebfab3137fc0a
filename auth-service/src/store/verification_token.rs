//! Tokens of mailed links that reset a password or delete a user, stored as hashes.

use database::{Conn, query, sql_types::DbTime};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use crate::store::schema::{sessions, verification_tokens};

#[derive(Clone, Copy, Debug)]
pub(crate) enum Purpose {
    ResetPassword,
    DeleteUser,
}

impl Purpose {
    fn as_str(self) -> &'static str {
        match self {
            Self::ResetPassword => "reset-password",
            Self::DeleteUser => "delete-user",
        }
    }
}

pub(crate) struct VerificationToken;

#[derive(Clone, Copy, Debug)]
pub(crate) struct NewVerificationToken<'a> {
    pub(crate) purpose: Purpose,
    pub(crate) user_id: &'a str,
    /// The session in which the token was requested, if any. The token becomes invalid when the
    /// session ends.
    pub(crate) session_id: Option<&'a str>,
    pub(crate) expires_at: DbTime,
    pub(crate) now: DbTime,
}

impl VerificationToken {
    pub(crate) async fn insert(
        conn: &mut Conn,
        token_hash: &[u8],
        new: NewVerificationToken<'_>,
    ) -> QueryResult<usize> {
        let row = (
            verification_tokens::token_hash.eq(token_hash),
            verification_tokens::purpose.eq(new.purpose.as_str()),
            verification_tokens::user_id.eq(new.user_id),
            verification_tokens::session_id.eq(new.session_id),
            verification_tokens::expires_at.eq(new.expires_at),
            verification_tokens::created_at.eq(new.now),
        );
        query!(conn, |c| diesel::insert_into(verification_tokens::table).values(row).execute(c))
    }

    /// Returns the id of the user for whom a token was issued, or `None` if the token is invalid:
    /// unknown, for another purpose, expired, or requested in a session that has ended.
    pub(crate) async fn find_user(
        conn: &mut Conn,
        purpose: Purpose,
        token_hash: &[u8],
        now: DbTime,
    ) -> QueryResult<Option<String>> {
        let asked_in =
            sessions::table.filter(sessions::id.nullable().eq(verification_tokens::session_id));
        let token = verification_tokens::table
            .find(token_hash)
            .filter(verification_tokens::session_id.is_null().or(diesel::dsl::exists(asked_in)))
            .filter(verification_tokens::purpose.eq(purpose.as_str()))
            .filter(verification_tokens::expires_at.gt(now))
            .select(verification_tokens::user_id);
        query!(conn, |c| token.first(c)).optional()
    }

    /// Consumes a token. Returns 0 if another request has already consumed it.
    pub(crate) async fn delete(conn: &mut Conn, token_hash: &[u8]) -> QueryResult<usize> {
        query!(conn, |c| diesel::delete(verification_tokens::table.find(token_hash)).execute(c))
    }

    /// Deletes all tokens of a user, for every purpose.
    pub(crate) async fn delete_of_user(conn: &mut Conn, user_id: &str) -> QueryResult<usize> {
        let tokens = verification_tokens::table.filter(verification_tokens::user_id.eq(user_id));
        query!(conn, |c| diesel::delete(tokens).execute(c))
    }

    pub(crate) async fn delete_expired(conn: &mut Conn, now: DbTime) -> QueryResult<usize> {
        let expired = verification_tokens::table.filter(verification_tokens::expires_at.le(now));
        query!(conn, |c| diesel::delete(expired).execute(c))
    }
}
