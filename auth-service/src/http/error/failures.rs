//! Failures of the service, and of the resources that it needs.

use service_kit::server::Exhausted;
use tokio::task::JoinError;

use crate::{
    domain::{email_tokens::EmailTokenError, issuer::IssuerError, sessions::SessionError},
    store::StoreError,
};

/// Reason why the service temporarily cannot handle a request.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unavailable {
    #[error("password hashing queue is full")]
    TooManyPasswords,
    #[error("too many unread responses")]
    ResponsesInFlight(#[from] Exhausted),
    #[error("database unavailable")]
    Database(#[from] database::Unavailable),
    #[error("database query failed")]
    Sql(#[source] StoreError),
}

/// Fault of the service. The response does not reveal it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Internal {
    #[error("application state is missing")]
    NoState,
    #[error("the handler of the request panicked")]
    Panicked,
    #[error("database query failed")]
    Sql(#[source] StoreError),
    #[error("invalid user id in the database")]
    StoredUserId(#[from] shared_models::InvalidUserId),
    #[error("background task panicked")]
    Blocking(#[from] JoinError),
    #[error("cannot build a URL of this service")]
    Url(#[from] url::ParseError),
    #[error(transparent)]
    Issuer(IssuerError),
    #[error(transparent)]
    Session(SessionError),
    #[error("cannot sign or verify the token of a mailed link")]
    EmailToken(#[source] EmailTokenError),
    #[error("cannot render the page")]
    Page(#[from] minijinja::Error),
}
