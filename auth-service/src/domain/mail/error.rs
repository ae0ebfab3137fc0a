//! Errors of composing e-mails and of accessing the outbox. Errors of sending are in `transport`.

use database::Unavailable;

use crate::{
    domain::{email_tokens::EmailTokenError, throttle::ThrottleError},
    store::StoreError,
};

#[derive(Debug, thiserror::Error)]
pub(crate) enum MailError {
    #[error("cannot compose the e-mail")]
    Template(#[from] minijinja::Error),
    #[error("cannot compose the e-mail")]
    Message(#[from] lettre::error::Error),
    #[error("invalid e-mail address in the database")]
    Address(#[from] lettre::address::AddressError),
    #[error(transparent)]
    Token(#[from] EmailTokenError),
    #[error(transparent)]
    Throttle(#[from] ThrottleError),
    #[error("database unavailable")]
    Unavailable(#[from] Unavailable),
    #[error("database query failed")]
    Sql(#[from] StoreError),
}
