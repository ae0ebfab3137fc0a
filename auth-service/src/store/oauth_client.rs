//! OAuth clients: machines that get access tokens with credentials of their own.

use std::time::Duration;

use database::{Conn, query, sql_types::DbTime};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde::{Deserialize, Serialize};

use crate::store::schema::{oauth_clients, security_events};

/// A client. Does not implement `Debug`, because it holds the hashes of secrets.
#[derive(HasQuery, Insertable, Serialize, Deserialize)]
#[diesel(table_name = oauth_clients)]
#[serde(deny_unknown_fields)]
pub(crate) struct OauthClient {
    pub(crate) id: String,
    pub(crate) name: String,
    /// Allowed scopes, separated by spaces.
    pub(crate) scopes: String,
    /// Allowed audiences, separated by spaces, the default first. If empty, the only audience is
    /// that of users' tokens.
    pub(crate) audiences: String,
    /// The hash of a secret, or a public key.
    pub(crate) credential: String,
    /// The credential before the last rotation; `None` without a rotation or without an overlap.
    pub(crate) old_credential: Option<String>,
    pub(crate) old_credential_expires_at: Option<DbTime>,
    pub(crate) is_active: bool,
    pub(crate) created_at: DbTime,
    /// Accurate to a minute.
    pub(crate) last_used_at: Option<DbTime>,
    /// Time at which the client was last enabled again; `None` if it never was. Tokens issued
    /// before this time are revoked. Absent from exports of earlier versions.
    #[serde(default)]
    pub(crate) tokens_valid_from: Option<DbTime>,
}

/// The claims that identify a client's access token, and its time of issue.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ClientTokenNames<'a> {
    pub(crate) client: &'a str,
    pub(crate) token: &'a str,
    pub(crate) issued_at: DbTime,
}

impl OauthClient {
    pub(crate) async fn find(conn: &mut Conn, id: &str) -> QueryResult<Option<Self>> {
        query!(conn, |c| Self::query().filter(oauth_clients::id.eq(id)).first(c)).optional()
    }

    /// Returns all clients, oldest first.
    pub(crate) async fn list(conn: &mut Conn) -> QueryResult<Vec<Self>> {
        query!(conn, |c| Self::query()
            .order((oauth_clients::created_at, oauth_clients::id))
            .load(c))
    }

    pub(crate) async fn insert(&self, conn: &mut Conn) -> QueryResult<usize> {
        query!(conn, |c| diesel::insert_into(oauth_clients::table).values(self).execute(c))
    }

    /// Replaces a client's credential. The previous one stays valid until `old_expires_at`; with
    /// `None`, it becomes invalid at once.
    pub(crate) async fn update_credential(
        conn: &mut Conn,
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
            return query!(conn, |c| replaced.execute(c));
        }
        let rotated = diesel::update(client).set((
            oauth_clients::old_credential.eq(oauth_clients::credential.nullable()),
            oauth_clients::old_credential_expires_at.eq(old_expires_at),
            oauth_clients::credential.eq(credential),
        ));
        query!(conn, |c| rotated.execute(c))
    }

    /// Enables a client. Updates nothing if it is enabled already.
    pub(crate) async fn enable(conn: &mut Conn, id: &str, now: DbTime) -> QueryResult<usize> {
        let disabled = oauth_clients::table.find(id).filter(oauth_clients::is_active.eq(false));
        let enabled = diesel::update(disabled)
            .set((oauth_clients::is_active.eq(true), oauth_clients::tokens_valid_from.eq(now)));
        query!(conn, |c| enabled.execute(c))
    }

    /// Disables a client. Updates nothing if it is disabled already.
    pub(crate) async fn disable(conn: &mut Conn, id: &str) -> QueryResult<usize> {
        let active = oauth_clients::table.find(id).filter(oauth_clients::is_active);
        let disabled = diesel::update(active).set(oauth_clients::is_active.eq(false));
        query!(conn, |c| disabled.execute(c))
    }

    pub(crate) async fn update_last_use(
        conn: &mut Conn,
        id: &str,
        now: DbTime,
    ) -> QueryResult<usize> {
        let used =
            diesel::update(oauth_clients::table.find(id)).set(oauth_clients::last_used_at.eq(now));
        query!(conn, |c| used.execute(c))
    }

    pub(crate) async fn delete(conn: &mut Conn, id: &str) -> QueryResult<usize> {
        query!(conn, |c| diesel::delete(oauth_clients::table.find(id)).execute(c))
    }

    /// Returns whether a token is active: its client is active and was not enabled after the token
    /// was issued, and the token itself was not revoked. Times of issue are in whole seconds, so a
    /// token from the second in which the client was enabled counts as issued afterwards.
    pub(crate) async fn has_token(
        conn: &mut Conn,
        names: ClientTokenNames<'_>,
    ) -> QueryResult<bool> {
        let end_of_second = DbTime(names.issued_at.0 + Duration::from_secs(1));
        let revocation = security_events::table.filter(security_events::token_id.eq(names.token));
        let active = oauth_clients::table
            .find(names.client)
            .filter(oauth_clients::is_active)
            .filter(
                oauth_clients::tokens_valid_from
                    .is_null()
                    .or(oauth_clients::tokens_valid_from.lt(end_of_second)),
            )
            .filter(diesel::dsl::not(diesel::dsl::exists(revocation)));
        let found: Option<String> =
            query!(conn, |c| active.select(oauth_clients::id).first(c)).optional()?;
        Ok(found.is_some())
    }
}
