//! Change, confirm and reset passwords.

use utoipa::openapi::path::ParameterIn;

use super::{
    operation::Operation,
    schemas::{
        boolean, email, named, new_password, optional, password, required, string, target, text,
    },
};
use crate::{error::Error, origin::CALLBACK};

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
    Operation::post("/api/auth/change-password", "changePassword", "Change one's password")
        .about(
            "With `revokeOtherSessions` all sessions end, the caller's own among them, and a new one \
             takes its place: `token` is its token, which is null otherwise.",
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
        .gives("It is changed", named("PasswordChanged"))
        .refuses([
            Error::PasswordTooShort,
            Error::PasswordTooLong,
            Error::InvalidPassword,
            Error::CredentialAccountNotFound,
        ])
}

fn verify_password() -> Operation {
    Operation::post("/api/auth/verify-password", "verifyPassword", "Confirm one's password")
        .in_session()
        .takes("VerifyPassword", [required("password", password())])
        .gives("It is right", named("Done"))
        .refuses([Error::PasswordTooLong, Error::InvalidPassword])
}

fn request_password_reset() -> Operation {
    let path = "/api/auth/request-password-reset";
    Operation::post(path, "requestPasswordReset", "Ask for a link to reset a password")
        .about("Every address is answered alike; a mail goes to those that are known.")
        .takes(
            "RequestPasswordReset",
            [required("email", email()), optional("redirectTo", target())],
        )
        .gives("A link is mailed, if there is such a user", named("DoneWithMessage"))
        .refuses([Error::PasswordResetDisabled])
}

fn open_reset_link() -> Operation {
    let missing = "[query.callbackURL] Invalid input: expected string, received undefined";
    Operation::get(
        "/api/auth/reset-password/{token}",
        "resetPasswordCallback",
        "Open a link to reset a password",
    )
    .about("What the mailed link leads to. It does not use up the token.")
    .parameter(ParameterIn::Path, required("token", string()))
    .query(required("callbackURL", target()))
    .leads_on(
        "On to the page for the new password, with `token=…` or `error=INVALID_TOKEN` in its query",
    )
    .refuses([Error::Validation(missing.to_owned()), Error::InvalidRedirect(&CALLBACK)])
}

fn reset_password() -> Operation {
    Operation::post("/api/auth/reset-password", "resetPassword", "Reset a password")
        .about("The token may be in the body or in the query. It is good once.")
        .query(optional("token", text()))
        .takes(
            "ResetPassword",
            [required("newPassword", new_password()), optional("token", string())],
        )
        .gives("The new password is good", named("Done"))
        .refuses([
            Error::PasswordTooShort,
            Error::PasswordTooLong,
            Error::InvalidResetToken,
            Error::Unauthorized, // deleted a moment ago
        ])
}
