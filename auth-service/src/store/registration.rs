//! Registration of users.

use database::{Conn, OnConflict as _, query};
use diesel_async::RunQueryDsl;

use super::{ActiveUser, Mail, NewAccount, NewSession, User, schema::users};

/// Reasons why a user cannot be registered.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RegistrationError {
    #[error("e-mail address taken by a concurrent request")]
    EmailTaken,
    #[error("database query failed")]
    Sql(#[from] diesel::result::Error),
}

impl User {
    /// Inserts a user with an account and, if given, a session and an e-mail. Must be called in a
    /// transaction.
    pub(crate) async fn register(
        &self,
        conn: &mut Conn,
        account: &NewAccount<'_>,
        session: Option<&NewSession<'_>>,
        mail: Option<&Mail>,
    ) -> Result<(), RegistrationError> {
        query!(conn, |c| diesel::insert_into(users::table).values(self).execute(c))
            .on_conflict(RegistrationError::EmailTaken)?;
        account.insert(conn).await?;
        if let Some(session) = session {
            session.insert(conn, &ActiveUser::just_inserted()).await?;
        }
        if let Some(mail) = mail {
            mail.insert(conn).await?;
        }
        Ok(())
    }
}
