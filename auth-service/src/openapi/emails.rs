//! Verify and change e-mail addresses.

use super::{
    operation::Operation,
    schemas::{email, named, optional, required, target, text},
};
use crate::{error::Error, origin::CALLBACK};

pub(super) fn operations() -> Vec<Operation> {
    vec![send_verification_email(), verify_email(), change_email()]
}

fn send_verification_email() -> Operation {
    let path = "/api/auth/send-verification-email";
    Operation::post(path, "sendVerificationEmail", "Ask for a link to verify an address")
        .about(
            "Without a session every address is answered alike, after half a second; a mail goes to \
             those that are known and not verified. With a session the address must be one's own.",
        )
        .maybe_in_session()
        .takes(
            "SendVerificationEmail",
            [required("email", email()), optional("callbackURL", target())],
        )
        .gives("A link is mailed, if there is such a user", named("Done"))
        .refuses([
            Error::EmailVerificationDisabled,
            Error::EmailMismatch,
            Error::EmailAlreadyVerified,
        ])
}

fn verify_email() -> Operation {
    let missing = "[query.token] Invalid input: expected string, received undefined";
    Operation::get("/api/auth/verify-email", "verifyEmail", "Verify or change an address by link")
        .about(
            "What the mailed links lead to. With a `callbackURL` the answer is a 302 to it, and what is \
             wrong with the link is in its query (`error=TOKEN_EXPIRED`).",
        )
        .maybe_in_session()
        .query(required("token", text()))
        .query(optional("callbackURL", target()))
        .gives("It is verified, or changed: then the user is there", named("Verified"))
        .leads_on("On to the callbackURL")
        .refuses([
            Error::Validation(missing.to_owned()),
            Error::InvalidEmailToken,
            Error::EmailTokenExpired,
            Error::EmailTokenUserGone,
            Error::EmailTokenOfAnotherUser,
            Error::Unauthorized, // deleted a moment ago
            Error::InvalidRedirect(&CALLBACK),
        ])
}

fn change_email() -> Operation {
    Operation::post("/api/auth/change-email", "changeEmail", "Ask for a link to change one's address")
        .about(
            "Nothing changes before the link to the new address is opened, except for addresses that \
             are not verified, where that is so configured. A taken address is answered like any other.",
        )
        .in_session()
        .takes("ChangeEmail", [required("newEmail", email()), optional("callbackURL", target())])
        .gives("A link is mailed", named("Done"))
        .refuses([
            Error::ChangeEmailDisabled,
            Error::EmailIsTheSame,
            Error::EmailVerificationNeeded,
            Error::EmailAlreadyVerified,
        ])
}
