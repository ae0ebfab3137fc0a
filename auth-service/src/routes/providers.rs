//! Better Auth's endpoints for accounts of other providers. No providers are supported, so each
//! endpoint responds as Better Auth does without configured providers. Imported accounts can be
//! unlinked.

use actix_web::{
    HttpRequest, HttpResponse,
    http::header::ContentType,
    web::{Data, Path},
};
use percent_encoding::utf8_percent_encode;
use serde::Deserialize;
use serde_json::json;
use url::form_urlencoded;

use crate::{
    domain::javascript::URI_COMPONENT,
    http::{
        error::{Error, Result},
        input::{Input, Schema, Sent, Text},
        redirect,
        session::{Caller, Live, with_caller},
        session_cookies::WithCookies,
        state::AppState,
    },
    routes::sign_in::provider,
    store::Account,
};

#[derive(Deserialize)]
pub(crate) struct UpdateSession;

impl Schema for UpdateSession {
    const NO_OBJECT: &[&str] = &["record"];
}

/// Rejects every update, because sessions have no custom fields.
pub(crate) async fn update_session(
    _: &AppState,
    _: &HttpRequest,
    _: Box<Live>,
    _: Input<UpdateSession>,
) -> Result<HttpResponse> {
    Err(Error::NoFieldsToUpdate)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct UnlinkAccount {
    account_id: Text,
}

impl Schema for UnlinkAccount {}

pub(crate) async fn unlink_account(
    state: &AppState,
    _: &HttpRequest,
    live: Box<Live>,
    Input(input): Input<UnlinkAccount>,
) -> Result<HttpResponse> {
    if !live.is_fresh(state) {
        return Err(Error::SessionNotFresh);
    }
    let user_id = live.user.id.as_str();
    let conn = &mut state.write().await?;
    conn.transaction(async |conn| {
        if Account::list(conn, user_id).await?.len() == 1 {
            return Err(Error::LastAccount);
        }
        if Account::delete_own(conn, user_id, &input.account_id.0).await? == 0 {
            return Err(Error::AccountNotFound);
        }
        Ok(())
    })
    .await?;
    Ok(HttpResponse::Ok().json(json!({ "status": true })))
}

#[derive(Deserialize)]
pub(crate) struct LinkSocial {
    #[serde(rename = "provider", deserialize_with = "provider")]
    _provider: String,
}

impl Schema for LinkSocial {}

pub(crate) async fn link_social(
    _: &AppState,
    _: &HttpRequest,
    _: Box<Live>,
    _: Input<LinkSocial>,
) -> Result<HttpResponse> {
    Err(Error::ProviderNotFound)
}

/// Selection of one of the caller's accounts by its id, or by a cookie that this service never
/// sets.
#[derive(Deserialize)]
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
    error: impl FnOnce(Account) -> Error,
) -> WithCookies<Result<HttpResponse>> {
    with_caller(state, req, async |caller| {
        let Caller::Live(live) = caller else {
            // Unlike for other endpoints, Better Auth returns an empty body here.
            return Ok(HttpResponse::Unauthorized().insert_header(ContentType::json()).finish());
        };
        let Some(id) = &selection.account_id else { return Err(Error::AccountNotFound) };
        Err(error(own_account(state, &live, id).await?))
    })
    .await
}

async fn own_account(state: &AppState, live: &Live, id: &str) -> Result<Account> {
    let accounts = Account::list(&mut state.read().await?, live.user.id.as_str()).await?;
    accounts.into_iter().find(|account| account.id == id).ok_or(Error::AccountNotFound)
}

/// Handles `POST /get-access-token` and `POST /refresh-token`, which in Better Auth return the
/// tokens of a provider.
pub(crate) async fn provider_token(
    state: Data<AppState>,
    req: HttpRequest,
    Input(selection): Input<AccountSelection>,
) -> WithCookies<Result<HttpResponse>> {
    let error = |account: Account| Error::ProviderNotSupported(account.provider_id);
    refuse_account(&state, &req, &selection, error).await
}

/// Handles `GET /account-info`, which in Better Auth returns the user's profile at a provider.
pub(crate) async fn account_info(
    state: Data<AppState>,
    req: HttpRequest,
    Input(selection): Input<AccountSelection>,
) -> WithCookies<Result<HttpResponse>> {
    refuse_account(&state, &req, &selection, |_| Error::ProviderNotConfigured).await
}

/// Parameters that a provider may send to the callback, in the order in which a redirect repeats
/// them.
#[derive(Deserialize)]
pub(crate) struct OauthCallback {
    code: Option<String>,
    error: Option<String>,
    device_id: Option<String>,
    error_description: Option<String>,
    state: Option<String>,
    user: Option<String>,
    iss: Option<String>,
}

impl Schema for OauthCallback {
    const TAKES_FORMS: bool = true;
    const NEEDS_BODY: bool = false;

    fn read(sent: &mut Sent<'_>) -> Option<Self> {
        let (body, query) = (sent.body::<Self>(), sent.query::<Self>());
        let (body, query) = (body?, query?);
        Some(Self {
            code: query.code.or(body.code),
            error: query.error.or(body.error),
            device_id: query.device_id.or(body.device_id),
            error_description: query.error_description.or(body.error_description),
            state: query.state.or(body.state),
            user: query.user.or(body.user),
            iss: query.iss.or(body.iss),
        })
    }
}

impl OauthCallback {
    fn into_pairs(self) -> impl Iterator<Item = (&'static str, String)> {
        let pairs = [
            ("code", self.code),
            ("error", self.error),
            ("device_id", self.device_id),
            ("error_description", self.error_description),
            ("state", self.state),
            ("user", self.user),
            ("iss", self.iss),
        ];
        pairs.into_iter().filter_map(|(name, value)| Some((name, value?)))
    }
}

/// Redirects to the error page: every `state` is unknown, because no sign-in with a provider was
/// started.
pub(crate) async fn callback(
    state: Data<AppState>,
    Input(sent): Input<OauthCallback>,
) -> HttpResponse {
    let has_state = sent.state.is_some_and(|state| !state.is_empty());
    let error = if has_state { "state_mismatch" } else { "state_not_found" };
    redirect::found(&format!("{}/api/auth/error?error={error}", state.site))
}

/// Redirects to the same callback as a GET request, so that the browser sends its cookies.
pub(crate) async fn callback_by_post(
    state: Data<AppState>,
    provider: Path<String>,
    Input(sent): Input<OauthCallback>,
) -> HttpResponse {
    let pairs = sent.into_pairs();
    let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
    let provider = utf8_percent_encode(&provider, URI_COMPONENT);
    redirect::found(&format!("{}/api/auth/callback/{provider}?{query}", state.site))
}
