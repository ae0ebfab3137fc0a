//! Ways to sign in. There is one so far: an address and a password.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use service_kit::{
    db::{Conn, query},
    sql_types::DbTime,
};

use super::User;
use crate::schema::{accounts, users};

/// The provider of accounts that sign in with a password.
pub(crate) const PROVIDER_CREDENTIAL: &str = "credential";

/// A stored hash. Not `Debug`: it must not reach a log.
pub(crate) struct PasswordHash(pub(crate) Option<String>);

#[derive(Insertable)]
#[diesel(table_name = accounts)]
pub(crate) struct NewAccount<'a> {
    pub(crate) id: &'a str,
    pub(crate) user_id: &'a str,
    pub(crate) provider_id: &'a str,
    pub(crate) password_hash: &'a str,
    pub(crate) created_at: DbTime,
    pub(crate) updated_at: DbTime,
}

impl NewAccount<'_> {
    pub(crate) async fn insert(&self, conn: &mut Conn<'_>) -> QueryResult<usize> {
        query!(conn, |c| diesel::insert_into(accounts::table).values(self).execute(*c))
    }
}

impl PasswordHash {
    /// The user of an address, with the hash of their password.
    pub(crate) async fn find_by_email(
        conn: &mut Conn<'_>,
        email: &str,
    ) -> QueryResult<Option<(User, Self)>> {
        let with_account = users::table
            .inner_join(accounts::table)
            .filter(users::email.eq(email))
            .filter(accounts::provider_id.eq(PROVIDER_CREDENTIAL));
        let row: Option<(User, Option<String>)> = query!(conn, |c| with_account
            .select((User::as_select(), accounts::password_hash))
            .first(*c))
        .optional()?;
        Ok(row.map(|(user, hash)| (user, Self(hash))))
    }
}
