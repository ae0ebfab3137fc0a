//! Errors of `auth-service users`.

use operator_tools::prompt::PromptError;

use crate::{
    cli::command::CommandError,
    domain::passwords::{BlocklistError, PasswordError},
    store::RegistrationError,
};

#[derive(Debug, thiserror::Error)]
pub(super) enum UsersError {
    #[error("no user has the id or e-mail address {0:?}")]
    UserNotFound(String),
    #[error("the user has no session {0:?}")]
    SessionNotFound(String),
    #[error("a user with this e-mail address already exists")]
    AddressTaken,
    #[error("cannot use COMPROMISED_PASSWORDS_FILE")]
    Blocklist(#[from] BlocklistError),
}

impl From<UsersError> for CommandError {
    fn from(error: UsersError) -> Self {
        Self::failed(error)
    }
}

impl From<RegistrationError> for CommandError {
    fn from(error: RegistrationError) -> Self {
        match error {
            RegistrationError::EmailTaken => UsersError::AddressTaken.into(),
            RegistrationError::Sql(error) => error.into(),
        }
    }
}

impl From<PasswordError> for CommandError {
    fn from(error: PasswordError) -> Self {
        Self::failed(error)
    }
}

impl From<PromptError> for CommandError {
    fn from(error: PromptError) -> Self {
        Self::failed(error)
    }
}
