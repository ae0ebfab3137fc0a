//! Password resets through mailed links.

use actix_web::{
    HttpRequest, HttpResponse,
    web::{Data, Json, Path},
};
use database::{OnConflict as _, sql_types::DbTime};
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    domain::{
        audit::Action,
        login_throttle::sign_in_network,
        mail::{self, Asker, Kind},
        token_hash::token_hash,
        user_lifecycle::record_with_sessions,
    },
    http::{
        documents::{StatusMessageResponse, StatusResponse},
        error::{Error, Rejection, Result, examples::refusals},
        input::{Email, Input, NewPassword, Schema, Sent, Target, Text},
        redirect,
        state::AppState,
    },
    store::{self, Ending, PasswordHash, Purpose, SecurityEvent, Session, VerificationToken},
};

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RequestPasswordReset {
    email: Email,
    #[serde(default)]
    redirect_to: Target,
}

impl Schema for RequestPasswordReset {}

refusals!(RequestPasswordResetErrors: PasswordResetDisabled);

/// Request a password reset link
///
/// The response is the same for every address; only users that exist get a link.
#[utoipa::path(
    post, path = "/api/auth/request-password-reset", operation_id = "requestPasswordReset",
    tag = "passwords", request_body = RequestPasswordReset,
    responses(
        (status = 200, description = "Link sent if the user exists", body = StatusMessageResponse),
        RequestPasswordResetErrors,
    ),
)]
// Queues a reset link. The response is the same for every address, because the user is looked up
// only when the e-mail is sent.
pub(crate) async fn request_password_reset(
    state: Data<AppState>,
    Input(input): Input<RequestPasswordReset>,
) -> Result<Json<StatusMessageResponse>> {
    if !state.features.password_reset {
        return Err(Rejection::PasswordResetDisabled.into());
    }
    let redirect_to = input.redirect_to.as_deref();
    let mail = mail::ask_for(Kind::ResetPassword, &input.email.0, redirect_to, state.now());
    state.mailer.post(&[mail]).await?;
    let message = "If this email exists in our system, check your email for the reset link";
    Ok(Json(StatusMessageResponse::new(message)))
}

#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct OpenResetLink {
    #[serde(rename = "callbackURL")]
    #[param(value_type = Target)]
    callback_url: Text,
}

impl Schema for OpenResetLink {
    const NO_OBJECT: &[&str] = &[];

    fn read(sent: &mut Sent<'_>) -> Option<Self> {
        sent.query()
    }
}

/// Open a password reset link
///
/// Target of the mailed link. The token stays valid until the password is reset.
#[utoipa::path(
    get, path = "/api/auth/reset-password/{token}", operation_id = "resetPasswordCallback",
    tag = "passwords",
    params(("token" = String, Path), OpenResetLink),
    responses(
        (
            status = 302,
            description = "Redirect to the page for the new password, with `token=…` or `error=INVALID_TOKEN` in its query",
            headers(("Location")),
        ),
    ),
)]
// Redirects to the page on which the user enters a new password, with the token or an error in the
// query. The token remains valid.
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

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ResetPassword {
    new_password: NewPassword,
    token: Option<String>,
}

#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct ResetPasswordQuery {
    token: Option<Text>,
}

impl Schema for ResetPassword {
    /// Reads the token from the body or, if the body has none, from the query.
    fn read(sent: &mut Sent<'_>) -> Option<Self> {
        let (body, query) = (sent.body::<Self>(), sent.query::<ResetPasswordQuery>());
        let (body, query) = (body?, query?);
        let token = [body.token, query.token.map(|token| token.0)].into_iter().flatten();
        Some(Self { token: token.into_iter().find(|token| !token.is_empty()), ..body })
    }
}

refusals!(
    ResetPasswordErrors: PasswordTooShort, PasswordTooLong, PasswordCompromised, InvalidResetToken
);

/// Reset a password
///
/// The token is read from the body or the query and is valid once.
#[utoipa::path(
    post, path = "/api/auth/reset-password", operation_id = "resetPassword", tag = "passwords",
    params(ResetPasswordQuery),
    request_body = ResetPassword,
    responses(
        (status = 200, description = "Password reset", body = StatusResponse),
        ResetPasswordErrors,
    ),
)]
pub(crate) async fn reset_password(
    state: Data<AppState>,
    req: HttpRequest,
    Input(input): Input<ResetPassword>,
) -> Result<Json<StatusResponse>> {
    let token = input.token.ok_or(Rejection::InvalidResetToken)?;
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
        // The user is locked before the account and the token: the second of two concurrent requests
        // waits here and then finds no token.
        if store::User::hold(conn, (user_id, &user.email)).await? == 0 {
            // Address changed or user deleted concurrently.
            return Err(Rejection::InvalidResetToken.into());
        }
        PasswordHash::put(conn, (user_id, &new_account_id), &hash, now)
            .await
            .on_conflict(Error::from(Rejection::InvalidResetToken))?;
        if VerificationToken::delete(conn, &token).await? == 0 {
            return Err(Rejection::InvalidResetToken.into()); // used by a concurrent request
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
    Ok(Json(StatusResponse::OK))
}

/// Returns the user whose password the token can reset.
async fn find_user(state: &AppState, token_hash: &[u8], now: DbTime) -> Result<store::User> {
    let conn = &mut state.read().await?;
    let id = VerificationToken::find_user(conn, Purpose::ResetPassword, token_hash, now).await?;
    let user = store::User::find(conn, &id.ok_or(Rejection::InvalidResetToken)?).await?;
    Ok(user.ok_or(Rejection::InvalidResetToken)?)
}
