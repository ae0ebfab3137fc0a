//! Conversions from errors of `domain` and `store` to errors of requests.

use database::is_outage;
use service_kit::{body::BodyError, server::Exhausted};

use super::{Error, Internal, Rejection, Unavailable};
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
    store::{DatabaseError, RegistrationError, StoreError, is_dangling_reference},
};

impl<E: Into<Internal>> From<E> for Error {
    fn from(error: E) -> Self {
        Self::Internal(error.into())
    }
}

impl From<Unavailable> for Error {
    fn from(error: Unavailable) -> Self {
        Self::Unavailable(error)
    }
}

impl From<Exhausted> for Error {
    fn from(error: Exhausted) -> Self {
        Unavailable::from(error).into()
    }
}

impl From<database::Unavailable> for Error {
    fn from(error: database::Unavailable) -> Self {
        Unavailable::from(error).into()
    }
}

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        if is_dangling_reference(&error) {
            // The new row refers to a user who was deleted during the request.
            Rejection::UserDeleted.into()
        } else if is_outage(&error) {
            Unavailable::Sql(error).into()
        } else {
            Internal::Sql(error).into()
        }
    }
}

impl From<BodyError> for Error {
    fn from(error: BodyError) -> Self {
        let rejection = match error {
            BodyError::TooLarge => Rejection::BodyTooLarge,
            BodyError::Encoded => Rejection::EncodedBody,
            BodyError::TimedOut => Rejection::BodyTimedOut,
            BodyError::Incomplete => Rejection::InvalidJson,
        };
        rejection.into()
    }
}

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
            RegistrationError::EmailTaken => Rejection::LostRaceForEmail.into(),
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
            PasswordError::TooShort => Rejection::PasswordTooShort.into(),
            PasswordError::TooLong => Rejection::PasswordTooLong.into(),
            PasswordError::Compromised => Rejection::PasswordCompromised.into(),
            PasswordError::QueueFull => Unavailable::TooManyPasswords.into(),
            PasswordError::Panicked(error) => error.into(),
        }
    }
}

impl From<ConfirmError> for Error {
    fn from(error: ConfirmError) -> Self {
        match error {
            ConfirmError::NoPassword => Rejection::CredentialAccountNotFound.into(),
            ConfirmError::WrongPassword => Rejection::InvalidPassword.into(),
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
            error => Internal::Session(error).into(),
        }
    }
}

impl From<IssuerError> for Error {
    fn from(error: IssuerError) -> Self {
        match error {
            IssuerError::Unavailable(error) => error.into(),
            IssuerError::Sql(error) => error.into(),
            error => Internal::Issuer(error).into(),
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
            GrantError::ScopeNotAllowed => Rejection::InvalidScope.into(),
            GrantError::TargetNotAllowed => Rejection::InvalidTarget.into(),
        }
    }
}

impl From<UndoError> for Error {
    fn from(error: UndoError) -> Self {
        match error {
            UndoError::Obsolete => Rejection::InvalidEmailToken.into(),
            UndoError::AddressTaken => Rejection::UserAlreadyExists.into(),
            UndoError::Sql(error) => error.into(),
        }
    }
}

impl From<EmailTokenError> for Error {
    fn from(error: EmailTokenError) -> Self {
        match error {
            EmailTokenError::Invalid => Rejection::InvalidEmailToken.into(),
            EmailTokenError::Expired => Rejection::EmailTokenExpired.into(),
            error @ EmailTokenError::Sign(_) => Internal::EmailToken(error).into(),
        }
    }
}
