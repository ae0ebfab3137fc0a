//! Endpoints for the current user: change the name and image, list accounts and delete the user.

use actix_web::{
    HttpRequest, HttpResponse,
    http::header::ContentType,
    web::{Data, Json},
};
use database::sql_types::DbTime;
use serde::{Deserialize, Serialize};
use shared_models::Timestamp;
use utoipa::ToSchema;

use crate::{
    domain::{
        mail::{self, Kind},
        passwords,
        token_hash::token_hash,
        user_lifecycle,
    },
    http::{
        documents::{StatusResponse, SuccessMessageResponse},
        error::{Rejection, Result, examples::refusals},
        input::{Input, NullableText, Password, Schema, Sent, Target, Text, Truthy},
        redirect,
        session::{Caller, Live, NotSignedIn, with_caller},
        session_cookies::{CookieChange, WithCookies},
        state::AppState,
    },
    store::{Account, Purpose, User, UserChanges, VerificationToken},
};

#[derive(Deserialize, ToSchema)]
pub(crate) struct UpdateUser {
    #[schema(ignore)] // refused if it is set
    email: Truthy,
    name: Option<Text>,
    image: Option<NullableText>,
}

impl Schema for UpdateUser {
    const NO_OBJECT: &[&str] = &["record"];
}

refusals!(UpdateUserErrors: Unauthorized, NoFieldsToUpdate, EmailCannotBeUpdated);

/// Update the user's name or image
///
/// `image: null` removes the image. A request with `email` is refused: use
/// `/api/auth/change-email`.
#[utoipa::path(
    post, path = "/api/auth/update-user", operation_id = "updateUser", tag = "accounts",
    security(("sessionCookie" = []), ("sessionToken" = [])), request_body = UpdateUser,
    responses(
        (status = 200, description = "Change saved", body = StatusResponse),
        UpdateUserErrors,
    ),
)]
pub(crate) async fn update_user(
    state: &AppState,
    req: &HttpRequest,
    live: Box<Live>,
    Input(input): Input<UpdateUser>,
) -> Result<WithCookies<Json<StatusResponse>>> {
    if input.email.0 {
        return Err(Rejection::EmailCannotBeUpdated.into());
    }
    if input.name.is_none() && input.image.is_none() {
        return Err(Rejection::NoFieldsToUpdate.into());
    }
    let name = input.name.map(|name| name.0);
    let image = input.image.map(|image| image.0.map(|image| image.0));
    let changes = UserChanges { name: name.as_deref(), image, ..UserChanges::default() };
    let now = DbTime(state.now().into());
    let conn = &mut state.write().await?;
    User::update(conn, live.user.id.as_str(), &changes, now).await?;
    Ok(WithCookies::new(Json(StatusResponse::OK), live.resend_cookie(state, req)))
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Account)]
pub(crate) struct AccountBody {
    /// Opaque identifier
    id: String,
    /// `credential` for a password
    provider_id: String,
    /// Opaque identifier
    account_id: String,
    /// Opaque identifier
    user_id: String,
    created_at: Timestamp,
    updated_at: Timestamp,
    /// Always empty, because the scopes granted by a provider are not stored
    #[schema(value_type = Vec<String>)]
    scopes: [&'static str; 0],
}

impl From<Account> for AccountBody {
    fn from(account: Account) -> Self {
        Self {
            id: account.id,
            provider_id: account.provider_id,
            account_id: account.account_id,
            user_id: account.user_id,
            created_at: account.created_at.0.into(),
            updated_at: account.updated_at.0.into(),
            scopes: [],
        }
    }
}

/// List the user's sign-in methods
#[utoipa::path(
    get, path = "/api/auth/list-accounts", operation_id = "listUserAccounts", tag = "accounts",
    security(("sessionCookie" = []), ("sessionToken" = [])),
    responses(
        (
            status = 200,
            description = "The user's accounts, one for each sign-in method",
            body = Vec<AccountBody>,
        ),
        NotSignedIn,
    ),
)]
pub(crate) async fn list_accounts(
    state: &AppState,
    _: &HttpRequest,
    live: Box<Live>,
    (): (),
) -> Result<WithCookies<Json<Vec<AccountBody>>>> {
    let accounts = Account::list(&mut state.read().await?, live.user.id.as_str()).await?;
    let accounts: Vec<_> = accounts.into_iter().map(AccountBody::from).collect();
    Ok(Json(accounts).into())
}

#[derive(Deserialize, ToSchema)]
pub(crate) struct DeleteUser {
    #[serde(default, rename = "callbackURL")]
    callback_url: Target,
    password: Option<Password>,
    token: Option<String>,
}

impl Schema for DeleteUser {}

refusals!(
    DeleteUserErrors: Unauthorized, PasswordTooLong, InvalidPassword, CredentialAccountNotFound,
    SessionExpired, InvalidDeleteToken
);

/// Delete the user
///
/// Requires the password, the token of a mailed link, or a session that was started recently.
/// If confirmation by e-mail is enabled, a request without a token sends a link and deletes
/// nothing. Returns 404 without a body if deleting users is disabled.
#[utoipa::path(
    post, path = "/api/auth/delete-user", operation_id = "deleteUser", tag = "accounts",
    security(("sessionCookie" = []), ("sessionToken" = [])), request_body = DeleteUser,
    responses(
        (
            status = 200,
            description = "User deleted, or confirmation link sent",
            body = SuccessMessageResponse,
        ),
        DeleteUserErrors,
    ),
)]
pub(crate) async fn delete_user(
    state: &AppState,
    req: &HttpRequest,
    live: Box<Live>,
    Input(input): Input<DeleteUser>,
) -> Result<WithCookies<HttpResponse>> {
    if !state.features.delete_user {
        // As in Better Auth, the response has no body, but has a media type.
        return Ok(HttpResponse::NotFound().insert_header(ContentType::json()).finish().into());
    }
    let password = input.password.map(|password| password.0).filter(|it| !it.is_empty());
    let token = input.token.filter(|token| !token.is_empty());
    if let Some(password) = &password {
        passwords::check_max_length(password)?;
        let user_id = live.user.id.as_str();
        state.login_throttle.confirm(&state.passwords, user_id, password).await?;
    }
    if let Some(token) = &token {
        use_up(state, &live, token).await?;
    } else if state.features.confirm_delete_user {
        let callback_url = input.callback_url.as_deref();
        let asker = (&*live).into();
        let mail = mail::ask_for_user(Kind::DeleteUser, asker, None, callback_url, state.now());
        state.mailer.post(&[mail]).await?;
        let body = SuccessMessageResponse::new("Verification email sent");
        return Ok(HttpResponse::Ok().json(body).into());
    } else if password.is_none() && !live.is_fresh(state) {
        return Err(Rejection::SessionExpired.into());
    }
    delete(state, req, &live).await?;
    Ok(WithCookies::new(deleted(), CookieChange::Clear))
}

#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct OpenDeleteLink {
    token: Text,
    #[serde(default, rename = "callbackURL")]
    callback_url: Target,
}

impl Schema for OpenDeleteLink {
    const NO_OBJECT: &[&str] = &[];

    fn read(sent: &mut Sent<'_>) -> Option<Self> {
        sent.query()
    }
}

refusals!(OpenDeleteLinkErrors: NobodyToDelete, InvalidDeleteToken, DeleteUserDisabled);

/// Delete the user by a mailed link
///
/// Target of the mailed link. Requires a session of the same user and returns 404 without one.
#[utoipa::path(
    get, path = "/api/auth/delete-user/callback", operation_id = "deleteUserCallback",
    tag = "accounts", security(("sessionCookie" = []), ("sessionToken" = [])),
    params(OpenDeleteLink),
    responses(
        (status = 200, description = "User deleted", body = SuccessMessageResponse),
        (
            status = 302,
            description = "User deleted; redirect to the `callbackURL`",
            headers(("Location")),
        ),
        OpenDeleteLinkErrors,
    ),
)]
pub(crate) async fn open_delete_link(
    state: Data<AppState>,
    req: HttpRequest,
    Input(input): Input<OpenDeleteLink>,
) -> Result<WithCookies<Result<HttpResponse>>> {
    if !state.features.delete_user {
        return Err(Rejection::DeleteUserDisabled.into());
    }
    let opened = with_caller(&state, &req, async |caller| {
        let Caller::Live(live) = caller else {
            return Err(Rejection::NobodyToDelete.into());
        };
        use_up(&state, &live, &input.token.0).await?;
        delete(&state, &req, &live).await?;
        let response = input.callback_url.as_deref().map_or_else(deleted, redirect::found);
        Ok(WithCookies::new(response, CookieChange::Clear))
    });
    Ok(opened.await)
}

/// Consumes the token of a mailed link. The token is only valid for the user to whom the link was
/// mailed.
async fn use_up(state: &AppState, live: &Live, token: &str) -> Result<()> {
    let hash = token_hash(token);
    let now = DbTime(state.clock.now());
    let conn = &mut state.write().await?;
    let user = VerificationToken::find_user(conn, Purpose::DeleteUser, &hash, now).await?;
    if user.as_deref() != Some(live.user.id.as_str())
        || VerificationToken::delete(conn, &hash).await? == 0
    {
        return Err(Rejection::InvalidDeleteToken.into());
    }
    Ok(())
}

async fn delete(state: &AppState, req: &HttpRequest, live: &Live) -> Result<()> {
    let id = live.user.id.as_str();
    let moment = state.moment();
    let conn = &mut state.write().await?;
    user_lifecycle::delete(conn, id, &state.actor(req), &moment).await?;
    Ok(())
}

fn deleted() -> HttpResponse {
    HttpResponse::Ok().json(SuccessMessageResponse::new("User deleted"))
}
