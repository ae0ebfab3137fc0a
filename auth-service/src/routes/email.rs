//! Addresses: verified and changed through mailed links.

use std::time::Duration;

use actix_web::{HttpRequest, HttpResponse, web::Data};
use serde_json::{Value, json};
use service_kit::{db::OnConflict as _, sql_types::DbTime};
use shared_models::User;
use tokio::time;

use crate::{
    email_token::{EmailClaims, Request},
    error::{Error, Result},
    input::{Fields, Input, Schema},
    mail::{self, Kind},
    models::{self, UserChanges},
    redirect,
    session::{self, Authenticated, Caller, Fresh, Live},
    session_cookies,
    state::AppState,
};

/// How long an anonymous request for a verification link takes at least. The contract's way to hide
/// whether a mail goes out; clients may have come to expect it.
const SEND_VERIFICATION_TAKES: Duration = Duration::from_millis(500);

pub(crate) struct ChangeEmail {
    new_email: String,
    callback_url: Option<String>,
}

impl Schema for ChangeEmail {
    fn read(fields: &mut Fields<'_>) -> Self {
        Self { new_email: fields.email("newEmail"), callback_url: fields.redirect("callbackURL") }
    }
}

pub(crate) async fn change_email(
    state: Data<AppState>,
    req: HttpRequest,
    Authenticated(live, input): Authenticated<ChangeEmail>,
) -> Result<HttpResponse> {
    let features = &state.features;
    if !features.change_email {
        return Err(Error::ChangeEmailDisabled);
    }
    if input.new_email == live.user.email {
        return Err(Error::EmailIsTheSame);
    }
    let changes_at_once = features.change_email_without_verification && !live.user.email_verified;
    if !changes_at_once && !features.email_verification {
        return Err(Error::EmailVerificationNeeded);
    }
    let callback_url = input.callback_url.as_deref();
    if changes_at_once {
        change_at_once(&state, &req, &live, &input).await?;
    } else {
        let confirms = features.confirm_change_email && live.user.email_verified;
        let kind = if confirms { Kind::ConfirmChangeEmail } else { Kind::ChangeEmail };
        // Whether the new address is taken is found out when the mail is sent.
        let who = (live.user.id.as_str(), live.user.email.as_str());
        let new_email = Some(input.new_email.as_str());
        let mail = mail::ask_for_user(kind, who, new_email, callback_url, state.now());
        mail::post(&state, &mail).await?;
    }
    Ok(HttpResponse::Ok().json(json!({ "status": true })))
}

/// Says nothing when the new address is taken: it is nobody's business who else is here.
async fn change_at_once(
    state: &AppState,
    req: &HttpRequest,
    live: &Live,
    input: &ChangeEmail,
) -> Result<()> {
    let old = (live.user.id.as_str(), live.user.email.as_str());
    let now = DbTime(state.now().into());
    let mut pooled = state.write().await?;
    let changed =
        models::User::change_unverified_email(&mut pooled.conn(), old, &input.new_email, now).await;
    drop(pooled);
    match changed.on_conflict(Error::UserAlreadyExists) {
        Err(Error::UserAlreadyExists) => return Ok(()),
        Ok(0) => return Err(Error::EmailAlreadyVerified), // since the session was read
        changed => drop(changed?),
    }
    live.resend_cookie(state, req);
    if state.features.email_verification {
        let callback_url = input.callback_url.as_deref();
        let mail = mail::ask_for(Kind::VerifyEmail, &input.new_email, callback_url, state.now());
        mail::post(state, &mail).await?;
    }
    Ok(())
}

pub(crate) struct SendVerificationEmail {
    email: String,
    callback_url: Option<String>,
}

impl Schema for SendVerificationEmail {
    fn read(fields: &mut Fields<'_>) -> Self {
        Self { email: fields.email("email"), callback_url: fields.redirect("callbackURL") }
    }
}

/// Without a session the same for every address: whether there is an unverified user is found out
/// when the mail is sent.
pub(crate) async fn send_verification_email(
    state: Data<AppState>,
    req: HttpRequest,
    Input(input): Input<SendVerificationEmail>,
) -> Result<HttpResponse> {
    if !state.features.email_verification {
        return Err(Error::EmailVerificationDisabled);
    }
    let caller = session::caller(&state, &req).await?;
    if let Caller::Live(live) = &caller {
        if live.user.email != input.email {
            return Err(Error::EmailMismatch);
        }
        if live.user.email_verified {
            return Err(Error::EmailAlreadyVerified);
        }
    }
    let pause = time::sleep(SEND_VERIFICATION_TAKES);
    let callback_url = input.callback_url.as_deref();
    let mail = mail::ask_for(Kind::VerifyEmail, &input.email, callback_url, state.now());
    mail::post(&state, &mail).await?;
    if !matches!(caller, Caller::Live(_)) {
        pause.await;
    }
    Ok(HttpResponse::Ok().json(json!({ "status": true })))
}

pub(crate) struct VerifyEmail {
    token: String,
    callback_url: Option<String>,
}

impl Schema for VerifyEmail {
    const NO_OBJECT: &[&str] = &[];

    fn read(fields: &mut Fields<'_>) -> Self {
        Self {
            token: fields.query("token"),
            callback_url: fields.optional_query("callbackURL").filter(|url| !url.is_empty()),
        }
    }
}

pub(crate) async fn verify_email(
    state: Data<AppState>,
    req: HttpRequest,
    Input(input): Input<VerifyEmail>,
) -> Result<HttpResponse> {
    match (open(&state, &req, &input).await, &input.callback_url) {
        (Err(error), Some(target)) if error.is_about_a_link() => {
            let code = error.code().unwrap_or_default();
            Ok(redirect::found(&redirect::with_parameter(target, "error", code)))
        }
        (Ok(_), Some(target)) => Ok(redirect::found(target)),
        (body, _) => Ok(HttpResponse::Ok().json(body?)),
    }
}

/// Does what the link is for. The body is for those who are not led on.
async fn open(state: &AppState, req: &HttpRequest, input: &VerifyEmail) -> Result<Value> {
    let claims = state.email_tokens.read(&input.token, state.now())?;
    match &claims.update_to {
        None => verify(state, req, &claims).await,
        Some(new_email) => {
            change(state, req, &claims, new_email, input.callback_url.as_deref()).await
        }
    }
}

/// A plain verification, the first or one more.
async fn verify(state: &AppState, req: &HttpRequest, claims: &EmailClaims) -> Result<Value> {
    let user = models::User::find_by_email(&mut state.read().await?.conn(), &claims.email).await?;
    let user = user.ok_or(Error::EmailTokenUserGone)?;
    if user.id != claims.user_id {
        return Err(Error::InvalidEmailToken);
    }
    let body = json!({ "status": true, "user": null });
    if user.email_verified {
        return Ok(body);
    }
    let changes = UserChanges { email_verified: Some(true), ..UserChanges::default() };
    let now = DbTime(state.now().into());
    let mut pooled = state.write().await?;
    let of = (user.id.as_str(), claims.email.as_str());
    let updated = models::User::update_of_email(&mut pooled.conn(), of, &changes, now).await?;
    drop(pooled);
    if updated.is_none() {
        return Err(Error::EmailTokenUserGone); // or has another address since
    }
    if state.features.auto_sign_in_after_verification {
        match session::caller(state, req).await? {
            Caller::Live(live) if live.user.email == claims.email => live.resend_cookie(state, req),
            _ => {
                let is_remembered = !state.cookies.has_marker(req.headers());
                let fresh = Fresh::new(state, req, is_remembered)?;
                fresh.row(&user.id).insert(&mut state.write().await?.conn()).await?;
                session_cookies::hand_out(req, &fresh);
            }
        }
    }
    Ok(body)
}

/// A step of a change of address.
async fn change(
    state: &AppState,
    req: &HttpRequest,
    claims: &EmailClaims,
    new_email: &str,
    callback_url: Option<&str>,
) -> Result<Value> {
    let user = models::User::find(&mut state.read().await?.conn(), &claims.user_id).await?;
    let user = user.ok_or(Error::EmailTokenUserGone)?;
    if user.email != claims.email {
        return Err(Error::InvalidEmailToken); // done already, or another one was
    }
    let caller = session::caller(state, req).await?;
    if let Caller::Live(live) = &caller
        && live.user.id.as_str() != user.id
    {
        return Err(Error::EmailTokenOfAnotherUser);
    }
    if claims.request_type == Request::ChangeEmailConfirmation {
        let (kind, who) = (Kind::ChangeEmail, (user.id.as_str(), user.email.as_str()));
        let mail = mail::ask_for_user(kind, who, Some(new_email), callback_url, state.now());
        mail::post(state, &mail).await?;
        return Ok(json!({ "status": true }));
    }
    let changes = UserChanges { email: Some(new_email), ..UserChanges::default() };
    let now = DbTime(state.now().into());
    let mut pooled = state.write().await?;
    let of = (user.id.as_str(), claims.email.as_str());
    let changed = models::User::update_of_email(&mut pooled.conn(), of, &changes, now).await;
    drop(pooled);
    // Somebody else may have taken the address since, or the same link was opened twice at once.
    let changed = changed.on_conflict(Error::InvalidEmailToken)?;
    let changed: User = changed.ok_or(Error::InvalidEmailToken)?.try_into()?;
    if let Caller::Live(live) = caller {
        live.resend_cookie(state, req);
    }
    Ok(json!({ "status": true, "user": changed }))
}
