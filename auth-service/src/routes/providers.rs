//! Better Auth's endpoints for accounts of other providers. No providers are supported, so each
//! endpoint responds as Better Auth does without configured providers. Imported accounts can be
//! unlinked.

use actix_web::{
    HttpRequest, HttpResponse,
    http::header::ContentType,
    web::{Data, Path},
};
use percent_encoding::utf8_percent_encode;
use serde_json::json;
use url::form_urlencoded;

use crate::{
    domain::javascript::URI_COMPONENT,
    http::{
        error::{Error, Result},
        input::{Fields, Input, Schema},
        redirect,
        session::{Caller, Live, with_caller},
        session_cookies::WithCookies,
        state::AppState,
    },
    store::Account,
};

pub(crate) struct UpdateSession;

impl Schema for UpdateSession {
    const NO_OBJECT: &[&str] = &["record"];

    fn read(_: &mut Fields<'_>) -> Self {
        Self
    }
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

pub(crate) struct UnlinkAccount {
    account_id: String,
}

impl Schema for UnlinkAccount {
    fn read(fields: &mut Fields<'_>) -> Self {
        Self { account_id: fields.text("accountId") }
    }
}

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
        if Account::delete_own(conn, user_id, &input.account_id).await? == 0 {
            return Err(Error::AccountNotFound);
        }
        Ok(())
    })
    .await?;
    Ok(HttpResponse::Ok().json(json!({ "status": true })))
}

pub(crate) struct LinkSocial;

impl Schema for LinkSocial {
    fn read(fields: &mut Fields<'_>) -> Self {
        fields.plain_string("provider");
        Self
    }
}

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
pub(crate) struct AccountSelection {
    account_id: Option<String>,
}

impl Schema for AccountSelection {
    const NO_OBJECT: &[&str] = &[""];

    fn read(fields: &mut Fields<'_>) -> Self {
        Self { account_id: fields.account_selection() }
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
const CALLBACK_PARAMETERS: [&str; 7] =
    ["code", "error", "device_id", "error_description", "state", "user", "iss"];

/// The callback parameters of a request, as names and values.
pub(crate) struct Callback(Vec<(&'static str, String)>);

impl Schema for Callback {
    const TAKES_FORMS: bool = true;
    const NEEDS_BODY: bool = false;

    fn read(fields: &mut Fields<'_>) -> Self {
        let sent = CALLBACK_PARAMETERS.map(|name| {
            let in_body = fields.optional_string(name);
            Some((name, fields.optional_query(name).or(in_body)?))
        });
        Self(sent.into_iter().flatten().collect())
    }
}

/// Redirects to the error page: every `state` is unknown, because no sign-in with a provider was
/// started.
pub(crate) async fn callback(
    state: Data<AppState>,
    Input(Callback(sent)): Input<Callback>,
) -> HttpResponse {
    let has_state = sent.iter().any(|(name, value)| *name == "state" && !value.is_empty());
    let error = if has_state { "state_mismatch" } else { "state_not_found" };
    redirect::found(&format!("{}/api/auth/error?error={error}", state.site))
}

/// Redirects to the same callback as a GET request, so that the browser sends its cookies.
pub(crate) async fn callback_by_post(
    state: Data<AppState>,
    provider: Path<String>,
    Input(Callback(sent)): Input<Callback>,
) -> HttpResponse {
    let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(sent).finish();
    let provider = utf8_percent_encode(&provider, URI_COMPONENT);
    redirect::found(&format!("{}/api/auth/callback/{provider}?{query}", state.site))
}
