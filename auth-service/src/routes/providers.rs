//! Better Auth's endpoints for accounts of other providers and for custom session fields. Neither
//! providers nor such fields are supported, so each endpoint responds as Better Auth does if none
//! are configured. Imported accounts can be unlinked.

use actix_web::{
    HttpRequest, HttpResponse,
    http::header::ContentType,
    web::{Data, Json},
};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::{
    http::{
        documents::StatusResponse,
        error::{Error, Rejection, Result, examples::refusals},
        input::{Ignored, Input, Schema, Sent, Text},
        session::{Caller, Live, NotSignedIn, with_caller},
        session_cookies::WithCookies,
        state::AppState,
    },
    routes::sign_in::{ProviderErrors, provider},
    store::Account,
};

#[derive(Deserialize)]
pub(crate) struct UpdateSession;

impl Schema for UpdateSession {
    const NO_OBJECT: &[&str] = &["record"];
}

refusals!(
    UpdateSessionErrors: Unauthorized,
    Validation("[body] Invalid input: expected record, received undefined"),
    NoFieldsToUpdate
);

/// Update fields of the session
///
/// Sessions have no custom fields, so every request is refused.
#[utoipa::path(
    post, path = "/api/auth/update-session", operation_id = "updateSession", tag = "providers",
    security(("sessionCookie" = []), ("sessionToken" = [])), request_body = Ignored,
    responses(UpdateSessionErrors),
)]
pub(crate) async fn update_session(
    _: &AppState,
    _: &HttpRequest,
    _: Box<Live>,
    _: Input<UpdateSession>,
) -> Result<WithCookies<HttpResponse>> {
    Err(Rejection::NoFieldsToUpdate.into())
}

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct UnlinkAccount {
    account_id: Text,
}

impl Schema for UnlinkAccount {}

refusals!(UnlinkAccountErrors: Unauthorized, SessionNotFresh, LastAccount, AccountNotFound);

/// Remove a sign-in method
///
/// Takes the `id` of an account that `/api/auth/list-accounts` returned, such as an imported
/// account. Requires a session that was started recently. The last account cannot be removed.
#[utoipa::path(
    post, path = "/api/auth/unlink-account", operation_id = "unlinkAccount", tag = "providers",
    security(("sessionCookie" = []), ("sessionToken" = [])), request_body = UnlinkAccount,
    responses(
        (status = 200, description = "Account unlinked", body = StatusResponse),
        UnlinkAccountErrors,
    ),
)]
pub(crate) async fn unlink_account(
    state: &AppState,
    _: &HttpRequest,
    live: Box<Live>,
    Input(input): Input<UnlinkAccount>,
) -> Result<WithCookies<Json<StatusResponse>>> {
    if !live.is_fresh(state) {
        return Err(Rejection::SessionNotFresh.into());
    }
    let user_id = live.user.id.as_str();
    let conn = &mut state.write().await?;
    conn.transaction(async |conn| {
        if Account::list(conn, user_id).await?.len() == 1 {
            return Err(Rejection::LastAccount.into());
        }
        if Account::delete_own(conn, user_id, &input.account_id.0).await? == 0 {
            return Err(Rejection::AccountNotFound.into());
        }
        Ok::<_, Error>(())
    })
    .await?;
    Ok(Json(StatusResponse::OK).into())
}

#[derive(Deserialize, ToSchema)]
pub(crate) struct LinkSocial {
    #[serde(rename = "provider", deserialize_with = "provider")]
    _provider: String,
}

impl Schema for LinkSocial {}

/// Link a social provider
///
/// No social provider is supported, so every request fails with `PROVIDER_NOT_FOUND`.
#[utoipa::path(
    post, path = "/api/auth/link-social", operation_id = "linkSocialAccount", tag = "providers",
    security(("sessionCookie" = []), ("sessionToken" = [])), request_body = LinkSocial,
    responses(NotSignedIn, ProviderErrors),
)]
pub(crate) async fn link_social(
    _: &AppState,
    _: &HttpRequest,
    _: Box<Live>,
    _: Input<LinkSocial>,
) -> Result<WithCookies<HttpResponse>> {
    Err(Rejection::ProviderNotFound.into())
}

/// Selection of one of the caller's accounts by its id, or by a cookie that this service never
/// sets.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AccountSelection {
    account_id: Option<String>,
    use_account_cookie: Option<bool>,
    #[serde(rename = "userId")]
    _user_id: Option<String>,
}

impl Schema for AccountSelection {
    const NO_OBJECT: &[&str] = &[""];

    fn read(sent: &mut Sent<'_>) -> Option<Self> {
        sent.strict(&["accountId", "useAccountCookie", "userId"], |selection: &Self| {
            matches!(
                (&selection.account_id, selection.use_account_cookie),
                (Some(_), None) | (None, Some(true))
            )
        })
    }
}

/// Finds the selected account and returns the error for it, or the response to a caller who is not
/// signed in.
async fn refuse_account(
    state: &AppState,
    req: &HttpRequest,
    selection: &AccountSelection,
    error: impl FnOnce(&Account) -> Error,
) -> WithCookies<Result<HttpResponse>> {
    with_caller(state, req, async |caller| {
        let Caller::Live(live) = caller else {
            // Unlike for other endpoints, Better Auth returns an empty body here.
            return Ok(HttpResponse::Unauthorized().insert_header(ContentType::json()).finish());
        };
        let Some(id) = &selection.account_id else { return Err(Rejection::AccountNotFound.into()) };
        Err(error(&own_account(state, &live, id).await?))
    })
    .await
}

async fn own_account(state: &AppState, live: &Live, id: &str) -> Result<Account> {
    let accounts = Account::list(&mut state.read().await?, live.user.id.as_str()).await?;
    Ok(accounts.into_iter().find(|account| account.id == id).ok_or(Rejection::AccountNotFound)?)
}

fn not_supported(account: &Account) -> Error {
    let message = format!("Provider {} is not supported.", account.provider_id);
    Rejection::ProviderNotSupported.with_message(message)
}

refusals!(
    ProviderTokenErrors: AccountNotFound, ProviderNotSupported("Provider github is not supported.")
);

/// Get a provider's access token
///
/// No provider is supported, so every request fails. The body must contain either `accountId` or
/// `useAccountCookie: true`; otherwise, the validation fails.
#[utoipa::path(
    post, path = "/api/auth/get-access-token", operation_id = "getAccessToken", tag = "providers",
    security(("sessionCookie" = []), ("sessionToken" = [])), request_body = AccountSelection,
    responses((status = 401, description = "Not signed in"), ProviderTokenErrors),
)]
pub(crate) async fn get_access_token(
    state: Data<AppState>,
    req: HttpRequest,
    Input(selection): Input<AccountSelection>,
) -> WithCookies<Result<HttpResponse>> {
    refuse_account(&state, &req, &selection, not_supported).await
}

/// Refresh a provider's tokens
///
/// No provider is supported, so every request fails. The body must contain either `accountId` or
/// `useAccountCookie: true`; otherwise, the validation fails.
#[utoipa::path(
    post, path = "/api/auth/refresh-token", operation_id = "refreshToken", tag = "providers",
    security(("sessionCookie" = []), ("sessionToken" = [])), request_body = AccountSelection,
    responses((status = 401, description = "Not signed in"), ProviderTokenErrors),
)]
pub(crate) async fn refresh_token(
    state: Data<AppState>,
    req: HttpRequest,
    Input(selection): Input<AccountSelection>,
) -> WithCookies<Result<HttpResponse>> {
    refuse_account(&state, &req, &selection, not_supported).await
}

refusals!(
    AccountInfoErrors: Validation("[query] Invalid input"), AccountNotFound,
    ProviderNotConfigured
);

/// Get the profile of an account at a provider
///
/// No provider is supported, so every request is refused.
#[utoipa::path(
    get, path = "/api/auth/account-info", operation_id = "accountInfo", tag = "providers",
    security(("sessionCookie" = []), ("sessionToken" = [])),
    params(
        ("accountId" = Option<String>, Query, nullable = false),
        ("userId" = Option<String>, Query, nullable = false),
    ),
    responses((status = 401, description = "Not signed in"), AccountInfoErrors),
)]
pub(crate) async fn account_info(
    state: Data<AppState>,
    req: HttpRequest,
    Input(selection): Input<AccountSelection>,
) -> WithCookies<Result<HttpResponse>> {
    refuse_account(&state, &req, &selection, |_| Rejection::ProviderNotConfigured.into()).await
}
