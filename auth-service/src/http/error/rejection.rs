//! The table of rejections: status, code, message and the other constant parts of each error that
//! a client can cause.

use actix_web::http::StatusCode;

/// `WWW-Authenticate` challenge to a receiver (RFC 9110 §11.6.1).
const TO_RECEIVERS: &str = r#"Bearer, Basic realm="auth-service""#;
/// `WWW-Authenticate` challenge to an OAuth client (RFC 6749 §5.2).
const TO_CLIENTS: &str = r#"Basic realm="auth-service""#;

/// The constant parts of an error.
#[derive(Clone, Copy)]
pub(super) struct Row {
    pub(super) status: StatusCode,
    pub(super) code: Option<&'static str>,
    pub(super) message: &'static str,
    /// Text for the log, if it says more than the message.
    log: Option<&'static str>,
    /// OAuth error code (RFC 6749 §5.2, RFC 8707 §2).
    pub(super) oauth: Option<&'static str>,
    pub(super) challenge: Option<&'static str>,
}

impl Row {
    pub(super) const fn new(
        status: StatusCode,
        code: Option<&'static str>,
        message: &'static str,
    ) -> Self {
        Self { status, code, message, log: None, oauth: None, challenge: None }
    }
}

/// Declares the rejections by status. A row consists of the name, the code (if there is one), the
/// message, and optional fields of [`Row`].
macro_rules! rejections {
    ($($status:ident {
        $($name:ident $(($code:literal))?: $message:literal $(, $field:ident: $value:expr)*;)+
    })+) => {
        /// An error that a client can cause.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
        #[error("{}", self.row().log.unwrap_or(self.row().message))]
        pub(crate) enum Rejection {
            $($($name,)+)+
        }

        impl Rejection {
            pub(crate) const ALL: &[Self] = &[$($(Self::$name,)+)+];

            pub(super) const fn row(self) -> Row {
                match self {
                    $($(Self::$name => Row {
                        $($field: Some($value),)*
                        ..Row::new(StatusCode::$status, rejections!(@code $($code)?), $message)
                    },)+)+
                }
            }
        }
    };
    (@code) => { None };
    (@code $code:literal) => { Some($code) };
}

// Errors that also exist in Better Auth have its messages and codes.
rejections! {
    BAD_REQUEST {
        InvalidJson("BAD_REQUEST"): "Invalid JSON in request body";
        Validation("VALIDATION_ERROR"): "Validation failed";
        RedirectNotAString: "Invalid redirect target";
        InvalidEmail("INVALID_EMAIL"): "Invalid email";
        InvalidPassword("INVALID_PASSWORD"): "Invalid password";
        PasswordTooShort("PASSWORD_TOO_SHORT"): "Password too short";
        PasswordTooLong("PASSWORD_TOO_LONG"): "Password too long";
        PasswordCompromised("PASSWORD_COMPROMISED"):
            "The password you entered has been compromised. Please choose a different password.";
        CredentialAccountNotFound("CREDENTIAL_ACCOUNT_NOT_FOUND"): "Credential account not found";
        InvalidResetToken("INVALID_TOKEN"): "Invalid token", log: "invalid password reset token";
        PasswordResetDisabled("RESET_PASSWORD_DISABLED"): "Reset password isn't enabled";
        SignUpDisabled("EMAIL_PASSWORD_SIGN_UP_DISABLED"):
            "Email and password sign up is not enabled";
        EmailVerificationDisabled("VERIFICATION_EMAIL_NOT_ENABLED"):
            "Verification email isn't enabled";
        EmailMismatch("EMAIL_MISMATCH"): "Email mismatch",
            log: "e-mail address differs from that of the session";
        EmailAlreadyVerified("EMAIL_ALREADY_VERIFIED"): "Email is already verified";
        ChangeEmailDisabled("CHANGE_EMAIL_DISABLED"): "Change email is disabled";
        EmailIsTheSame: "Email is the same";
        EmailVerificationNeeded: "Verification email isn't enabled",
            log: "changing an e-mail address requires e-mail verification, which is disabled";
        EmailCannotBeUpdated("EMAIL_CAN_NOT_BE_UPDATED"): "Email can not be updated";
        NoFieldsToUpdate: "No fields to update";
        SessionExpired("SESSION_EXPIRED"):
            "Session expired. Re-authenticate to perform this action.",
            log: "session too old to delete the user";
        LastAccount("FAILED_TO_UNLINK_LAST_ACCOUNT"): "You can't unlink your last account";
        AccountNotFound("ACCOUNT_NOT_FOUND"): "Account not found";
        ProviderNotSupported("PROVIDER_NOT_SUPPORTED"): "Provider is not supported.";
        ProviderNotConfigured("PROVIDER_NOT_CONFIGURED"):
            "Account is not associated with a configured social provider.";
        InvalidRequest("INVALID_REQUEST"): "Invalid request", oauth: "invalid_request";
        UnsupportedGrantType("UNSUPPORTED_GRANT_TYPE"):
            "The grant type must be client_credentials", oauth: "unsupported_grant_type";
        InvalidScope("INVALID_SCOPE"): "The scope is malformed or not allowed",
            oauth: "invalid_scope";
        InvalidTarget("INVALID_TARGET"): "The resource is not an audience of the client",
            oauth: "invalid_target";
    }
    UNAUTHORIZED {
        Unauthorized("UNAUTHORIZED"): "Unauthorized", log: "no valid session";
        UserDeleted("UNAUTHORIZED"): "Unauthorized",
            log: "the user was deleted during the request";
        InvalidEmailOrPassword("INVALID_EMAIL_OR_PASSWORD"): "Invalid email or password",
            log: "wrong e-mail address or password";
        InvalidEmailToken("INVALID_TOKEN"): "Invalid token", log: "invalid verification token";
        EmailTokenExpired("TOKEN_EXPIRED"): "Token expired",
            log: "verification token has expired";
        EmailTokenUserGone("USER_NOT_FOUND"): "User not found",
            log: "user of the verification token no longer exists";
        EmailTokenOfAnotherUser("INVALID_USER"): "Invalid user",
            log: "verification token belongs to another user";
        NoReceiver("UNKNOWN_RECEIVER"): "A receiver secret is required",
            log: "missing or unknown secret of an event receiver", challenge: TO_RECEIVERS;
        InvalidClient("INVALID_CLIENT"): "A receiver secret is required",
            log: "missing or unknown secret of a receiver", challenge: TO_RECEIVERS,
            oauth: "invalid_client";
        ClientRefused("INVALID_CLIENT"): "Client authentication failed",
            challenge: TO_CLIENTS, oauth: "invalid_client";
    }
    FORBIDDEN {
        MissingOrNullOrigin("MISSING_OR_NULL_ORIGIN"): "Missing or null Origin";
        InvalidOrigin("INVALID_ORIGIN"): "Invalid origin", log: "untrusted origin";
        CrossSiteNavigationLogin("CROSS_SITE_NAVIGATION_LOGIN_BLOCKED"):
            "Cross-site navigation login blocked. This request appears to be a CSRF attack.",
            log: "sign-in by cross-site navigation";
        InvalidCallbackUrl("INVALID_CALLBACK_URL"): "Invalid callbackURL",
            log: "callbackURL is not a trusted URL";
        InvalidRedirectUrl("INVALID_REDIRECT_URL"): "Invalid redirectURL",
            log: "redirectTo is not a trusted URL";
        InvalidErrorCallbackUrl("INVALID_ERROR_CALLBACK_URL"): "Invalid errorCallbackURL",
            log: "errorCallbackURL is not a trusted URL";
        InvalidNewUserCallbackUrl("INVALID_NEW_USER_CALLBACK_URL"): "Invalid newUserCallbackURL",
            log: "newUserCallbackURL is not a trusted URL";
        EmailNotVerified("EMAIL_NOT_VERIFIED"): "Email not verified";
        BannedUser("BANNED_USER"):
            "You have been banned from this application. Please contact support if you believe this is an error.",
            log: "user is disabled";
        SessionNotFresh("SESSION_NOT_FRESH"): "Session is not fresh",
            log: "session started too long ago";
    }
    NOT_FOUND {
        DeleteUserDisabled("NOT_FOUND"): "Not found", log: "deleting users is disabled";
        NobodyToDelete("FAILED_TO_GET_USER_INFO"): "Failed to get user info",
            log: "no session of the user to delete";
        InvalidDeleteToken("INVALID_TOKEN"): "Invalid token", log: "invalid user deletion token";
        ProviderNotFound("PROVIDER_NOT_FOUND"): "Provider not found";
        EventsNotOffered("EVENTS_NOT_OFFERED"): "Security events are disabled",
            log: "security events are disabled: EVENTS_SECRET is not set";
        IntrospectionNotOffered("INTROSPECTION_NOT_OFFERED"):
            "Token introspection and revocation are disabled",
            log: "token introspection is disabled: EVENTS_SECRET is not set";
    }
    METHOD_NOT_ALLOWED {
        GetSessionByPost("METHOD_NOT_ALLOWED_DEFER_SESSION_REQUIRED"):
            "POST method requires deferSessionRefresh to be enabled in session config";
    }
    REQUEST_TIMEOUT {
        BodyTimedOut("REQUEST_TIMEOUT"): "Request body did not arrive in time";
    }
    PAYLOAD_TOO_LARGE {
        BodyTooLarge("PAYLOAD_TOO_LARGE"): "Request body is too large";
    }
    UNSUPPORTED_MEDIA_TYPE {
        UnsupportedMediaType("UNSUPPORTED_MEDIA_TYPE"): "Content-Type is not allowed";
        EncodedBody("UNSUPPORTED_MEDIA_TYPE"): "Content-Encoding is not allowed";
    }
    UNPROCESSABLE_ENTITY {
        UserAlreadyExists("USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL"):
            "User already exists. Use another email.";
        LostRaceForEmail("FAILED_TO_CREATE_USER"): "Failed to create user",
            log: "e-mail address taken by a concurrent request";
    }
}

impl Rejection {
    pub(crate) fn code(self) -> Option<&'static str> {
        self.row().code
    }

    pub(crate) fn message(self) -> &'static str {
        self.row().message
    }

    /// Returns whether the error is about an invalid link to verify, change or restore an address.
    /// If there is a redirect target, it receives the code of such an error.
    pub(crate) fn is_about_a_link(self) -> bool {
        matches!(
            self,
            Self::InvalidEmailToken
                | Self::EmailTokenExpired
                | Self::EmailTokenUserGone
                | Self::EmailTokenOfAnotherUser
        )
    }
}
