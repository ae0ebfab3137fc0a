//! The e-mail outbox: a request stores an e-mail in the same transaction as its change, and a worker
//! sends it.
//!
//! An outbox row describes the request and contains no secrets. The worker looks up the user and
//! creates the token of the link when it sends the e-mail. A request therefore takes the same time
//! whether an address is known or not, and a delayed e-mail has a fresh link.

mod compose;
mod smtp;
mod templates;
mod transport;
mod worker;

pub(crate) use self::{
    compose::Links,
    smtp::SmtpServer,
    templates::{TemplateError, Templates},
    transport::Transport,
    worker::{finish, send_all},
};

use std::time::Duration;

use service_kit::{db::Conn, sql_types::DbTime};
use shared_models::Timestamp;
use tokio::sync::{Notify, watch};
use uuid::Uuid;

use crate::{
    domain::throttle::Rule,
    http::{error::Result, session::Live, state::AppState},
    store,
};

/// The kind of an e-mail, which determines its recipient, template and rate limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Sent to an address that is not verified yet.
    VerifyEmail,
    /// Sent to a user who forgot the password.
    ResetPassword,
    /// Sent to the new address to confirm a change of address.
    ChangeEmail,
    /// Sent to the old address, whose owner must confirm before [`Self::ChangeEmail`] is sent.
    ConfirmChangeEmail,
    /// Sent to a user who has asked to delete the account.
    DeleteUser,
    /// Sent to the old address as a notice when [`Self::ChangeEmail`] is sent.
    ChangeEmailNotice,
    /// Sent to the old address after the change.
    EmailChanged,
}

impl Kind {
    pub(crate) const ALL: [Self; 7] = [
        Self::VerifyEmail,
        Self::ResetPassword,
        Self::ChangeEmail,
        Self::ConfirmChangeEmail,
        Self::DeleteUser,
        Self::ChangeEmailNotice,
        Self::EmailChanged,
    ];

    /// Returns the name that the database and the template files use.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::VerifyEmail => "verify-email",
            Self::ResetPassword => "reset-password",
            Self::ChangeEmail => "change-email",
            Self::ConfirmChangeEmail => "confirm-change-email",
            Self::DeleteUser => "delete-user",
            Self::ChangeEmailNotice => "change-email-notice",
            Self::EmailChanged => "email-changed",
        }
    }

    fn has_link(self) -> bool {
        !matches!(self, Self::ChangeEmailNotice | Self::EmailChanged)
    }

    /// Returns the limit for e-mails of this kind to one address, which all clients share. Each
    /// kind has its own limit, so that e-mails that anybody can request do not use up the limit of
    /// those that only the owner can request. Excess e-mails are delayed; of several delayed ones,
    /// only the newest is sent.
    fn allowance(self) -> Rule {
        let longest = match self {
            // Shorter than the lifetime of a link, so that the owner can always get a valid one.
            Self::ResetPassword => Duration::from_mins(10),
            _ => Duration::from_hours(1),
        };
        Rule::BackOff { free: 10, first: Duration::from_mins(1), longest }
    }

    fn of(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }
}

/// Creates an e-mail to this address, due immediately. The user is looked up when it is sent.
pub(crate) fn ask_for(
    kind: Kind,
    email: &str,
    callback_url: Option<&str>,
    now: Timestamp,
) -> store::Mail {
    let now = DbTime(now.into());
    store::Mail {
        id: Uuid::now_v7().to_string(),
        kind: kind.as_str().to_owned(),
        user_id: None,
        session_id: None,
        email: email.to_owned(),
        new_email: None,
        callback_url: callback_url.unwrap_or_default().to_owned(),
        attempts: 0,
        due_at: now,
        created_at: now,
    }
}

/// The user who requests an e-mail, and the session of the request.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asker<'a> {
    pub(crate) user_id: &'a str,
    pub(crate) email: &'a str,
    pub(crate) session_id: Option<&'a str>,
}

impl<'a> From<&'a Live> for Asker<'a> {
    fn from(live: &'a Live) -> Self {
        Self {
            user_id: live.user.id.as_str(),
            email: &live.user.email,
            session_id: Some(live.session.id()),
        }
    }
}

/// Creates an e-mail for this user only, not for a later owner of the address. The link in it
/// expires with the session in which the e-mail was requested.
pub(crate) fn ask_for_user(
    kind: Kind,
    asker: Asker<'_>,
    new_email: Option<&str>,
    callback_url: Option<&str>,
    now: Timestamp,
) -> store::Mail {
    store::Mail {
        user_id: Some(asker.user_id.to_owned()),
        session_id: asker.session_id.map(str::to_owned),
        new_email: new_email.map(str::to_owned),
        ..ask_for(kind, asker.email, callback_url, now)
    }
}

/// Creates a notice to the old address that the account's address has changed. It does not refer to
/// the user, so it is sent even if the account is deleted right away.
pub(crate) fn tell_old_address(email: &str, new_email: &str, now: Timestamp) -> store::Mail {
    let new_email = Some(new_email.to_owned());
    store::Mail { new_email, ..ask_for(Kind::EmailChanged, email, None, now) }
}

/// Adds e-mails to the outbox, all or none. The limits per address apply when they are sent.
pub(crate) async fn post(state: &AppState, mails: &[store::Mail]) -> Result<()> {
    let mut pooled = state.write().await?;
    store::Mail::insert_all(&mut pooled.conn(), mails).await?;
    state.outbox.wake();
    Ok(())
}

/// Invalidates the links that were mailed to a user, and withdraws the pending e-mails with links
/// that the user requested, because the password or the address has changed. Signed links are
/// invalidated by their claims instead. Must be called after the change, in the same transaction.
pub(crate) async fn void_links(conn: &mut Conn<'_>, user_id: &str) -> Result<()> {
    let kinds: Vec<_> =
        Kind::ALL.into_iter().filter(|kind| kind.has_link()).map(Kind::as_str).collect();
    store::Mail::delete_of_user(conn, user_id, &kinds).await?;
    store::VerificationToken::delete_of_user(conn, user_id).await?;
    Ok(())
}

/// Signals that tell the worker that there are new e-mails, or that it must stop.
#[derive(Debug, Default)]
pub(crate) struct Outbox {
    posted: Notify,
    closed: watch::Sender<bool>,
}

impl Outbox {
    pub(crate) fn wake(&self) {
        self.posted.notify_one();
    }

    async fn woken(&self) {
        self.posted.notified().await;
    }

    /// Tells the worker to stop.
    fn close(&self) {
        self.closed.send_replace(true);
    }

    fn is_closed(&self) -> bool {
        *self.closed.borrow()
    }

    async fn closed(&self) {
        // Fails only if the outbox was dropped.
        let _ = self.closed.subscribe().wait_for(|is_closed| *is_closed).await;
    }
}
