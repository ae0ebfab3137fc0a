//! Passwords: change and verification by signed-in users.

use actix_web::{HttpRequest, web::Json};
use database::sql_types::DbTime;
use serde::{Deserialize, Serialize};
use shared_models::User;
use utoipa::ToSchema;

use crate::{
    domain::{
        audit::Action,
        login_throttle::ConfirmError,
        mail::{self, Asker, Kind},
        passwords,
        user_lifecycle::record_with_sessions,
    },
    http::{
        documents::StatusResponse,
        error::{Error, Rejection, Result, examples::refusals},
        input::{Input, NewPassword, Password, Schema},
        session::{self, Live},
        session_cookies::{CookieChange, WithCookies},
        state::AppState,
    },
    store::{self, Ending, PasswordHash, SecurityEvent, Session},
};

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ChangePassword {
    new_password: NewPassword,
    current_password: Password,
    revoke_other_sessions: Option<bool>,
}

impl Schema for ChangePassword {}

#[derive(Serialize, ToSchema)]
pub(crate) struct ChangePasswordResponse {
    /// The unsigned session token
    #[schema(required)]
    token: Option<String>,
    user: User,
}

refusals!(
    ChangePasswordErrors: Unauthorized, PasswordTooShort, PasswordTooLong, PasswordCompromised,
    InvalidPassword, CredentialAccountNotFound
);

/// Change the password
///
/// With `revokeOtherSessions` all sessions of the user end, including the current one, and a
/// new session replaces it: `token` is the token of the new session. Otherwise `token` is null.
#[utoipa::path(
    post, path = "/api/auth/change-password", operation_id = "changePassword", tag = "passwords",
    security(("sessionCookie" = []), ("sessionToken" = [])), request_body = ChangePassword,
    responses(
        (status = 200, description = "Change saved", body = ChangePasswordResponse),
        ChangePasswordErrors,
    ),
)]
pub(crate) async fn change_password(
    state: &AppState,
    req: &HttpRequest,
    live: Box<Live>,
    Input(input): Input<ChangePassword>,
) -> Result<WithCookies<Json<ChangePasswordResponse>>> {
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
        let active = active.ok_or(Rejection::Unauthorized)?; // disabled or deleted concurrently
        if PasswordHash::change(conn, user_id, hashes, now).await? == 0 {
            return Err(Rejection::InvalidPassword.into()); // changed concurrently
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
        Ok::<_, Error>(())
    })
    .await?;
    state.mailer.wake();
    let cookies = fresh.as_ref().map_or(CookieChange::None, CookieChange::from);
    let token = fresh.map(|fresh| fresh.token);
    let response = ChangePasswordResponse { token, user: live.user };
    Ok(WithCookies::new(Json(response), cookies))
}

#[derive(Deserialize, ToSchema)]
pub(crate) struct VerifyPassword {
    password: Password,
}

impl Schema for VerifyPassword {}

refusals!(VerifyPasswordErrors: Unauthorized, PasswordTooLong, InvalidPassword);

/// Verify the password
#[utoipa::path(
    post, path = "/api/auth/verify-password", operation_id = "verifyPassword", tag = "passwords",
    security(("sessionCookie" = []), ("sessionToken" = [])), request_body = VerifyPassword,
    responses(
        (status = 200, description = "The password is correct", body = StatusResponse),
        VerifyPasswordErrors,
    ),
)]
pub(crate) async fn verify_password(
    state: &AppState,
    _: &HttpRequest,
    live: Box<Live>,
    Input(input): Input<VerifyPassword>,
) -> Result<WithCookies<Json<StatusResponse>>> {
    passwords::check_max_length(&input.password.0)?;
    let user_id = live.user.id.as_str();
    match state.login_throttle.confirm(&state.passwords, user_id, &input.password.0).await {
        Err(ConfirmError::NoPassword) => return Err(Rejection::InvalidPassword.into()),
        confirmed => drop(confirmed?),
    }
    Ok(Json(StatusResponse::OK).into())
}
