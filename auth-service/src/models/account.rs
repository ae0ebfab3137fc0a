//! Ways to sign in. One counts here: an address and a password. Others are listed, no more.

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

/// An account as it is listed.
#[derive(HasQuery)]
#[diesel(table_name = accounts)]
#[expect(clippy::struct_field_names, reason = "the contract's name")]
pub(crate) struct Account {
    pub(crate) id: String,
    pub(crate) user_id: String,
    pub(crate) provider_id: String,
    pub(crate) account_id: String,
    pub(crate) created_at: DbTime,
    pub(crate) updated_at: DbTime,
}

#[derive(Insertable)]
#[diesel(table_name = accounts)]
pub(crate) struct NewAccount<'a> {
    pub(crate) id: &'a str,
    pub(crate) user_id: &'a str,
    pub(crate) provider_id: &'a str,
    /// Who the user is to the provider; the user's own id for a password.
    pub(crate) account_id: &'a str,
    pub(crate) password_hash: Option<&'a str>,
    pub(crate) created_at: DbTime,
    pub(crate) updated_at: DbTime,
}

impl<'a> NewAccount<'a> {
    /// For signing in with a password.
    pub(crate) fn credential(
        id: &'a str,
        user_id: &'a str,
        password_hash: &'a str,
        now: DbTime,
    ) -> Self {
        Self {
            id,
            user_id,
            provider_id: PROVIDER_CREDENTIAL,
            account_id: user_id,
            password_hash: Some(password_hash),
            created_at: now,
            updated_at: now,
        }
    }

    pub(crate) async fn insert(&self, conn: &mut Conn<'_>) -> QueryResult<usize> {
        query!(conn, |c| diesel::insert_into(accounts::table).values(self).execute(*c))
    }
}

impl Account {
    pub(crate) async fn list(conn: &mut Conn<'_>, user_id: &str) -> QueryResult<Vec<Self>> {
        query!(conn, |c| Self::query()
            .filter(accounts::user_id.eq(user_id))
            .order((accounts::created_at, accounts::id))
            .load(*c))
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

    /// The hash of a user's password, if the user has one.
    pub(crate) async fn find(conn: &mut Conn<'_>, user_id: &str) -> QueryResult<Self> {
        let hash: Option<Option<String>> = query!(conn, |c| accounts::table
            .filter(accounts::user_id.eq(user_id))
            .filter(accounts::provider_id.eq(PROVIDER_CREDENTIAL))
            .select(accounts::password_hash)
            .first(*c))
        .optional()?;
        Ok(Self(hash.flatten()))
    }

    /// Replaces a password that is still the one that was shown.
    pub(crate) async fn change(
        conn: &mut Conn<'_>,
        user_id: &str,
        (old, new): (&str, &str),
        now: DbTime,
    ) -> QueryResult<usize> {
        let account = accounts::table
            .filter(accounts::user_id.eq(user_id))
            .filter(accounts::provider_id.eq(PROVIDER_CREDENTIAL))
            .filter(accounts::password_hash.eq(old));
        let changed = diesel::update(account)
            .set((accounts::password_hash.eq(new), accounts::updated_at.eq(now)));
        query!(conn, |c| changed.execute(*c))
    }

    /// Replaces the password of a user who has one, whatever it is.
    pub(crate) async fn update(
        conn: &mut Conn<'_>,
        user_id: &str,
        hash: &str,
        now: DbTime,
    ) -> QueryResult<usize> {
        let account = accounts::table
            .filter(accounts::user_id.eq(user_id))
            .filter(accounts::provider_id.eq(PROVIDER_CREDENTIAL));
        let updated = diesel::update(account)
            .set((accounts::password_hash.eq(hash), accounts::updated_at.eq(now)));
        query!(conn, |c| updated.execute(*c))
    }

    /// Writes the same password down in another way, or the same, unless it has been changed
    /// meanwhile; in a transaction it cannot be changed until the end.
    pub(crate) async fn upgrade(
        conn: &mut Conn<'_>,
        user_id: &str,
        old: &str,
        new: &str,
    ) -> QueryResult<usize> {
        let account = accounts::table
            .filter(accounts::user_id.eq(user_id))
            .filter(accounts::provider_id.eq(PROVIDER_CREDENTIAL))
            .filter(accounts::password_hash.eq(old));
        let upgraded = diesel::update(account).set(accounts::password_hash.eq(new));
        query!(conn, |c| upgraded.execute(*c))
    }
}
