//! Changes to OAuth clients, and the revocation of their tokens. Each change is one transaction,
//! which also records an entry in the audit log and any security event. Only the revocation of a
//! single token has no entry in the audit log.

use database::{Conn, sql_types::DbTime};

use crate::{
    domain::audit::{About, Action, Actor},
    store::{ClientTokenNames, Moment, OauthClient, SecurityEvent, StoreError},
};

pub(crate) async fn create(
    conn: &mut Conn,
    client: &OauthClient,
    actor: &Actor,
) -> Result<(), StoreError> {
    conn.transaction(async |conn| {
        client.insert(conn).await?;
        actor.record(conn, Action::CreateClient, About::thing(&client.id)).await
    })
    .await
}

/// Replaces the credential of a client. The previous one stays valid until `old_expires_at`; with
/// `None`, it becomes invalid at once. Changes nothing if there is no such client.
pub(crate) async fn rotate(
    conn: &mut Conn,
    (id, credential): (&str, &str),
    old_expires_at: Option<DbTime>,
    actor: &Actor,
) -> Result<(), StoreError> {
    conn.transaction(async |conn| {
        if OauthClient::update_credential(conn, id, credential, old_expires_at).await? > 0 {
            actor.record(conn, Action::RotateClient, About::thing(id)).await?;
        }
        Ok(())
    })
    .await
}

/// Disables a client and revokes its tokens. Changes nothing if it is disabled already.
pub(crate) async fn disable(
    conn: &mut Conn,
    id: &str,
    actor: &Actor,
    moment: &Moment,
) -> Result<(), StoreError> {
    conn.transaction(async |conn| {
        if OauthClient::disable(conn, id).await? > 0 {
            actor.record(conn, Action::DisableClient, About::thing(id)).await?;
            SecurityEvent::record_disabled_user(conn, id, &[], moment).await?;
        }
        Ok(())
    })
    .await
}

/// Enables a client. Tokens issued before stay revoked. Changes nothing if the client is enabled
/// already.
pub(crate) async fn enable(
    conn: &mut Conn,
    id: &str,
    actor: &Actor,
    moment: &Moment,
) -> Result<(), StoreError> {
    conn.transaction(async |conn| {
        if OauthClient::enable(conn, id, moment.now).await? > 0 {
            actor.record(conn, Action::EnableClient, About::thing(id)).await?;
            SecurityEvent::record_enabled_user(conn, id, moment).await?;
        }
        Ok(())
    })
    .await
}

/// Deletes a client and thereby revokes its tokens. Services that follow the security events erase
/// the client's data. Changes nothing if there is no such client.
pub(crate) async fn delete(
    conn: &mut Conn,
    id: &str,
    actor: &Actor,
    moment: &Moment,
) -> Result<(), StoreError> {
    conn.transaction(async |conn| {
        if OauthClient::delete(conn, id).await? > 0 {
            actor.record(conn, Action::DeleteClient, About::thing(id)).await?;
            SecurityEvent::record_deleted_user(conn, id, moment).await?;
        }
        Ok(())
    })
    .await
}

/// Revokes a client's access token. Changes nothing if the token is no longer valid.
pub(crate) async fn revoke_token(
    conn: &mut Conn,
    token: ClientTokenNames<'_>,
    moment: &Moment,
) -> Result<(), StoreError> {
    conn.transaction(async |conn| {
        if OauthClient::has_token(conn, token).await? {
            let names = (token.client, token.token);
            SecurityEvent::record_revoked_token(conn, names, moment).await?;
        }
        Ok(())
    })
    .await
}
