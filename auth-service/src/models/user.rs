//! Users, and the registration that makes one.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use service_kit::{
    db::{Conn, OnConflict as _, query},
    sql_types::DbTime,
};
use shared_models::UserId;

use super::{NewAccount, NewSession};
use crate::{
    error::{Error, Result},
    schema::users,
};

#[derive(Clone, HasQuery)]
#[diesel(table_name = users)]
pub(crate) struct User {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) email: String,
    pub(crate) email_verified: bool,
    pub(crate) image: Option<String>,
    pub(crate) created_at: DbTime,
    pub(crate) updated_at: DbTime,
}

#[derive(Insertable)]
#[diesel(table_name = users)]
pub(crate) struct NewUser<'a> {
    pub(crate) id: &'a str,
    pub(crate) name: &'a str,
    /// In lower case.
    pub(crate) email: &'a str,
    pub(crate) email_verified: bool,
    pub(crate) image: Option<&'a str>,
    pub(crate) created_at: DbTime,
    pub(crate) updated_at: DbTime,
}

impl User {
    pub(crate) async fn is_email_taken(conn: &mut Conn<'_>, email: &str) -> QueryResult<bool> {
        let same = users::table.filter(users::email.eq(email));
        query!(conn, |c| diesel::select(diesel::dsl::exists(same)).get_result(*c))
    }

    /// Makes the user with its account and first session, or nothing at all.
    pub(crate) async fn register(
        conn: &mut Conn<'_>,
        user: &NewUser<'_>,
        account: &NewAccount<'_>,
        session: &NewSession<'_>,
    ) -> Result<()> {
        conn.transaction(async |conn| {
            query!(conn, |c| diesel::insert_into(users::table).values(user).execute(*c))
                .on_conflict(Error::LostRaceForEmail)?;
            account.insert(conn).await?;
            session.insert(conn).await?;
            Ok(())
        })
        .await
    }
}

impl TryFrom<User> for shared_models::User {
    type Error = shared_models::InvalidUserId;

    fn try_from(row: User) -> std::result::Result<Self, Self::Error> {
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
