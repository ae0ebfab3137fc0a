//! Users, and changes to their profiles and addresses.

use database::{Conn, query, sql_types::DbTime};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use shared_models::UserId;

use super::schema::users;

/// A user, without ban fields. Only sign-in has to check for a ban, because a banned user has no
/// sessions.
#[derive(Clone, HasQuery, Insertable)]
#[diesel(table_name = users)]
pub(crate) struct User {
    pub(crate) id: String,
    pub(crate) name: String,
    /// In lower case.
    pub(crate) email: String,
    pub(crate) email_verified: bool,
    pub(crate) image: Option<String>,
    pub(crate) created_at: DbTime,
    pub(crate) updated_at: DbTime,
}

/// Changes to a user. Absent fields stay unchanged.
#[derive(AsChangeset, Default)]
#[diesel(table_name = users)]
pub(crate) struct UserChanges<'a> {
    pub(crate) name: Option<&'a str>,
    pub(crate) image: Option<Option<String>>,
    /// In lower case.
    pub(crate) email: Option<&'a str>,
    pub(crate) email_verified: Option<bool>,
}

impl User {
    pub(crate) async fn find(conn: &mut Conn, id: &str) -> QueryResult<Option<Self>> {
        query!(conn, |c| Self::query().filter(users::id.eq(id)).first(c)).optional()
    }

    /// Finds a user by `email`, which must be in lower case.
    pub(crate) async fn find_by_email(conn: &mut Conn, email: &str) -> QueryResult<Option<Self>> {
        query!(conn, |c| Self::query().filter(users::email.eq(email)).first(c)).optional()
    }

    /// Updates a user and returns the new row, or `None` if the user no longer exists.
    pub(crate) async fn update(
        conn: &mut Conn,
        id: &str,
        changes: &UserChanges<'_>,
        now: DbTime,
    ) -> QueryResult<Option<Self>> {
        query!(conn, |c| diesel::update(users::table.find(id))
            .set((changes, users::updated_at.eq(now)))
            .returning(Self::as_returning())
            .get_result(c))
        .optional()
    }

    /// Locks a user until the transaction ends. Returns 0 if the user no longer exists or has
    /// another address.
    pub(crate) async fn hold(conn: &mut Conn, (id, email): (&str, &str)) -> QueryResult<usize> {
        let held = diesel::update(users::table.find(id).filter(users::email.eq(email)))
            .set(users::updated_at.eq(users::updated_at));
        query!(conn, |c| held.execute(c))
    }

    /// Like [`Self::update`], but only if the user still has this address.
    pub(crate) async fn update_of_email(
        conn: &mut Conn,
        (id, email): (&str, &str),
        changes: &UserChanges<'_>,
        now: DbTime,
    ) -> QueryResult<Option<Self>> {
        query!(conn, |c| diesel::update(users::table.find(id).filter(users::email.eq(email)))
            .set((changes, users::updated_at.eq(now)))
            .returning(Self::as_returning())
            .get_result(c))
        .optional()
    }

    /// Changes a user's address if `email` is still the user's address and is not verified.
    pub(crate) async fn change_unverified_email(
        conn: &mut Conn,
        (id, email): (&str, &str),
        new_email: &str,
        now: DbTime,
    ) -> QueryResult<usize> {
        let unverified = users::table
            .find(id)
            .filter(users::email.eq(email))
            .filter(users::email_verified.eq(false));
        let changed =
            diesel::update(unverified).set((users::email.eq(new_email), users::updated_at.eq(now)));
        query!(conn, |c| changed.execute(c))
    }

    /// Deletes a user and, by cascade, all rows that reference the user, such as sessions and
    /// accounts.
    pub(crate) async fn delete(conn: &mut Conn, id: &str) -> QueryResult<usize> {
        query!(conn, |c| diesel::delete(users::table.find(id)).execute(c))
    }

    pub(crate) async fn is_email_taken(conn: &mut Conn, email: &str) -> QueryResult<bool> {
        let same = users::table.filter(users::email.eq(email));
        query!(conn, |c| diesel::select(diesel::dsl::exists(same)).get_result(c))
    }
}

impl From<shared_models::User> for User {
    fn from(user: shared_models::User) -> Self {
        Self {
            id: user.id.into(),
            name: user.name,
            email: user.email,
            email_verified: user.email_verified,
            image: user.image,
            created_at: DbTime(user.created_at.into()),
            updated_at: DbTime(user.updated_at.into()),
        }
    }
}

impl TryFrom<User> for shared_models::User {
    type Error = shared_models::InvalidUserId;

    fn try_from(row: User) -> Result<Self, Self::Error> {
        Ok(Self {
            id: UserId::try_from(row.id)?,
            name: row.name,
            email: row.email,
            email_verified: row.email_verified,
            image: row.image,
            created_at: row.created_at.0.into(),
            updated_at: row.updated_at.0.into(),
        })
    }
}
