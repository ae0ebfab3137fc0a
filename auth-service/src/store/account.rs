//! Accounts: the ways in which a user can sign in. This service supports sign-in only with accounts
//! that have a password; the others can only be listed and unlinked.

use database::{Conn, query, sql_types::DbTime};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::{Ban, User};
use crate::store::schema::{accounts, users};

/// The `provider_id` of credential accounts, which are those with a password.
pub(crate) const PROVIDER_CREDENTIAL: &str = "credential";

/// The stored hash of a password, if there is one. Does not implement `Debug`, so that it cannot
/// reach a log.
pub(crate) struct PasswordHash(pub(crate) Option<String>);

/// An account without its password hash.
#[derive(HasQuery)]
#[diesel(table_name = accounts)]
#[expect(clippy::struct_field_names, reason = "named as in the contract")]
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
    /// The user's id at the provider; for an account with a password, the user's id here.
    pub(crate) account_id: &'a str,
    pub(crate) password_hash: Option<&'a str>,
    pub(crate) created_at: DbTime,
    pub(crate) updated_at: DbTime,
}

impl<'a> NewAccount<'a> {
    /// Creates an account with a password.
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

    pub(crate) async fn insert(&self, conn: &mut Conn) -> QueryResult<usize> {
        query!(conn, |c| diesel::insert_into(accounts::table).values(self).execute(c))
    }
}

impl Account {
    pub(crate) async fn list(conn: &mut Conn, user_id: &str) -> QueryResult<Vec<Self>> {
        query!(conn, |c| Self::query()
            .filter(accounts::user_id.eq(user_id))
            .order((accounts::created_at, accounts::id))
            .load(c))
    }

    pub(crate) async fn delete_own(conn: &mut Conn, user_id: &str, id: &str) -> QueryResult<usize> {
        let own = accounts::table.find(id).filter(accounts::user_id.eq(user_id));
        query!(conn, |c| diesel::delete(own).execute(c))
    }
}

/// Time at which a user's password was last set or removed, or `None` if the user has no credential
/// account. Links that verify or change an e-mail address are bound to this time, which does not
/// change when the same password is hashed again.
pub(crate) type PasswordSetAt = Option<DbTime>;

impl Account {
    pub(crate) async fn password_set_at(
        conn: &mut Conn,
        user_id: &str,
    ) -> QueryResult<PasswordSetAt> {
        query!(conn, |c| accounts::table
            .filter(accounts::user_id.eq(user_id))
            .filter(accounts::provider_id.eq(PROVIDER_CREDENTIAL))
            .select(accounts::updated_at)
            .first(c))
        .optional()
    }

    /// Returns whether a user's password is still the one that was set at `set_at`. If so, locks
    /// the credential account, if there is one, until the transaction ends.
    pub(crate) async fn hold_password(
        conn: &mut Conn,
        user_id: &str,
        set_at: PasswordSetAt,
    ) -> QueryResult<bool> {
        let Some(set_at) = set_at else {
            return Ok(Self::password_set_at(conn, user_id).await?.is_none());
        };
        let account = accounts::table
            .filter(accounts::user_id.eq(user_id))
            .filter(accounts::provider_id.eq(PROVIDER_CREDENTIAL))
            .filter(accounts::updated_at.eq(set_at));
        let held = diesel::update(account).set(accounts::updated_at.eq(set_at));
        Ok(query!(conn, |c| held.execute(c))? > 0)
    }
}

impl PasswordHash {
    /// Returns the user with this e-mail address, with their ban state and password hash, or `None`
    /// if no user with a credential account has the address.
    pub(crate) async fn find_by_email(
        conn: &mut Conn,
        email: &str,
    ) -> QueryResult<Option<(User, Ban, Self)>> {
        let with_account = users::table
            .inner_join(accounts::table)
            .filter(users::email.eq(email))
            .filter(accounts::provider_id.eq(PROVIDER_CREDENTIAL));
        let row: Option<(User, Ban, Option<String>)> = query!(conn, |c| with_account
            .select((User::as_select(), Ban::as_select(), accounts::password_hash))
            .first(c))
        .optional()?;
        Ok(row.map(|(user, ban, hash)| (user, ban, Self(hash))))
    }

    /// Returns the hash of a user's password, if there is one.
    pub(crate) async fn find(conn: &mut Conn, user_id: &str) -> QueryResult<Self> {
        let hash: Option<Option<String>> = query!(conn, |c| accounts::table
            .filter(accounts::user_id.eq(user_id))
            .filter(accounts::provider_id.eq(PROVIDER_CREDENTIAL))
            .select(accounts::password_hash)
            .first(c))
        .optional()?;
        Ok(Self(hash.flatten()))
    }

    /// Replaces a user's password, given as hashes. Updates nothing if the stored hash is no longer
    /// `old`.
    pub(crate) async fn change(
        conn: &mut Conn,
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
        query!(conn, |c| changed.execute(c))
    }

    /// Sets a user's password. If the user has no credential account, creates one with the id
    /// `new_account_id`.
    pub(crate) async fn put(
        conn: &mut Conn,
        (user_id, new_account_id): (&str, &str),
        hash: &str,
        now: DbTime,
    ) -> QueryResult<()> {
        if Self::update(conn, user_id, hash, now).await? == 0 {
            NewAccount::credential(new_account_id, user_id, hash, now).insert(conn).await?;
        }
        Ok(())
    }

    /// Sets the password of a user who has a credential account.
    async fn update(conn: &mut Conn, user_id: &str, hash: &str, now: DbTime) -> QueryResult<usize> {
        let account = accounts::table
            .filter(accounts::user_id.eq(user_id))
            .filter(accounts::provider_id.eq(PROVIDER_CREDENTIAL));
        let updated = diesel::update(account)
            .set((accounts::password_hash.eq(hash), accounts::updated_at.eq(now)));
        query!(conn, |c| updated.execute(c))
    }

    /// Removes a user's password. The user can then set a new one only by a password reset. Links
    /// that verify or change the e-mail address become invalid.
    pub(crate) async fn clear(conn: &mut Conn, user_id: &str, now: DbTime) -> QueryResult<usize> {
        let account = accounts::table
            .filter(accounts::user_id.eq(user_id))
            .filter(accounts::provider_id.eq(PROVIDER_CREDENTIAL));
        let cleared = diesel::update(account)
            .set((accounts::password_hash.eq(None::<String>), accounts::updated_at.eq(now)));
        query!(conn, |c| cleared.execute(c))
    }

    /// Replaces the hash of an unchanged password, possibly with the same hash. Inside a
    /// transaction, this also locks the credential account until the transaction ends. Updates
    /// nothing if the stored hash is no longer `old`.
    pub(crate) async fn upgrade(
        conn: &mut Conn,
        user_id: &str,
        old: &str,
        new: &str,
    ) -> QueryResult<usize> {
        let account = accounts::table
            .filter(accounts::user_id.eq(user_id))
            .filter(accounts::provider_id.eq(PROVIDER_CREDENTIAL))
            .filter(accounts::password_hash.eq(old));
        let upgraded = diesel::update(account).set(accounts::password_hash.eq(new));
        query!(conn, |c| upgraded.execute(c))
    }
}
