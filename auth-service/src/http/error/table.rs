//! The table of errors in the API: status, code and message of each error.

use std::borrow::Cow;

use actix_web::http::StatusCode;
use database::is_outage;

use super::Error;
use crate::store::is_dangling_reference;

impl Error {
    /// Returns the status, code and message. The messages of 5xx responses are fixed, so that they
    /// do not reveal the cause.
    #[expect(clippy::too_many_lines, reason = "one row per error")]
    pub(super) fn parts(&self) -> (StatusCode, Option<&'static str>, Cow<'_, str>) {
        use StatusCode as S;
        let (status, code, message) = match self {
            Self::Oauth(error) => return error.parts(),
            Self::UnsupportedMediaType { sent, allowed } => {
                let message =
                    format!("Content-Type \"{sent}\" is not allowed. Allowed types: {allowed}");
                let code = Some("UNSUPPORTED_MEDIA_TYPE");
                return (S::UNSUPPORTED_MEDIA_TYPE, code, message.into());
            }
            Self::Validation(problems) => {
                return (S::BAD_REQUEST, Some("VALIDATION_ERROR"), problems.as_str().into());
            }
            Self::InvalidRedirect(redirect) => {
                return (S::FORBIDDEN, Some(redirect.code), redirect.message.into());
            }
            Self::RedirectNotAString(redirect) => {
                let message = format!("{}: expected a string", redirect.message);
                return (S::BAD_REQUEST, None, message.into());
            }
            Self::ProviderNotSupported(provider) => {
                let message = format!("Provider {provider} is not supported.");
                return (S::BAD_REQUEST, Some("PROVIDER_NOT_SUPPORTED"), message.into());
            }
            Self::NoFieldsToUpdate => return (S::BAD_REQUEST, None, "No fields to update".into()),
            Self::EmailIsTheSame => return (S::BAD_REQUEST, None, "Email is the same".into()),
            Self::TooManyRequests { .. } => {
                let message = "Too many requests. Please try again later.";
                return (S::TOO_MANY_REQUESTS, None, message.into());
            }
            Self::EmailVerificationNeeded => {
                return (S::BAD_REQUEST, None, "Verification email isn't enabled".into());
            }
            Self::EncodedBody => (
                S::UNSUPPORTED_MEDIA_TYPE,
                "UNSUPPORTED_MEDIA_TYPE",
                "Content-Encoding is not allowed",
            ),
            Self::InvalidJson => (S::BAD_REQUEST, "BAD_REQUEST", "Invalid JSON in request body"),
            Self::BodyTooLarge => {
                (S::PAYLOAD_TOO_LARGE, "PAYLOAD_TOO_LARGE", "Request body is too large")
            }
            Self::BodyTimedOut => {
                (S::REQUEST_TIMEOUT, "REQUEST_TIMEOUT", "Request body did not arrive in time")
            }
            Self::MissingOrNullOrigin => {
                (S::FORBIDDEN, "MISSING_OR_NULL_ORIGIN", "Missing or null Origin")
            }
            Self::InvalidOrigin => (S::FORBIDDEN, "INVALID_ORIGIN", "Invalid origin"),
            Self::CrossSiteNavigationLogin => (
                S::FORBIDDEN,
                "CROSS_SITE_NAVIGATION_LOGIN_BLOCKED",
                "Cross-site navigation login blocked. This request appears to be a CSRF attack.",
            ),
            // The new row refers to a user who was deleted during the request.
            Self::Sql(error) if is_dangling_reference(error) => {
                (S::UNAUTHORIZED, "UNAUTHORIZED", "Unauthorized")
            }
            Self::Unauthorized => (S::UNAUTHORIZED, "UNAUTHORIZED", "Unauthorized"),
            Self::InvalidEmail => (S::BAD_REQUEST, "INVALID_EMAIL", "Invalid email"),
            Self::InvalidEmailOrPassword => {
                (S::UNAUTHORIZED, "INVALID_EMAIL_OR_PASSWORD", "Invalid email or password")
            }
            Self::PasswordTooShort => (S::BAD_REQUEST, "PASSWORD_TOO_SHORT", "Password too short"),
            Self::PasswordTooLong => (S::BAD_REQUEST, "PASSWORD_TOO_LONG", "Password too long"),
            Self::PasswordCompromised => (
                S::BAD_REQUEST,
                "PASSWORD_COMPROMISED",
                "The password you entered has been compromised. Please choose a different password.",
            ),
            Self::UserAlreadyExists => (
                S::UNPROCESSABLE_ENTITY,
                "USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL",
                "User already exists. Use another email.",
            ),
            Self::LostRaceForEmail => {
                (S::UNPROCESSABLE_ENTITY, "FAILED_TO_CREATE_USER", "Failed to create user")
            }
            Self::EmailNotVerified => (S::FORBIDDEN, "EMAIL_NOT_VERIFIED", "Email not verified"),
            Self::BannedUser => (
                S::FORBIDDEN,
                "BANNED_USER",
                "You have been banned from this application. Please contact support if you believe this is an error.",
            ),
            Self::SignUpDisabled => (
                S::BAD_REQUEST,
                "EMAIL_PASSWORD_SIGN_UP_DISABLED",
                "Email and password sign up is not enabled",
            ),
            Self::PasswordResetDisabled => {
                (S::BAD_REQUEST, "RESET_PASSWORD_DISABLED", "Reset password isn't enabled")
            }
            Self::EmailVerificationDisabled => (
                S::BAD_REQUEST,
                "VERIFICATION_EMAIL_NOT_ENABLED",
                "Verification email isn't enabled",
            ),
            Self::ChangeEmailDisabled => {
                (S::BAD_REQUEST, "CHANGE_EMAIL_DISABLED", "Change email is disabled")
            }
            Self::DeleteUserDisabled => (S::NOT_FOUND, "NOT_FOUND", "Not found"),
            Self::SessionNotFresh => (S::FORBIDDEN, "SESSION_NOT_FRESH", "Session is not fresh"),
            Self::SessionExpired => (
                S::BAD_REQUEST,
                "SESSION_EXPIRED",
                "Session expired. Re-authenticate to perform this action.",
            ),
            Self::InvalidPassword => (S::BAD_REQUEST, "INVALID_PASSWORD", "Invalid password"),
            Self::CredentialAccountNotFound => {
                (S::BAD_REQUEST, "CREDENTIAL_ACCOUNT_NOT_FOUND", "Credential account not found")
            }
            Self::EmailCannotBeUpdated => {
                (S::BAD_REQUEST, "EMAIL_CAN_NOT_BE_UPDATED", "Email can not be updated")
            }
            Self::EmailMismatch => (S::BAD_REQUEST, "EMAIL_MISMATCH", "Email mismatch"),
            Self::EmailAlreadyVerified => {
                (S::BAD_REQUEST, "EMAIL_ALREADY_VERIFIED", "Email is already verified")
            }
            Self::InvalidResetToken => (S::BAD_REQUEST, "INVALID_TOKEN", "Invalid token"),
            Self::InvalidDeleteToken => (S::NOT_FOUND, "INVALID_TOKEN", "Invalid token"),
            Self::EventsNotOffered => {
                (S::NOT_FOUND, "EVENTS_NOT_OFFERED", "Security events are disabled")
            }
            Self::NoReceiver => {
                (S::UNAUTHORIZED, "UNKNOWN_RECEIVER", "A receiver secret is required")
            }
            Self::IntrospectionNotOffered => (
                S::NOT_FOUND,
                "INTROSPECTION_NOT_OFFERED",
                "Token introspection and revocation are disabled",
            ),
            Self::InvalidClient => {
                (S::UNAUTHORIZED, "INVALID_CLIENT", "A receiver secret is required")
            }
            Self::InvalidTokenRequest(problem) => (S::BAD_REQUEST, "INVALID_REQUEST", *problem),
            Self::ClientRefused(_) => {
                (S::UNAUTHORIZED, "INVALID_CLIENT", "Client authentication failed")
            }
            Self::UnsupportedGrantType => (
                S::BAD_REQUEST,
                "UNSUPPORTED_GRANT_TYPE",
                "The grant type must be client_credentials",
            ),
            Self::InvalidScope => {
                (S::BAD_REQUEST, "INVALID_SCOPE", "The scope is malformed or not allowed")
            }
            Self::InvalidTarget => {
                (S::BAD_REQUEST, "INVALID_TARGET", "The resource is not an audience of the client")
            }
            Self::NobodyToDelete => {
                (S::NOT_FOUND, "FAILED_TO_GET_USER_INFO", "Failed to get user info")
            }
            Self::InvalidEmailToken => (S::UNAUTHORIZED, "INVALID_TOKEN", "Invalid token"),
            Self::EmailTokenExpired => (S::UNAUTHORIZED, "TOKEN_EXPIRED", "Token expired"),
            Self::EmailTokenUserGone => (S::UNAUTHORIZED, "USER_NOT_FOUND", "User not found"),
            Self::EmailTokenOfAnotherUser => (S::UNAUTHORIZED, "INVALID_USER", "Invalid user"),
            Self::ProviderNotFound => (S::NOT_FOUND, "PROVIDER_NOT_FOUND", "Provider not found"),
            Self::LastAccount => (
                S::BAD_REQUEST,
                "FAILED_TO_UNLINK_LAST_ACCOUNT",
                "You can't unlink your last account",
            ),
            Self::AccountNotFound => (S::BAD_REQUEST, "ACCOUNT_NOT_FOUND", "Account not found"),
            Self::ProviderNotConfigured => (
                S::BAD_REQUEST,
                "PROVIDER_NOT_CONFIGURED",
                "Account is not associated with a configured social provider.",
            ),
            Self::GetSessionByPost => (
                S::METHOD_NOT_ALLOWED,
                "METHOD_NOT_ALLOWED_DEFER_SESSION_REQUIRED",
                "POST method requires deferSessionRefresh to be enabled in session config",
            ),
            Self::TooManyPasswords | Self::ResponsesInFlight(_) | Self::DatabaseUnavailable(_) => {
                (S::SERVICE_UNAVAILABLE, "SERVICE_UNAVAILABLE", "Service temporarily unavailable")
            }
            Self::Sql(error) if is_outage(error) => {
                (S::SERVICE_UNAVAILABLE, "SERVICE_UNAVAILABLE", "Service temporarily unavailable")
            }
            Self::NoState
            | Self::Panicked
            | Self::Sql(_)
            | Self::StoredUserId(_)
            | Self::Blocking(_)
            | Self::Url(_)
            | Self::Issuer(_)
            | Self::Session(_)
            | Self::EmailToken(_)
            | Self::Page(_) => {
                (S::INTERNAL_SERVER_ERROR, "INTERNAL_SERVER_ERROR", "Internal server error")
            }
        };
        (status, Some(code), message.into())
    }
}
