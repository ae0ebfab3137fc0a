//! Changes to users that other services must know about, shared by requests and commands. Each
//! change is one transaction, which also records the security events and an entry in the audit log.
//! Only the revocation of a single token has no entry in the audit log.

use database::{Conn, Database, OnConflict as _};

use crate::{
    domain::{
        audit::{About, Action, Actor},
        mail::{self, Asker, Kind},
    },
    store::{
        Ban, DatabaseError, EmailChange, EndedSession, Ending, Moment, NewBan, PasswordHash,
        SecurityEvent, Session, StoreError, TokenNames, User, UserChanges,
    },
};

/// Ends the sessions selected by `which`, and returns their number.
pub(crate) async fn end_sessions(
    conn: &mut Conn,
    which: Ending<'_>,
    action: Action,
    actor: &Actor,
    moment: &Moment,
) -> Result<usize, StoreError> {
    conn.transaction(async |conn| {
        let ended = Session::end(conn, which).await?;
        if let Some(first) = ended.first() {
            let detail = count_of(&ended);
            let about = About::user(&first.user_id);
            let about = match ended.as_slice() {
                [one] => about.session(&one.id),
                _ => about.detail(&detail),
            };
            actor.record(conn, action, about).await?;
        }
        SecurityEvent::record_ended(conn, &ended, moment).await?;
        Ok(ended.len())
    })
    .await
}

/// Ends all sessions of a user, and revokes all tokens issued to the user until now. Returns the
/// number of sessions ended.
pub(crate) async fn revoke_all(
    conn: &mut Conn,
    user_id: &str,
    actor: &Actor,
    moment: &Moment,
) -> Result<usize, StoreError> {
    conn.transaction(async |conn| {
        let ended = Session::end(conn, Ending::All(user_id)).await?;
        record_with_sessions(conn, (Action::RevokeSessions, user_id), &ended, actor).await?;
        SecurityEvent::record_revoked_user(conn, user_id, &ended, moment).await?;
        Ok(ended.len())
    })
    .await
}

/// Records an action in the audit log, with the number of sessions that it ended, if any.
pub(crate) async fn record_with_sessions(
    conn: &mut Conn,
    (action, user_id): (Action, &str),
    ended: &[EndedSession],
    actor: &Actor,
) -> Result<(), StoreError> {
    let detail = count_of(ended);
    let about = About::user(user_id);
    let about = if ended.is_empty() { about } else { about.detail(&detail) };
    actor.record(conn, action, about).await
}

fn count_of(ended: &[EndedSession]) -> String {
    format!("sessions ended: {}", ended.len())
}

/// Revokes a user's access token. Changes nothing if the token is no longer valid.
pub(crate) async fn revoke_token(
    conn: &mut Conn,
    token: TokenNames<'_>,
    moment: &Moment,
) -> Result<(), StoreError> {
    conn.transaction(async |conn| {
        if Session::find_email(conn, token, moment.now).await?.is_some() {
            SecurityEvent::record_revoked_token(conn, (token.user, token.token), moment).await?;
        }
        Ok(())
    })
    .await
}

/// Deletes a user. Returns `false` if there is no such user.
pub(crate) async fn delete(
    conn: &mut Conn,
    user_id: &str,
    actor: &Actor,
    moment: &Moment,
) -> Result<bool, StoreError> {
    conn.transaction(async |conn| {
        // Only one of two concurrent requests deletes the user.
        if User::delete(conn, user_id).await? == 0 {
            return Ok(false);
        }
        actor.record_deletion(conn, user_id).await?;
        SecurityEvent::record_deleted_user(conn, user_id, moment).await?;
        Ok(true)
    })
    .await
}

/// Disables a user and ends all of the user's sessions. If the user is already disabled, changes
/// the reason and the expiry of the ban. Returns `false` if there is no such user.
pub(crate) async fn disable(
    conn: &mut Conn,
    user_id: &str,
    ban: NewBan<'_>,
    actor: &Actor,
    moment: &Moment,
) -> Result<bool, StoreError> {
    conn.transaction(async |conn| {
        let Some(was_active) = User::ban(conn, user_id, ban, moment.now).await? else {
            return Ok(false);
        };
        let mut ended = Vec::new();
        if was_active {
            ended = Session::end(conn, Ending::All(user_id)).await?;
        }
        record_with_sessions(conn, (Action::DisableUser, user_id), &ended, actor).await?;
        if was_active {
            SecurityEvent::record_disabled_user(conn, user_id, &ended, moment).await?;
        }
        Ok(true)
    })
    .await
}

/// Enables a user. Returns `false` if the user was not disabled or does not exist.
pub(crate) async fn enable(
    conn: &mut Conn,
    user_id: &str,
    actor: &Actor,
    moment: &Moment,
) -> Result<bool, StoreError> {
    lift_ban(conn, (user_id, false), actor, moment).await
}

async fn lift_ban(
    conn: &mut Conn,
    (user_id, only_expired): (&str, bool),
    actor: &Actor,
    moment: &Moment,
) -> Result<bool, StoreError> {
    conn.transaction(async |conn| {
        if User::lift_ban(conn, user_id, only_expired, moment.now).await? == 0 {
            return Ok(false);
        }
        actor.record(conn, Action::EnableUser, About::user(user_id)).await?;
        SecurityEvent::record_enabled_user(conn, user_id, moment).await?;
        Ok(true)
    })
    .await
}

/// A password to be set.
#[derive(Clone, Copy)]
pub(crate) struct NewPassword<'a> {
    pub(crate) user: Asker<'a>,
    /// Id of the credential account to be created if the user has none.
    pub(crate) account_id: &'a str,
    pub(crate) hash: &'a str,
}

/// Sets a user's password, ends all of the user's sessions, revokes all tokens issued to the user,
/// and notifies the user. Invalidates all links in e-mails to the user, except those that undo a
/// change of address.
pub(crate) async fn set_password(
    conn: &mut Conn,
    new: NewPassword<'_>,
    actor: &Actor,
    moment: &Moment,
) -> Result<(), StoreError> {
    let (user_id, now) = (new.user.user_id, moment.now);
    let notice = mail::notify(Kind::PasswordChanged, new.user, now.0.into());
    conn.transaction(async |conn| {
        // The user is locked first, as when a user is deleted; a different order could deadlock.
        User::hold(conn, (user_id, new.user.email)).await?;
        PasswordHash::put(conn, (user_id, new.account_id), new.hash, now).await?;
        let ended = Session::end(conn, Ending::All(user_id)).await?;
        mail::void_links(conn, user_id).await?;
        notice.insert(conn).await?;
        record_with_sessions(conn, (Action::ChangePassword, user_id), &ended, actor).await?;
        SecurityEvent::record_revoked_user(conn, user_id, &ended, moment).await?;
        Ok(())
    })
    .await
}

/// Reasons why a change of address cannot be undone.
#[derive(Debug, thiserror::Error)]
pub(crate) enum UndoError {
    #[error("the change was undone, or the user was deleted, by a concurrent request")]
    Obsolete,
    #[error("the old address belongs to another user")]
    AddressTaken,
    #[error("database query failed")]
    Sql(#[from] StoreError),
}

/// Restores the address that a user had before a change, ends all of the user's sessions, revokes
/// all tokens issued to the user, and notifies the replaced address. With `clears_password`, also
/// removes the password. Invalidates the links that undo later changes, because they would restore
/// addresses that may belong to an attacker. The links of earlier changes stay valid, so that the
/// owner of the earliest address can always restore it.
pub(crate) async fn undo_change_email(
    conn: &mut Conn,
    change: &EmailChange,
    clears_password: bool,
    actor: &Actor,
    moment: &Moment,
) -> Result<(), UndoError> {
    let user_id = change.user_id.as_str();
    // The link proves access to the old mailbox.
    let changes = UserChanges {
        email: Some(&change.old_email),
        email_verified: Some(true),
        ..UserChanges::default()
    };
    conn.transaction(async |conn| {
        let user = User::find(conn, user_id).await?.ok_or(UndoError::Obsolete)?;
        let restored = User::update(conn, user_id, &changes, moment.now).await;
        let restored = restored.on_conflict(UndoError::AddressTaken)?;
        if restored.is_none() || change.delete_with_later(conn).await? == 0 {
            return Err(UndoError::Obsolete);
        }
        if clears_password {
            PasswordHash::clear(conn, user_id, moment.now).await?;
        }
        let ended = Session::end(conn, Ending::All(user_id)).await?;
        mail::void_links(conn, user_id).await?;
        let now = moment.now.0.into();
        mail::tell_old_address(&user.email, &change.old_email, now).insert(conn).await?;
        record_with_sessions(conn, (Action::UndoChangeEmail, user_id), &ended, actor).await?;
        SecurityEvent::record_revoked_user(conn, user_id, &ended, moment).await?;
        Ok(())
    })
    .await
}

/// Returns whether a user may sign in. Lifts a ban that has expired, and records `system` as the
/// actor.
pub(crate) async fn may_sign_in(
    database: &Database,
    user_id: &str,
    ban: &Ban,
    system: &Actor,
    moment: &Moment,
) -> Result<bool, DatabaseError> {
    if ban.is_in_force(moment.now) {
        return Ok(false);
    }
    if ban.has_expired(moment.now) {
        let conn = &mut database.write().await?;
        lift_ban(conn, (user_id, true), system, moment).await?;
    }
    Ok(true)
}
