//! The e-mail outbox: requests and commands store e-mails, in the transaction of the change that
//! causes them if there is one, and a worker sends them.
//!
//! An outbox row describes the request and contains no secrets. The worker looks up the user and
//! creates the token of the link when it sends the e-mail. A request therefore takes the same time
//! whether an address is known or not, and a delayed e-mail has a fresh link.

mod compose;
mod error;
mod kind;
mod links;
mod mailer;
mod outbox;
mod smtp;
mod templates;
mod transport;
mod worker;

pub(crate) use self::{
    kind::Kind,
    mailer::Mailer,
    smtp::SmtpServer,
    templates::{TemplateError, Templates},
    worker::{finish, send_all},
};

use database::{Conn, sql_types::DbTime};
use shared_models::Timestamp;
use uuid::Uuid;

use crate::store::{self, StoreError};

/// Creates an e-mail to this address, due immediately. The user is looked up when the e-mail is
/// sent.
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

/// The user for whom an e-mail is stored, and the session in which it was requested, if any.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asker<'a> {
    pub(crate) user_id: &'a str,
    pub(crate) email: &'a str,
    pub(crate) session_id: Option<&'a str>,
}

/// Creates an e-mail for this user only, not for a later owner of the address. A link in the e-mail
/// expires with the session in which the e-mail was requested, if there is one.
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

/// Creates a notice for a user. It is sent to the user's present address, even if the user's
/// address changes before the notice is sent.
pub(crate) fn notify(kind: Kind, user: Asker<'_>, now: Timestamp) -> store::Mail {
    ask_for_user(kind, user, None, None, now)
}

/// Withdraws the pending e-mails with links that a user requested, and deletes the stored tokens of
/// the links that were already mailed, because the password or the address has changed. Links that
/// verify or change an address have no stored tokens; their claims invalidate them. Must be called
/// after the change, in the same transaction.
pub(crate) async fn void_links(conn: &mut Conn, user_id: &str) -> Result<(), StoreError> {
    let kinds: Vec<_> =
        Kind::ALL.into_iter().filter(|kind| kind.has_link()).map(Kind::as_str).collect();
    store::Mail::delete_of_user(conn, user_id, &kinds).await?;
    store::VerificationToken::delete_of_user(conn, user_id).await?;
    Ok(())
}
