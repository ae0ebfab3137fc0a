//! What failed, and what the client hears of it.
//!
//! The contract's errors are flat: `{"message": …, "code": …}`. Texts and codes are Better Auth's.

mod table;

use std::{borrow::Cow, time::Duration};

use actix_web::{
    HttpResponse, ResponseError,
    http::{
        StatusCode,
        header::{ContentType, RETRY_AFTER},
    },
};
use serde::Serialize;
use service_kit::{body::BodyError, db, telemetry::Chain};
use tracing::{debug, error};

pub(crate) type Result<T, E = Error> = std::result::Result<T, E>;

pub(crate) const X_RETRY_AFTER: &str = "x-retry-after";
/// How long a client should wait when something of ours is away.
const RETRY_AFTER_SECONDS: &str = "1";

#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("the media type {sent:?} is not accepted")]
    UnsupportedMediaType { sent: String, allowed: &'static str },
    #[error("compressed bodies are not accepted")]
    EncodedBody,
    #[error("the body is not JSON")]
    InvalidJson,
    #[error("the body is too large")]
    BodyTooLarge,
    #[error("the body did not arrive in time")]
    BodyTimedOut,
    #[error("the input does not fit the schema: {0}")]
    Validation(String),
    #[error("no usable origin")]
    MissingOrNullOrigin,
    #[error("the origin is not trusted")]
    InvalidOrigin,
    #[error("a cross-site navigation tried to sign in")]
    CrossSiteNavigationLogin,
    #[error("{} leads to a place that is not trusted", .0.member)]
    InvalidRedirect(&'static Redirect),
    #[error("{} is not a string", .0.member)]
    RedirectNotAString(&'static Redirect),
    #[error("no session")]
    Unauthorized,
    #[error("the address is malformed")]
    InvalidEmail,
    #[error("the address or the password is wrong")]
    InvalidEmailOrPassword,
    #[error("the password is too short")]
    PasswordTooShort,
    #[error("the password is too long")]
    PasswordTooLong,
    #[error("the address is taken")]
    UserAlreadyExists,
    #[error("the address was taken a moment ago")]
    LostRaceForEmail,
    #[error("the address is not verified")]
    EmailNotVerified,
    #[error("signing up is switched off")]
    SignUpDisabled,
    #[error("resetting passwords is switched off")]
    PasswordResetDisabled,
    #[error("verifying addresses is switched off")]
    EmailVerificationDisabled,
    #[error("an address cannot be changed without verifying it, which is switched off")]
    EmailVerificationNeeded,
    #[error("changing addresses is switched off")]
    ChangeEmailDisabled,
    #[error("deleting users is switched off")]
    DeleteUserDisabled,
    #[error("the session is too old to list others")]
    SessionNotFresh,
    #[error("the session is too old to delete its user")]
    SessionExpired,
    #[error("the password is wrong")]
    InvalidPassword,
    #[error("the user has no password")]
    CredentialAccountNotFound,
    #[error("nothing was sent that can be changed")]
    NoFieldsToUpdate,
    #[error("an address is changed elsewhere")]
    EmailCannotBeUpdated,
    #[error("the new address is the old one")]
    EmailIsTheSame,
    #[error("the address is not that of the session")]
    EmailMismatch,
    #[error("the address is verified already")]
    EmailAlreadyVerified,
    #[error("the link to reset a password is not good")]
    InvalidResetToken,
    #[error("the link to delete a user is not good")]
    InvalidDeleteToken,
    #[error("nobody is signed in who could be deleted")]
    NobodyToDelete,
    #[error("the link to verify an address is not good")]
    InvalidEmailToken,
    #[error("the link to verify an address is too old")]
    EmailTokenExpired,
    #[error("the user of the link is gone")]
    EmailTokenUserGone,
    #[error("the link is another user's")]
    EmailTokenOfAnotherUser,
    #[error("there is no such provider")]
    ProviderNotFound,
    #[error("too many attempts; the next one is due in {wait:?}")]
    TooManyRequests { wait: Duration },
    #[error("get-session is a GET")]
    GetSessionByPost,
    #[error("too many passwords wait to be hashed")]
    TooManyPasswords,
    #[error("the application has no state")]
    NoState,
    #[error("the database is out of reach")]
    DatabaseUnavailable(#[from] db::Unavailable),
    #[error("a query failed")]
    Sql(#[from] diesel::result::Error),
    #[error("a stored user id cannot be read")]
    StoredUserId(#[from] shared_models::InvalidUserId),
    #[error("a blocking task did not end")]
    Blocking(#[from] actix_web::error::BlockingError),
    #[error("an address of ours cannot be read")]
    Url(#[from] url::ParseError),
    #[error(transparent)]
    Issuer(#[from] crate::issuer::IssuerError),
    #[error(transparent)]
    WrongSecret(#[from] crate::seal::WrongSecret),
    #[error("a mail could not be written")]
    Template(#[from] minijinja::Error),
    #[error("a mail could not be written")]
    Message(#[from] lettre::error::Error),
    #[error("a stored address is none")]
    Address(#[from] lettre::address::AddressError),
}

/// A member that may send the browser somewhere, and what is said of a bad one.
#[derive(Debug)]
pub(crate) struct Redirect {
    pub(crate) member: &'static str,
    pub(crate) code: &'static str,
    pub(crate) message: &'static str,
}

#[derive(Serialize)]
pub(crate) struct ErrorBody<'a> {
    message: Cow<'a, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) code: Option<&'static str>,
}

impl From<BodyError> for Error {
    fn from(error: BodyError) -> Self {
        match error {
            BodyError::TooLarge => Self::BodyTooLarge,
            BodyError::Encoded => Self::EncodedBody,
            BodyError::TimedOut => Self::BodyTimedOut,
            BodyError::Incomplete => Self::InvalidJson,
        }
    }
}

impl Error {
    /// What a client hears.
    pub(crate) fn answer(&self) -> (StatusCode, ErrorBody<'_>) {
        let (status, code, message) = self.parts();
        (status, ErrorBody { message, code })
    }

    /// What a link says that leads on although something failed.
    pub(crate) fn code(&self) -> Option<&'static str> {
        self.parts().1
    }

    /// Whether it may be over in a while.
    pub(crate) fn is_temporary(&self) -> bool {
        self.status_code() == StatusCode::SERVICE_UNAVAILABLE
    }

    /// Whether the link in a mail was at fault, which is told to the page it leads to.
    pub(crate) fn is_about_a_link(&self) -> bool {
        matches!(
            self,
            Self::InvalidEmailToken
                | Self::EmailTokenExpired
                | Self::EmailTokenUserGone
                | Self::EmailTokenOfAnotherUser
        )
    }
}

impl ResponseError for Error {
    fn status_code(&self) -> StatusCode {
        self.parts().0
    }

    fn error_response(&self) -> HttpResponse {
        let (status, body) = self.answer();
        if status.is_server_error() {
            error!("{}", Chain(self));
        } else {
            debug!("{}", Chain(self));
        }
        let mut response = HttpResponse::build(status);
        if status == StatusCode::SERVICE_UNAVAILABLE {
            response.insert_header((RETRY_AFTER, RETRY_AFTER_SECONDS));
        }
        if let Self::TooManyRequests { wait } = self {
            // Whole seconds, rounded up: as the contract says it and as the standard does.
            let seconds = wait.as_millis().div_ceil(1000).max(1).to_string();
            response.insert_header((X_RETRY_AFTER, seconds.as_str()));
            response.insert_header((RETRY_AFTER, seconds));
        }
        response.insert_header(ContentType::json()).json(body)
    }
}
