//! Passwords: change and verification by signed-in users, reset through mailed links.

use actix_web::{
    HttpRequest, HttpResponse,
    web::{Data, Path},
};
use database::{OnConflict as _, sql_types::DbTime};
use serde::{Deserialize, Serialize};
use serde_json::json;
use shared_models::User;
use uuid::Uuid;

use crate::{
    domain::{
        audit::Action,
        login_throttle::{ConfirmError, sign_in_network},
        mail::{self, Asker, Kind},
        passwords,
        token_hash::token_hash,
        user_lifecycle::record_with_sessions,
    },
    http::{
        error::{Error, Result},
        input::{Email, Input, NewPassword, Password, Schema, Sent, Target, Text},
        redirect,
        session::{self, Live},
        session_cookies::{CookieChange, WithCookies},
        state::AppState,
    },
    store::{self, Ending, PasswordHash, Purpose, SecurityEvent, Session, VerificationToken},
};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ChangePassword {
    new_password: NewPassword,
    current_password: Password,
    revoke_other_sessions: Option<bool>,
}

impl Schema for ChangePassword {}

#[derive(Serialize)]
struct PasswordChanged {
    /// Token of the new session, if the user chose to end all sessions.
    token: Option<String>,
    user: User,
}

pub(crate) async fn change_password(
    state: &AppState,
    req: &HttpRequest,
    live: Box<Live>,
    Input(input): Input<ChangePassword>,
) -> Result<WithCookies<HttpResponse>> {
    state.passwords.check_new(&input.new_password.0)?;
    passwords::check_max_length(&input.current_password.0)?;
    let user_id = live.user.id.as_str();
    let confirmed =
        state.login_throttle.confirm(&state.passwords, user_id, &input.current_password.0);
    let old_hash = confirmed.await?;
    let hash = state.passwords.hash(input.new_password.0).await?;
    let now = DbTime(state.now().into());
    let conn = &mut state.write().await?;
    let hashes = (old_hash.as_str(), hash.as_str());
    let is_remembered = !state.cookies.has_marker(req.headers());
    let fresh = session::prepare(state, req, is_remembered)?;
    let fresh = (input.revoke_other_sessions == Some(true)).then_some(fresh);
    let moment = state.moment();
    let actor = state.actor(req);
    let user = Asker { session_id: None, ..(&*live).into() };
    let notice = mail::notify(Kind::PasswordChanged, user, state.now());
    conn.transaction(async |conn| {
        let active = store::User::hold_active(conn, user_id).await?;
        let active = active.ok_or(Error::Unauthorized)?; // disabled or deleted concurrently
        if PasswordHash::change(conn, user_id, hashes, now).await? == 0 {
            return Err(Error::InvalidPassword); // changed concurrently
        }
        let mut ended = Vec::new();
        if let Some(fresh) = &fresh {
            ended = Session::end(conn, Ending::All(user_id)).await?;
            fresh.row(user_id).insert(conn, &active).await?;
        }
        mail::void_links(conn, user_id).await?;
        notice.insert(conn).await?;
        record_with_sessions(conn, (Action::ChangePassword, user_id), &ended, &actor).await?;
        SecurityEvent::record_ended(conn, &ended, &moment).await?;
        Ok(())
    })
    .await?;
    state.mailer.wake();
    let cookies = fresh.as_ref().map_or(CookieChange::None, CookieChange::from);
    let token = fresh.map(|fresh| fresh.token);
    let response = HttpResponse::Ok().json(PasswordChanged { token, user: live.user });
    Ok(WithCookies::new(response, cookies))
}

#[derive(Deserialize)]
pub(crate) struct VerifyPassword {
    password: Password,
}

impl Schema for VerifyPassword {}

pub(crate) async fn verify_password(
    state: &AppState,
    _: &HttpRequest,
    live: Box<Live>,
    Input(input): Input<VerifyPassword>,
) -> Result<HttpResponse> {
    passwords::check_max_length(&input.password.0)?;
    let user_id = live.user.id.as_str();
    match state.login_throttle.confirm(&state.passwords, user_id, &input.password.0).await {
        Err(ConfirmError::NoPassword) => return Err(Error::InvalidPassword),
        confirmed => drop(confirmed?),
    }
    Ok(HttpResponse::Ok().json(json!({ "status": true })))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RequestPasswordReset {
    email: Email,
    #[serde(default)]
    redirect_to: Target,
}

impl Schema for RequestPasswordReset {}

/// Queues a reset link. The response is the same for every address, because the user is looked up
/// only when the e-mail is sent.
pub(crate) async fn request_password_reset(
    state: Data<AppState>,
    Input(input): Input<RequestPasswordReset>,
) -> Result<HttpResponse> {
    if !state.features.password_reset {
        return Err(Error::PasswordResetDisabled);
    }
    let redirect_to = input.redirect_to.as_deref();
    let mail = mail::ask_for(Kind::ResetPassword, &input.email.0, redirect_to, state.now());
    state.mailer.post(&[mail]).await?;
    let message = "If this email exists in our system, check your email for the reset link";
    Ok(HttpResponse::Ok().json(json!({ "status": true, "message": message })))
}

#[derive(Deserialize)]
pub(crate) struct OpenResetLink {
    #[serde(rename = "callbackURL")]
    callback_url: Text,
}

impl Schema for OpenResetLink {
    const NO_OBJECT: &[&str] = &[];

    fn read(sent: &mut Sent<'_>) -> Option<Self> {
        sent.query()
    }
}

/// Redirects to the page on which the user enters a new password, with the token or an error in the
/// query. The token remains valid.
pub(crate) async fn open_reset_link(
    state: Data<AppState>,
    token: Path<String>,
    Input(input): Input<OpenResetLink>,
) -> Result<HttpResponse> {
    let now = DbTime(state.clock.now());
    let is_good = !input.callback_url.0.is_empty() && {
        let conn = &mut state.read().await?;
        let hash = token_hash(&token);
        VerificationToken::find_user(conn, Purpose::ResetPassword, &hash, now).await?.is_some()
    };
    let target = match input.callback_url.0.as_str() {
        "" => "/api/auth/error",
        target => target,
    };
    let (name, value) =
        if is_good { ("token", token.as_str()) } else { ("error", "INVALID_TOKEN") };
    let location = redirect::absolute(&state.site, target, name, value)?;
    Ok(redirect::found(&location))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ResetPassword {
    new_password: NewPassword,
    token: Option<String>,
}

#[derive(Deserialize)]
struct ResetPasswordQuery {
    token: Option<Text>,
}

impl Schema for ResetPassword {
    /// Reads the token from the body or, if it is not there, from the query.
    fn read(sent: &mut Sent<'_>) -> Option<Self> {
        let (body, query) = (sent.body::<Self>(), sent.query::<ResetPasswordQuery>());
        let (body, query) = (body?, query?);
        let token = [body.token, query.token.map(|token| token.0)].into_iter().flatten();
        Some(Self { token: token.into_iter().find(|token| !token.is_empty()), ..body })
    }
}

pub(crate) async fn reset_password(
    state: Data<AppState>,
    req: HttpRequest,
    Input(input): Input<ResetPassword>,
) -> Result<HttpResponse> {
    let token = input.token.ok_or(Error::InvalidResetToken)?;
    state.passwords.check_new(&input.new_password.0)?;
    let (token, now) = (token_hash(&token), DbTime(state.clock.now()));
    let (client, actor) = (state.client_network(&req), state.actor(&req));
    let user = find_user(&state, &token, now).await?;
    let user_id = user.id.as_str();
    let hash = state.passwords.hash(input.new_password.0).await?;
    let new_account_id = Uuid::now_v7().to_string();
    let asker = Asker { user_id, email: &user.email, session_id: None };
    let notice = mail::notify(Kind::PasswordChanged, asker, state.now());
    let conn = &mut state.write().await?;
    conn.transaction(async |conn| {
        // The user is locked first, then the account and the token, as in all transactions: the
        // second of two concurrent requests waits here and then finds no token.
        if store::User::hold(conn, (user_id, &user.email)).await? == 0 {
            return Err(Error::InvalidResetToken); // address changed or user deleted concurrently
        }
        PasswordHash::put(conn, (user_id, &new_account_id), &hash, now)
            .await
            .on_conflict(Error::InvalidResetToken)?;
        if VerificationToken::delete(conn, &token).await? == 0 {
            return Err(Error::InvalidResetToken); // used by a concurrent request
        }
        let mut ended = Vec::new();
        if state.features.revoke_sessions_on_password_reset {
            ended = Session::end(conn, Ending::All(user_id)).await?;
        }
        mail::void_links(conn, user_id).await?;
        notice.insert(conn).await?;
        // Exempts the user's network from the account's sign-in limit, which other clients may have
        // exhausted.
        sign_in_network(user_id, client, now).upsert(conn).await?;
        record_with_sessions(conn, (Action::ResetPassword, user_id), &ended, &actor).await?;
        SecurityEvent::record_ended(conn, &ended, &state.security_events.moment(now)).await?;
        Ok::<_, Error>(())
    })
    .await?;
    state.mailer.wake();
    state.login_throttle.forgive(&user.email, client).await?;
    Ok(HttpResponse::Ok().json(json!({ "status": true })))
}

/// Returns the user whose password may be reset with the token.
async fn find_user(state: &AppState, token_hash: &[u8], now: DbTime) -> Result<store::User> {
    let conn = &mut state.read().await?;
    let id = VerificationToken::find_user(conn, Purpose::ResetPassword, token_hash, now).await?;
    let user = store::User::find(conn, &id.ok_or(Error::InvalidResetToken)?).await?;
    user.ok_or(Error::InvalidResetToken)
}
