//! Conversions from errors of `domain` and `store` to errors of requests.

use super::Error;
use crate::{
    domain::{
        clients::{ClientError, GrantError},
        email_tokens::EmailTokenError,
        issuer::IssuerError,
        login_throttle::ConfirmError,
        passwords::PasswordError,
        sessions::SessionError,
        throttle::ThrottleError,
        user_lifecycle::UndoError,
    },
    store::{DatabaseError, RegistrationError},
};

impl From<DatabaseError> for Error {
    fn from(error: DatabaseError) -> Self {
        match error {
            DatabaseError::Unavailable(error) => error.into(),
            DatabaseError::Sql(error) => error.into(),
        }
    }
}

impl From<RegistrationError> for Error {
    fn from(error: RegistrationError) -> Self {
        match error {
            RegistrationError::EmailTaken => Self::LostRaceForEmail,
            RegistrationError::Sql(error) => error.into(),
        }
    }
}

impl From<ThrottleError> for Error {
    fn from(error: ThrottleError) -> Self {
        match error {
            ThrottleError::TooManyAttempts { wait } => Self::TooManyRequests { wait },
            ThrottleError::Unavailable(error) => error.into(),
            ThrottleError::Sql(error) => error.into(),
        }
    }
}

impl From<PasswordError> for Error {
    fn from(error: PasswordError) -> Self {
        match error {
            PasswordError::TooShort => Self::PasswordTooShort,
            PasswordError::TooLong => Self::PasswordTooLong,
            PasswordError::Compromised => Self::PasswordCompromised,
            PasswordError::QueueFull => Self::TooManyPasswords,
            PasswordError::Panicked(error) => Self::Blocking(error),
        }
    }
}

impl From<ConfirmError> for Error {
    fn from(error: ConfirmError) -> Self {
        match error {
            ConfirmError::NoPassword => Self::CredentialAccountNotFound,
            ConfirmError::WrongPassword => Self::InvalidPassword,
            ConfirmError::Password(error) => error.into(),
            ConfirmError::Throttle(error) => error.into(),
            ConfirmError::Unavailable(error) => error.into(),
            ConfirmError::Sql(error) => error.into(),
        }
    }
}

impl From<SessionError> for Error {
    fn from(error: SessionError) -> Self {
        match error {
            SessionError::StoredUserId(error) => error.into(),
            SessionError::Unavailable(error) => error.into(),
            SessionError::Sql(error) => error.into(),
            error => Self::Session(error),
        }
    }
}

impl From<IssuerError> for Error {
    fn from(error: IssuerError) -> Self {
        match error {
            IssuerError::Unavailable(error) => error.into(),
            IssuerError::Sql(error) => error.into(),
            error => Self::Issuer(error),
        }
    }
}

impl From<ClientError> for Error {
    fn from(error: ClientError) -> Self {
        match error {
            ClientError::Refused(refusal) => Self::ClientRefused(refusal),
            ClientError::Unavailable(error) => error.into(),
            ClientError::Sql(error) => error.into(),
        }
    }
}

impl From<GrantError> for Error {
    fn from(error: GrantError) -> Self {
        match error {
            GrantError::ScopeNotAllowed => Self::InvalidScope,
            GrantError::TargetNotAllowed => Self::InvalidTarget,
        }
    }
}

impl From<UndoError> for Error {
    fn from(error: UndoError) -> Self {
        match error {
            UndoError::Obsolete => Self::InvalidEmailToken,
            UndoError::AddressTaken => Self::UserAlreadyExists,
            UndoError::Sql(error) => error.into(),
        }
    }
}

impl From<EmailTokenError> for Error {
    fn from(error: EmailTokenError) -> Self {
        match error {
            EmailTokenError::Invalid => Self::InvalidEmailToken,
            EmailTokenError::Expired => Self::EmailTokenExpired,
            error @ EmailTokenError::Sign(_) => Self::EmailToken(error),
        }
    }
}
