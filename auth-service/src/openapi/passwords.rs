//! Operations on passwords: change, verification and reset.

use utoipa::openapi::path::ParameterIn;

use super::{
    operation::Operation,
    schemas::{
        boolean, email, named, new_password, optional, password, required, string, target, text,
    },
};
use crate::http::{error::Error, origin::CALLBACK};

pub(super) fn operations() -> Vec<Operation> {
    vec![
        change_password(),
        verify_password(),
        request_password_reset(),
        open_reset_link(),
        reset_password(),
    ]
}

fn change_password() -> Operation {
    Operation::post("/api/auth/change-password", "changePassword", "Change the password")
        .about(
            "With `revokeOtherSessions` all sessions of the user end, including the current one, and a new session replaces it: `token` is the token of the new session. Otherwise `token` is null.",
        )
        .in_session()
        .takes(
            "ChangePassword",
            [
                required("newPassword", new_password()),
                required("currentPassword", password()),
                optional("revokeOtherSessions", boolean()),
            ],
        )
        .gives("Change saved", named("ChangePasswordResponse"))
        .refuses([
            Error::PasswordTooShort,
            Error::PasswordTooLong,
            Error::PasswordCompromised,
            Error::InvalidPassword,
            Error::CredentialAccountNotFound,
        ])
}

fn verify_password() -> Operation {
    Operation::post("/api/auth/verify-password", "verifyPassword", "Verify the password")
        .in_session()
        .takes("VerifyPassword", [required("password", password())])
        .gives("The password is correct", named("StatusResponse"))
        .refuses([Error::PasswordTooLong, Error::InvalidPassword])
}

fn request_password_reset() -> Operation {
    let path = "/api/auth/request-password-reset";
    Operation::post(path, "requestPasswordReset", "Request a password reset link")
        .about("The response is the same for every address; only users that exist get a link.")
        .takes(
            "RequestPasswordReset",
            [required("email", email()), optional("redirectTo", target())],
        )
        .gives("Link sent if the user exists", named("StatusMessageResponse"))
        .refuses([Error::PasswordResetDisabled])
}

fn open_reset_link() -> Operation {
    let missing = "[query.callbackURL] Invalid input: expected string, received undefined";
    Operation::get(
        "/api/auth/reset-password/{token}",
        "resetPasswordCallback",
        "Open a password reset link",
    )
    .about("Target of the mailed link. The token stays valid until the password is reset.")
    .parameter(ParameterIn::Path, required("token", string()))
    .query(required("callbackURL", target()))
    .leads_on(
        "Redirect to the page for the new password, with `token=…` or `error=INVALID_TOKEN` in its query",
    )
    .refuses([Error::Validation(missing.to_owned()), Error::InvalidRedirect(&CALLBACK)])
}

fn reset_password() -> Operation {
    Operation::post("/api/auth/reset-password", "resetPassword", "Reset a password")
        .about("The token is read from the body or the query and is valid once.")
        .query(optional("token", text()))
        .takes(
            "ResetPassword",
            [required("newPassword", new_password()), optional("token", string())],
        )
        .gives("Password reset", named("StatusResponse"))
        .refuses([
            Error::PasswordTooShort,
            Error::PasswordTooLong,
            Error::PasswordCompromised,
            Error::InvalidResetToken,
            Error::Unauthorized, // the user was just deleted
        ])
}
