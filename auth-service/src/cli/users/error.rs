//! Errors of `auth-service users`.

use std::{error::Error as StdError, io};

use service_kit::{
    db::{OpenError, Unavailable},
    migrate::MigrateError,
    prompt::PromptError,
};

use crate::{
    domain::passwords::{BlocklistError, PasswordError},
    store::{RegistrationError, StoreError},
};

#[derive(Debug, thiserror::Error)]
pub enum UsersError {
    #[error("no user has the id or e-mail address {0:?}")]
    UserNotFound(String),
    #[error("the user has no session {0:?}")]
    SessionNotFound(String),
    #[error("a user with this e-mail address already exists")]
    AddressTaken,
    #[error("deleting a user cannot be undone: confirm it with --yes")]
    Unconfirmed,
    #[error("nothing was deleted")]
    Declined,
    #[error("there is no database yet; `users create` and `migrate` create it")]
    NoDatabase,
    #[error("cannot use DATABASE_URL")]
    Migrate(#[from] MigrateError),
    #[error(transparent)]
    Open(#[from] OpenError),
    #[error("cannot use COMPROMISED_PASSWORDS_FILE")]
    Blocklist(#[from] BlocklistError),
    #[error(transparent)]
    Prompt(#[from] PromptError),
    #[error("cannot write the output: {0}")]
    Output(#[from] io::Error),
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
    #[error("database query failed")]
    Sql(#[from] StoreError),
    #[error(transparent)]
    Failed(Box<dyn StdError + Send + Sync>),
}

impl From<RegistrationError> for UsersError {
    fn from(error: RegistrationError) -> Self {
        match error {
            RegistrationError::EmailTaken => Self::AddressTaken,
            RegistrationError::Sql(error) => Self::Sql(error),
        }
    }
}

impl From<PasswordError> for UsersError {
    fn from(error: PasswordError) -> Self {
        Self::Failed(error.into())
    }
}
