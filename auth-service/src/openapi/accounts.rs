//! Operations of users on their own accounts: sign-up, sign-in, update and deletion.

use utoipa::openapi::{AllOfBuilder, Array, ObjectBuilder, schema::AnyOfBuilder};

use super::{
    headers::SET_COOKIE,
    operation::{BEARER, COOKIE, Operation, requirement},
    schemas::{
        boolean, email, input, named, new_password, nullable, optional, password, required, string,
        target, text,
    },
};
use crate::http::{error::Error, origin::CALLBACK, session_cookies::SET_AUTH_TOKEN};

const UPDATE_USER: &str = "UpdateUser";

pub(super) fn operations() -> Vec<Operation> {
    vec![
        sign_up(),
        sign_in(),
        sign_in_social(),
        sign_out(),
        update_user(),
        list_accounts(),
        delete_user(),
        open_delete_link(),
    ]
}

fn sign_up() -> Operation {
    Operation::post("/api/auth/sign-up/email", "signUpEmail", "Sign up")
        .about(
            "Creates a user with a password and a session. If e-mail verification is required, no session is created, `token` is null, and the response for an address that already has an account is the same as for a new one.",
        )
        .signs_in(
            "SignUp",
            [
                required("name", text()),
                required("email", email()),
                required("password", new_password()),
                optional("image", text()),
                optional("callbackURL", target()),
            ],
        )
        .gives("The created user", named("SignUpResponse"))
        .with(200, &[SET_COOKIE, SET_AUTH_TOKEN])
        .refuses([
            Error::PasswordTooShort,
            Error::PasswordTooLong,
            Error::PasswordCompromised,
            Error::SignUpDisabled,
            Error::UserAlreadyExists,
            Error::LostRaceForEmail,
        ])
}

fn sign_in() -> Operation {
    Operation::post("/api/auth/sign-in/email", "signInEmail", "Sign in")
        .about(
            "An unknown address and a wrong password give the same error. With a `callbackURL` the status is still 200: the client follows `redirect` and `url`.",
        )
        .signs_in(
            "SignIn",
            [
                required("email", email()),
                required("password", password()),
                optional("callbackURL", target()),
            ],
        )
        .gives("The created session", named("SignInResponse"))
        .with(200, &[SET_COOKIE, SET_AUTH_TOKEN, "Location"])
        .refuses([
            Error::InvalidEmail,
            Error::PasswordTooLong,
            Error::InvalidEmailOrPassword,
            Error::Unauthorized, // the user was just deleted
            Error::EmailNotVerified,
            Error::BannedUser,
        ])
}

fn sign_in_social() -> Operation {
    Operation::post("/api/auth/sign-in/social", "signInSocial", "Sign in with a social provider")
        .about("No social provider is supported, so every request fails with `PROVIDER_NOT_FOUND`.")
        .takes("SignInSocial", [required("provider", string())])
        .refuses([Error::ProviderNotFound])
}

fn sign_out() -> Operation {
    Operation::post("/api/auth/sign-out", "signOut", "Sign out")
        .about("Ends the current session, if any, and clears the session cookies.")
        .maybe_in_session()
        .takes(
            "SignOut",
            [
                optional("callbackURL", target()),
                optional("disableRedirect", boolean()),
                optional("state", string()),
            ],
        )
        .or_no_body()
        .gives("Signed out", named("SuccessResponse"))
}

fn update_user() -> Operation {
    let members = [optional("name", text()), optional("image", nullable(text()))];
    // At least one field is required.
    let needs = |member: &str| ObjectBuilder::new().required(member);
    let schema = AllOfBuilder::new()
        .item(input(members.clone()))
        .item(AnyOfBuilder::new().item(needs("name")).item(needs("image")));
    Operation::post("/api/auth/update-user", "updateUser", "Update the user's name or image")
        .about("`image: null` removes the image. A request with `email` is refused: use `/api/auth/change-email`.")
        .in_session()
        .takes(UPDATE_USER, members)
        .schema(UPDATE_USER, schema.build())
        .gives("Change saved", named("StatusResponse"))
        .refuses([Error::NoFieldsToUpdate, Error::EmailCannotBeUpdated])
}

fn list_accounts() -> Operation {
    Operation::get("/api/auth/list-accounts", "listUserAccounts", "List the user's sign-in methods")
        .in_session()
        .gives("The user's accounts, one for each sign-in method", Array::new(named("Account")))
}

fn delete_user() -> Operation {
    Operation::post("/api/auth/delete-user", "deleteUser", "Delete the user")
        .about(
            "Requires the password, the token of a mailed link, or a session that was started recently. If confirmation by e-mail is enabled, a request without a token sends a link and deletes nothing. Returns 404 without a body if deleting users is disabled.",
        )
        .in_session()
        .takes(
            "DeleteUser",
            [
                optional("callbackURL", target()),
                optional("password", password()),
                optional("token", string()),
            ],
        )
        .gives("User deleted, or confirmation link sent", named("SuccessMessageResponse"))
        .refuses([
            Error::PasswordTooLong,
            Error::InvalidPassword,
            Error::CredentialAccountNotFound,
            Error::SessionExpired,
            Error::InvalidDeleteToken,
        ])
}

fn open_delete_link() -> Operation {
    let missing = "[query.token] Invalid input: expected string, received undefined";
    Operation::get("/api/auth/delete-user/callback", "deleteUserCallback", "Delete the user by a mailed link")
        .about("Target of the mailed link. Requires a session of the same user and returns 404 without one.")
        .secured(vec![requirement(COOKIE), requirement(BEARER)])
        .query(required("token", text()))
        .query(optional("callbackURL", target()))
        .gives("User deleted", named("SuccessMessageResponse"))
        .leads_on("User deleted; redirect to the `callbackURL`")
        .refuses([
            Error::Validation(missing.to_owned()),
            Error::InvalidRedirect(&CALLBACK),
            Error::NobodyToDelete,
            Error::InvalidDeleteToken,
            Error::DeleteUserDisabled,
        ])
}
