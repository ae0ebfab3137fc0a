//! Mail: asked for on the request path, written down with the change it belongs to, and sent by a
//! worker of its own.
//!
//! A row of the outbox says what was asked for and nothing secret. Whether there is such a user,
//! and the token of the link, are found out and made when the mail is sent, so a request costs the
//! same whether an address is known or not, and a mail that had to wait carries a fresh link.

mod compose;
mod templates;
mod transport;
mod worker;

pub(crate) use self::{
    compose::Links,
    templates::{TemplateError, Templates},
    transport::{Transport, TransportError},
    worker::{finish, send_all},
};

use std::time::Duration;

use service_kit::sql_types::DbTime;
use shared_models::Timestamp;
use tokio::sync::{Notify, watch};
use uuid::Uuid;

use crate::{
    attempts::{Key, Rule},
    error::{Error, Result},
    models,
    state::AppState,
};

/// How many mails one address gets, whoever asks for them.
const TO_ONE_READER: Rule =
    Rule::BackOff { free: 10, first: Duration::from_mins(1), longest: Duration::from_hours(1) };

/// What a mail is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// To an address that is not verified yet.
    VerifyEmail,
    /// To somebody who forgot the password.
    ResetPassword,
    /// To the new address of somebody who changes it.
    ChangeEmail,
    /// To the old address, before the new one is asked.
    ConfirmChangeEmail,
    /// To somebody who wants to be gone.
    DeleteUser,
}

impl Kind {
    pub(crate) const ALL: [Self; 5] = [
        Self::VerifyEmail,
        Self::ResetPassword,
        Self::ChangeEmail,
        Self::ConfirmChangeEmail,
        Self::DeleteUser,
    ];

    /// In the database, and the name of the templates.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::VerifyEmail => "verify-email",
            Self::ResetPassword => "reset-password",
            Self::ChangeEmail => "change-email",
            Self::ConfirmChangeEmail => "confirm-change-email",
            Self::DeleteUser => "delete-user",
        }
    }

    fn of(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }
}

/// A mail for the user of an address, whoever that is, due at once.
pub(crate) fn ask_for(
    kind: Kind,
    email: &str,
    callback_url: Option<&str>,
    now: Timestamp,
) -> models::Mail {
    let now = DbTime(now.into());
    models::Mail {
        id: Uuid::now_v7().to_string(),
        kind: kind.as_str().to_owned(),
        user_id: None,
        email: email.to_owned(),
        new_email: None,
        callback_url: callback_url.unwrap_or_default().to_owned(),
        attempts: 0,
        due_at: now,
        created_at: now,
    }
}

/// A mail for one user, and for nobody who has the same address later.
pub(crate) fn ask_for_user(
    kind: Kind,
    (user_id, email): (&str, &str),
    new_email: Option<&str>,
    callback_url: Option<&str>,
    now: Timestamp,
) -> models::Mail {
    models::Mail {
        user_id: Some(user_id.to_owned()),
        new_email: new_email.map(str::to_owned),
        ..ask_for(kind, email, callback_url, now)
    }
}

/// Puts a mail into the outbox, unless its reader has had too many of late, which nobody is told.
pub(crate) async fn post(state: &AppState, mail: &models::Mail) -> Result<()> {
    let reader = mail.new_email.as_deref().unwrap_or(&mail.email);
    if state.rate_limit {
        let key = Key::of(&["mail", reader]);
        match state.attempts.count(key, TO_ONE_READER, state.clock.now()).await {
            Err(Error::TooManyRequests { .. }) => return Ok(()),
            counted => drop(counted?),
        }
    }
    mail.insert(&mut state.write().await?.conn()).await?;
    state.outbox.wake();
    Ok(())
}

/// Wakes the worker when there is something to send, and hurries it when the process ends.
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

    /// From now on nothing is sent any more.
    fn close(&self) {
        self.closed.send_replace(true);
    }

    fn is_closed(&self) -> bool {
        *self.closed.borrow()
    }

    async fn closed(&self) {
        // It can only fail when the outbox is gone.
        let _ = self.closed.subscribe().wait_for(|is_closed| *is_closed).await;
    }
}
