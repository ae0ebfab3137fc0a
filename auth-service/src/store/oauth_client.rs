//! OAuth clients: machines that get access tokens with credentials of their own.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde::{Deserialize, Serialize};
use service_kit::{
    db::{Conn, query},
    sql_types::DbTime,
};

use crate::store::schema::oauth_clients;

/// A client. Does not implement `Debug`, because it holds the hashes of secrets.
#[derive(HasQuery, Insertable, Serialize, Deserialize)]
#[diesel(table_name = oauth_clients)]
#[serde(deny_unknown_fields)]
pub(crate) struct OauthClient {
    pub(crate) id: String,
    pub(crate) name: String,
    /// Allowed scopes, separated by spaces.
    pub(crate) scopes: String,
    /// Allowed audiences, separated by spaces; the first is the default.
    pub(crate) audiences: String,
    /// The hash of a secret, or a public key.
    pub(crate) credential: String,
    /// The credential before the last rotation.
    pub(crate) old_credential: Option<String>,
    pub(crate) old_credential_expires_at: Option<DbTime>,
    pub(crate) is_active: bool,
    pub(crate) created_at: DbTime,
    /// Accurate to a minute.
    pub(crate) last_used_at: Option<DbTime>,
}

impl OauthClient {
    pub(crate) async fn find(conn: &mut Conn<'_>, id: &str) -> QueryResult<Option<Self>> {
        query!(conn, |c| Self::query().filter(oauth_clients::id.eq(id)).first(*c)).optional()
    }

    /// Returns all clients, oldest first.
    pub(crate) async fn list(conn: &mut Conn<'_>) -> QueryResult<Vec<Self>> {
        query!(conn, |c| Self::query()
            .order((oauth_clients::created_at, oauth_clients::id))
            .load(*c))
    }

    pub(crate) async fn insert(&self, conn: &mut Conn<'_>) -> QueryResult<usize> {
        query!(conn, |c| diesel::insert_into(oauth_clients::table).values(self).execute(*c))
    }

    /// Replaces the credential. The current one stays valid until `old_expires_at`; `None` ends it
    /// at once.
    pub(crate) async fn update_credential(
        conn: &mut Conn<'_>,
        id: &str,
        credential: &str,
        old_expires_at: Option<DbTime>,
    ) -> QueryResult<usize> {
        let client = oauth_clients::table.find(id);
        if old_expires_at.is_none() {
            let replaced = diesel::update(client).set((
                oauth_clients::old_credential.eq(None::<&str>),
                oauth_clients::old_credential_expires_at.eq(None::<DbTime>),
                oauth_clients::credential.eq(credential),
            ));
            return query!(conn, |c| replaced.execute(*c));
        }
        let rotated = diesel::update(client).set((
            oauth_clients::old_credential.eq(oauth_clients::credential.nullable()),
            oauth_clients::old_credential_expires_at.eq(old_expires_at),
            oauth_clients::credential.eq(credential),
        ));
        query!(conn, |c| rotated.execute(*c))
    }

    /// Enables or disables a client. Updates nothing if it is in this state already.
    pub(crate) async fn update_state(
        conn: &mut Conn<'_>,
        id: &str,
        is_active: bool,
    ) -> QueryResult<usize> {
        let others = oauth_clients::table.find(id).filter(oauth_clients::is_active.ne(is_active));
        let updated = diesel::update(others).set(oauth_clients::is_active.eq(is_active));
        query!(conn, |c| updated.execute(*c))
    }

    pub(crate) async fn delete(conn: &mut Conn<'_>, id: &str) -> QueryResult<usize> {
        query!(conn, |c| diesel::delete(oauth_clients::table.find(id)).execute(*c))
    }
}
