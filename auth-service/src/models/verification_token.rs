//! What mailed links carry, known by its hash alone.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use service_kit::{
    db::{Conn, query},
    sql_types::DbTime,
};

use crate::schema::verification_tokens;

/// What a token is good for.
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

impl VerificationToken {
    pub(crate) async fn insert(
        conn: &mut Conn<'_>,
        user_id: &str,
        purpose: Purpose,
        token_hash: &[u8],
        expires_at: DbTime,
        now: DbTime,
    ) -> QueryResult<usize> {
        let row = (
            verification_tokens::token_hash.eq(token_hash),
            verification_tokens::purpose.eq(purpose.as_str()),
            verification_tokens::user_id.eq(user_id),
            verification_tokens::expires_at.eq(expires_at),
            verification_tokens::created_at.eq(now),
        );
        query!(conn, |c| diesel::insert_into(verification_tokens::table).values(row).execute(*c))
    }

    /// Whose token this is, if it is still good.
    pub(crate) async fn find_user(
        conn: &mut Conn<'_>,
        purpose: Purpose,
        token_hash: &[u8],
        now: DbTime,
    ) -> QueryResult<Option<String>> {
        let token = verification_tokens::table
            .find(token_hash)
            .filter(verification_tokens::purpose.eq(purpose.as_str()))
            .filter(verification_tokens::expires_at.gt(now))
            .select(verification_tokens::user_id);
        query!(conn, |c| token.first(*c)).optional()
    }

    /// Uses a token up. Nothing is deleted when somebody else was faster.
    pub(crate) async fn delete(conn: &mut Conn<'_>, token_hash: &[u8]) -> QueryResult<usize> {
        query!(conn, |c| diesel::delete(verification_tokens::table.find(token_hash)).execute(*c))
    }

    pub(crate) async fn delete_expired(conn: &mut Conn<'_>, now: DbTime) -> QueryResult<usize> {
        let expired = verification_tokens::table.filter(verification_tokens::expires_at.le(now));
        query!(conn, |c| diesel::delete(expired).execute(*c))
    }
}
