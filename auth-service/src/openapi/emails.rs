//! Operations on e-mail addresses: verification and change.

use utoipa::openapi::Response;

use super::{
    headers::SET_COOKIE,
    operation::{Operation, content},
    schemas::{email, named, optional, required, string, target, text},
};
use crate::http::{error::Error, origin::CALLBACK};

const UNDO_CHANGE_EMAIL: &str = "/api/auth/undo-change-email";

pub(super) fn operations() -> Vec<Operation> {
    vec![
        send_verification_email(),
        confirm_page(),
        verify_email(),
        change_email(),
        open_undo_link(),
        undo_change_email(),
    ]
}

fn send_verification_email() -> Operation {
    let path = "/api/auth/send-verification-email";
    Operation::post(path, "sendVerificationEmail", "Request a verification link")
        .about(
            "Without a session, the response is the same for every address and takes at least half a second; only unverified addresses of existing users get a link. With a session, the address must be the user's own.",
        )
        .maybe_in_session()
        .takes(
            "SendVerificationEmail",
            [required("email", email()), optional("callbackURL", target())],
        )
        .gives("Link sent if the user exists", named("StatusResponse"))
        .refuses([
            Error::EmailVerificationDisabled,
            Error::EmailMismatch,
            Error::EmailAlreadyVerified,
        ])
}

fn verify_email() -> Operation {
    let missing = "[query.token] Invalid input: expected string, received undefined";
    Operation::get("/api/auth/verify-email", "verifyEmail", "Verify or change an address by a mailed link")
        .about(
            "Target of the mailed links. With a `callbackURL` the response is a 302 to it, with `error=<code>` in its query if the link is not valid (such as `error=TOKEN_EXPIRED`).",
        )
        .maybe_in_session()
        .query(required("token", text()))
        .query(optional("callbackURL", target()))
        .gives("Address verified (`user` is null), address changed (`user` is the changed user), or link sent to the new address (no `user`)", named("VerifyEmailResponse"))
        .leads_on("Redirect to the `callbackURL`")
        .refuses([
            Error::Validation(missing.to_owned()),
            Error::InvalidEmailToken,
            Error::EmailTokenExpired,
            Error::EmailTokenUserGone,
            Error::EmailTokenOfAnotherUser,
            Error::Unauthorized, // the user was just deleted
            Error::BannedUser,
            Error::InvalidRedirect(&CALLBACK),
        ])
}

fn confirm_page() -> Operation {
    let missing = "[query.token] Invalid input: expected string, received undefined";
    let mut page = Response::new("A page with a button");
    page.content.insert("text/html".to_owned(), content(string()));
    let path = "/api/auth/verify-email/confirm";
    Operation::get(path, "confirmEmail", "Show a confirmation page for a mailed link")
        .about("The button leads to `/api/auth/verify-email` with the same parameters.")
        .query(required("token", text()))
        .query(optional("callbackURL", target()))
        .answers(200, page)
        .refuses([Error::Validation(missing.to_owned()), Error::InvalidRedirect(&CALLBACK)])
}

fn change_email() -> Operation {
    Operation::post("/api/auth/change-email", "changeEmail", "Request an address change")
        .about(
            "Sends a link to the new address, or first to a verified old one if `CONFIRM_CHANGE_EMAIL` is on. The address changes when the link to the new address is opened. With `CHANGE_EMAIL_WITHOUT_VERIFICATION`, an unverified address changes immediately. The response for an address that already has an account is the same as for any other.",
        )
        .in_session()
        .takes("ChangeEmail", [required("newEmail", email()), optional("callbackURL", target())])
        .gives("Request accepted", named("StatusResponse"))
        .refuses([
            Error::ChangeEmailDisabled,
            Error::EmailIsTheSame,
            Error::EmailVerificationNeeded,
            Error::EmailAlreadyVerified,
        ])
}

fn open_undo_link() -> Operation {
    let missing = "[query.token] Invalid input: expected string, received undefined";
    let mut page = Response::new("A page with a button");
    page.content.insert("text/html".to_owned(), content(string()));
    Operation::get(
        UNDO_CHANGE_EMAIL,
        "openUndoChangeEmail",
        "Show a page to undo an address change",
    )
    .about(
        "Target of the link that is mailed to the old address. The button sends the token by POST.",
    )
    .query(required("token", text()))
    .answers(200, page)
    .refuses([Error::Validation(missing.to_owned()), Error::InvalidRedirect(&CALLBACK)])
}

fn undo_change_email() -> Operation {
    let mut page = Response::new("A page that says that the old address was restored");
    page.content.insert("text/html".to_owned(), content(string()));
    Operation::post(UNDO_CHANGE_EMAIL, "undoChangeEmail", "Undo an address change")
        .about(
            "Restores the old address and marks it as verified, up to seven days after the change. Only a change of a verified address can be undone. Ends all sessions, invalidates all mailed links and, if passwords can be reset by e-mail, the password.",
        )
        .takes_form("UndoChangeEmail", [required("token", string())])
        .answers(200, page)
        .with(200, &[SET_COOKIE])
        .leads_on("Redirect to `/api/auth/error` with `error=<code>`: the link is not valid, or another user has the address")
}
