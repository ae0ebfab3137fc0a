//! `POST /sign-in/email`: starts a session with an e-mail address and a password.

use actix_web::{HttpRequest, HttpResponse, web::Data};
use serde::Serialize;
use shared_models::User;

use crate::{
    error::{Error, Result},
    guessing::Guess,
    input::{Fields, Input, Schema, is_email},
    mail::{self, Kind},
    models::{self, Ban, PasswordHash},
    password, redirect, session, session_cookies,
    state::AppState,
    user_lifecycle::check_ban,
};

pub(crate) struct SignIn {
    email: String,
    password: String,
    callback_url: Option<String>,
    remember_me: bool,
}

impl Schema for SignIn {
    const SIGNS_IN: bool = true;

    fn read(fields: &mut Fields<'_>) -> Self {
        Self {
            email: fields.string("email"),
            password: fields.string("password"),
            callback_url: fields.redirect_or_empty("callbackURL"),
            remember_me: fields.optional_boolean("rememberMe").unwrap_or(true),
        }
    }
}

#[derive(Serialize)]
struct SignedIn {
    redirect: bool,
    token: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<String>,
    user: User,
}

pub(crate) async fn sign_in(
    state: Data<AppState>,
    req: HttpRequest,
    Input(input): Input<SignIn>,
) -> Result<HttpResponse> {
    if !is_email(&input.email) {
        return Err(Error::InvalidEmail);
    }
    password::check_max_length(&input.password)?;

    let email = input.email.to_ascii_lowercase();
    let guess = Guess::at_sign_in(&state, &email, state.client_network(&req)).await?;
    let mut known = find_user(&state, &email, &input.password).await?;
    guess.was_right().await?;
    if state.features.require_email_verification && !known.user.email_verified {
        if state.features.send_verification_on_sign_in {
            let callback_url = input.callback_url.as_deref();
            let mail = mail::ask_for(Kind::VerifyEmail, &email, callback_url, state.now());
            mail::post(&state, &[mail]).await?;
        }
        return Err(Error::EmailNotVerified);
    }
    let fresh = session::Fresh::new(&state, &req, input.remember_me)?;
    check_ban(&state, known.user.id.as_str(), &known.ban).await?;
    if !known.admit(&state, &input.password, &fresh).await? {
        // Another sign-in may have replaced the hash, the password has changed, or the user was
        // disabled.
        known = find_user(&state, &email, &input.password).await?;
        check_ban(&state, known.user.id.as_str(), &known.ban).await?;
        if !known.admit(&state, &input.password, &fresh).await? {
            return Err(Error::InvalidEmailOrPassword);
        }
    }
    session_cookies::hand_out(&req, &fresh);
    let mut response = HttpResponse::Ok();
    let target = input.callback_url.as_deref().filter(|target| !target.is_empty());
    if let Some(target) = target {
        response.insert_header(redirect::location(target));
    }
    Ok(response.json(SignedIn {
        redirect: target.is_some(),
        token: fresh.token,
        url: input.callback_url,
        user: known.user,
    }))
}

/// A user whose password was correct.
struct Known {
    user: User,
    ban: Ban,
    hash: String,
}

async fn find_user(state: &AppState, email: &str, password: &str) -> Result<Known> {
    let found = PasswordHash::find_by_email(&mut state.read().await?.conn(), email).await?;
    let (user, hash) = found.map_or((None, None), |(user, ban, hash)| (Some((user, ban)), hash.0));
    // No connection is held while hashing, and an unknown address takes the same path.
    let fits = state.passwords.verify(password, hash.as_deref()).await?;
    match (user, hash) {
        (Some((user, ban)), Some(hash)) if fits => Ok(Known { user: user.try_into()?, ban, hash }),
        _ => Err(Error::InvalidEmailOrPassword),
    }
}

impl Known {
    /// Starts the session, unless the password was changed or the user was disabled since the check:
    /// a session must not begin after the change that ends all sessions. Rehashes the password if
    /// its hash came from another service or has a lower cost.
    async fn admit(
        &self,
        state: &AppState,
        password: &str,
        fresh: &session::Fresh,
    ) -> Result<bool> {
        let hash = if state.passwords.is_outdated(&self.hash) {
            &state.passwords.hash(password.to_owned()).await?
        } else {
            &self.hash
        };
        let user_id = self.user.id.as_str();
        let mut pooled = state.write().await?;
        let conn = &mut pooled.conn();
        conn.transaction(async |conn| {
            let Some(active) = models::User::hold_active(conn, user_id).await? else {
                return Ok(false);
            };
            if PasswordHash::upgrade(conn, user_id, &self.hash, hash).await? == 0 {
                return Ok(false);
            }
            fresh.row(user_id).insert(conn, &active).await?;
            Ok(true)
        })
        .await
    }
}

pub(crate) struct SocialSignIn;

impl Schema for SocialSignIn {
    fn read(fields: &mut Fields<'_>) -> Self {
        fields.plain_string("provider");
        Self
    }
}

/// Rejects every provider, because none are configured.
pub(crate) async fn refuse_social(_: Input<SocialSignIn>) -> Result<HttpResponse> {
    Err(Error::ProviderNotFound)
}
