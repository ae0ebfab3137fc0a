//! `POST /sign-up/email`: creates a user with a password, and a session unless the address must be
//! verified first.

use actix_web::{
    HttpRequest,
    web::{Data, Json},
};
use database::sql_types::DbTime;
use serde::{Deserialize, Deserializer, Serialize, de::Error as _};
use shared_models::{User, UserId};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    domain::{
        audit::{About, Action, Actor},
        mail::{self, Kind},
        sessions::NewSession,
    },
    http::{
        error::{Error, Rejection, Result, examples::refusals},
        input::{Email, Input, NewPassword, Schema, Target, Text},
        session,
        session_cookies::{CookieChange, WithCookies},
        state::AppState,
    },
    store::{self, EmailChange, NewAccount},
};

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SignUp {
    name: Text,
    email: Email,
    #[serde(deserialize_with = "non_empty")]
    password: NewPassword,
    image: Option<Text>,
    #[serde(default, rename = "callbackURL")]
    callback_url: Target,
    /// If `false`, the session cookie is only kept until the browser is closed
    remember_me: Option<bool>,
}

impl Schema for SignUp {
    const SIGNS_IN: bool = true;
    const NO_OBJECT: &[&str] = &["object", "record"];
}

fn non_empty<'de, D: Deserializer<'de>>(field: D) -> Result<NewPassword, D::Error> {
    let password = NewPassword::deserialize(field)?;
    if password.0.is_empty() {
        return Err(D::Error::custom("Too small: expected string to have >=1 characters"));
    }
    Ok(password)
}

#[derive(Serialize, ToSchema)]
pub(crate) struct SignUpResponse {
    /// The unsigned session token
    #[schema(required)]
    token: Option<String>,
    user: User,
}

refusals!(
    SignUpErrors: CrossSiteNavigationLogin, PasswordTooShort, PasswordTooLong, PasswordCompromised,
    SignUpDisabled, UserAlreadyExists, LostRaceForEmail
);

/// Sign up
///
/// Creates a user with a password and a session. If e-mail verification is required, no session
/// is created, `token` is null, and the response for an address that already has an account is
/// the same as for a new one.
#[utoipa::path(
    post, path = "/api/auth/sign-up/email", operation_id = "signUpEmail", tag = "accounts",
    request_body(
        content((SignUp = "application/json"), (SignUp = "application/x-www-form-urlencoded")),
    ),
    responses(
        (
            status = 200,
            description = "The created user",
            body = SignUpResponse,
            headers(("Set-Cookie"), ("set-auth-token")),
        ),
        SignUpErrors,
    ),
)]
pub(crate) async fn sign_up(
    state: Data<AppState>,
    req: HttpRequest,
    Input(input): Input<SignUp>,
) -> Result<WithCookies<Json<SignUpResponse>>> {
    if !state.features.sign_up {
        return Err(Rejection::SignUpDisabled.into());
    }
    state.passwords.check_new(&input.password.0)?;
    let must_verify = state.features.require_email_verification;
    let is_taken = is_taken(&state, &input.email.0).await?;
    if is_taken && !must_verify {
        return Err(Rejection::UserAlreadyExists.into());
    }
    let password_hash = state.passwords.hash(input.password.0).await?;
    let now = state.now();
    let user = User {
        id: UserId::from(Uuid::now_v7()),
        name: input.name.0,
        email: input.email.0,
        email_verified: false,
        image: input.image.map(|image| image.0),
        created_at: now,
        updated_at: now,
    };
    let mails = state.features.send_verification_on_sign_up.unwrap_or(must_verify);
    let mail = (mails && state.features.email_verification)
        .then(|| mail::ask_for(Kind::VerifyEmail, &user.email, input.callback_url.as_deref(), now));
    let actor = state.actor(&req);
    let new = NewUser { user: &user, password_hash: &password_hash, mail: mail.as_ref() };
    if must_verify {
        // The response does not reveal whether the address is taken.
        let registered = if is_taken {
            Err(Rejection::UserAlreadyExists.into())
        } else {
            register(&state, &new, None, &actor).await
        };
        return match registered {
            Ok(())
            | Err(Error::Rejected(Rejection::UserAlreadyExists | Rejection::LostRaceForEmail)) => {
                Ok(Json(SignUpResponse { token: None, user }).into())
            }
            Err(error) => Err(error),
        };
    }
    let fresh = session::prepare(&state, &req, input.remember_me.unwrap_or(true))?;
    register(&state, &new, Some(&fresh), &actor).await?;

    let cookies = CookieChange::from(&fresh);
    let response = Json(SignUpResponse { token: Some(fresh.token), user });
    Ok(WithCookies::new(response, cookies))
}

/// Returns whether the address belongs to a user, or did until recently and may be restored.
async fn is_taken(state: &AppState, email: &str) -> Result<bool> {
    let conn = &mut state.read().await?;
    let since = state.undoable_since();
    Ok(store::User::is_email_taken(conn, email).await?
        || EmailChange::is_reserved(conn, email, since, None).await?)
}

struct NewUser<'a> {
    user: &'a User,
    password_hash: &'a str,
    mail: Option<&'a store::Mail>,
}

async fn register(
    state: &AppState,
    new: &NewUser<'_>,
    fresh: Option<&NewSession>,
    actor: &Actor,
) -> Result<()> {
    let user_id = new.user.id.as_str();
    let now = DbTime(new.user.created_at.into());
    let row = store::User::from(new.user.clone());
    let account_id = Uuid::now_v7().to_string();
    let account = NewAccount::credential(&account_id, user_id, new.password_hash, now);
    let session = fresh.map(|fresh| fresh.row(user_id));
    let about = match fresh {
        Some(fresh) => About::user(user_id).session(&fresh.id),
        None => About::user(user_id),
    };
    let conn = &mut state.write().await?;
    conn.transaction(async |conn| {
        row.register(conn, &account, session.as_ref(), new.mail).await?;
        actor.record(conn, Action::SignUp, about).await?;
        Ok::<_, Error>(())
    })
    .await?;
    if new.mail.is_some() {
        state.mailer.wake();
    }
    Ok(())
}
