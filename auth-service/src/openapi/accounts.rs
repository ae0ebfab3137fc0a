//! Sign up, sign in, change oneself, leave.

use utoipa::openapi::{AllOfBuilder, Array, ObjectBuilder, schema::AnyOfBuilder};

use super::{
    headers::SET_COOKIE,
    operation::{BEARER, COOKIE, Operation, requirement},
    schemas::{
        boolean, email, input, named, new_password, nullable, optional, password, required, string,
        target, text,
    },
};
use crate::{error::Error, origin::CALLBACK, session_cookies::SET_AUTH_TOKEN};

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
            "Where addresses have to be verified first, `token` is null, there is no session, and a \
             taken address is answered like any other.",
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
        .gives("A new user", named("SignedUp"))
        .with(200, &[SET_COOKIE, SET_AUTH_TOKEN])
        .refuses([
            Error::PasswordTooShort,
            Error::PasswordTooLong,
            Error::SignUpDisabled,
            Error::UserAlreadyExists,
            Error::LostRaceForEmail,
        ])
}

fn sign_in() -> Operation {
    Operation::post("/api/auth/sign-in/email", "signInEmail", "Sign in")
        .about(
            "An unknown address and a wrong password are answered alike. With a `callbackURL` the \
             status is still 200, and the client does what `redirect` and `url` say.",
        )
        .signs_in(
            "SignIn",
            [
                required("email", email()),
                required("password", password()),
                optional("callbackURL", target()),
            ],
        )
        .gives("A new session", named("SignedIn"))
        .with(200, &[SET_COOKIE, SET_AUTH_TOKEN, "Location"])
        .refuses([
            Error::InvalidEmail,
            Error::PasswordTooLong,
            Error::InvalidEmailOrPassword,
            Error::Unauthorized, // deleted a moment ago
            Error::EmailNotVerified,
        ])
}

fn sign_in_social() -> Operation {
    Operation::post("/api/auth/sign-in/social", "signInSocial", "Sign in with another provider")
        .about("There are none, so this is always refused.")
        .takes("SignInSocial", [required("provider", string())])
        .refuses([Error::ProviderNotFound])
}

fn sign_out() -> Operation {
    Operation::post("/api/auth/sign-out", "signOut", "Sign out")
        .about("Ends the current session, if there is one, and clears the cookies.")
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
        .gives("Nobody is signed in", named("Success"))
}

fn update_user() -> Operation {
    let members = [optional("name", text()), optional("image", nullable(text()))];
    // One of them has to be there, or there is nothing to do.
    let needs = |member: &str| ObjectBuilder::new().required(member);
    let schema = AllOfBuilder::new()
        .item(input(members.clone()))
        .item(AnyOfBuilder::new().item(needs("name")).item(needs("image")));
    Operation::post("/api/auth/update-user", "updateUser", "Change name or image")
        .about("`image: null` removes the image. The address is changed elsewhere, so an `email` is refused.")
        .in_session()
        .takes(UPDATE_USER, members)
        .schema(UPDATE_USER, schema.build())
        .gives("It is changed", named("Done"))
        .refuses([Error::NoFieldsToUpdate, Error::EmailCannotBeUpdated])
}

fn list_accounts() -> Operation {
    Operation::get("/api/auth/list-accounts", "listUserAccounts", "List the ways to sign in")
        .in_session()
        .gives("One for each", Array::new(named("Account")))
}

fn delete_user() -> Operation {
    Operation::post("/api/auth/delete-user", "deleteUser", "Delete oneself")
        .about(
            "With the password, with the token of a mailed link, or with neither in a session that was \
             started a short while ago. Where a link has to be opened first, it is mailed. Where \
             deleting is switched off, this is a 404 without a body.",
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
        .gives("The user is gone, or a link is mailed", named("SuccessWithMessage"))
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
    Operation::get("/api/auth/delete-user/callback", "deleteUserCallback", "Delete oneself by link")
        .about("What the mailed link leads to. It needs a session of the same user; without one this is a 404.")
        .secured(vec![requirement(COOKIE), requirement(BEARER)])
        .query(required("token", text()))
        .query(optional("callbackURL", target()))
        .gives("The user is gone", named("SuccessWithMessage"))
        .leads_on("The user is gone; on to the callbackURL")
        .refuses([
            Error::Validation(missing.to_owned()),
            Error::InvalidRedirect(&CALLBACK),
            Error::NobodyToDelete,
            Error::InvalidDeleteToken,
            Error::DeleteUserDisabled,
        ])
}
