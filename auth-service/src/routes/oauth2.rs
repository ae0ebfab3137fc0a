//! Token introspection (RFC 7662), for services that do not verify access tokens themselves, and
//! token revocation (RFC 7009). The paths are those of Better Auth's OAuth provider.

mod introspection;

use std::{borrow::Cow, future::Future, pin::Pin};

use actix_web::{
    FromRequest, HttpRequest, HttpResponse,
    dev::Payload,
    http::header::{CACHE_CONTROL, HeaderMap},
    web::Data,
};
use chrono::DateTime;
use database::sql_types::DbTime;
use serde::Serialize;
use shared_models::{AccessClaims, ClientClaims};
use utoipa::{
    ToSchema,
    openapi::{ObjectBuilder, RefOr, Schema, Type},
};

use self::introspection::TokenIntrospection;
use crate::{
    domain::{client_lifecycle, clients::ClientError, user_lifecycle},
    http::{
        client_credentials,
        error::{Error, Internal, Rejection, Result, examples::refusals},
        input::OauthForm,
        receiver::Client,
        state::AppState,
    },
    store::{ClientTokenNames, OauthClient, Session, TokenNames},
};

/// A token sent by a receiver.
pub(crate) struct FromReceiver(String);

/// A token sent by a receiver, by an OAuth client with its secret, or without credentials. As for
/// public clients (RFC 7009 §2.1), anyone who holds a token may revoke it.
pub(crate) struct FromReceiverOrBearer(String);

impl FromRequest for FromReceiver {
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self>>>>;

    fn from_request(req: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (req, payload) = (req.clone(), payload.take());
        Box::pin(async move { Ok(Self(token(&req, payload, Senders::Receivers).await?)) })
    }
}

impl FromRequest for FromReceiverOrBearer {
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self>>>>;

    fn from_request(req: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (req, payload) = (req.clone(), payload.take());
        Box::pin(async move { Ok(Self(token(&req, payload, Senders::All).await?)) })
    }
}

/// Returns the schema of a form with a token.
fn token_form() -> RefOr<Schema> {
    let string = || ObjectBuilder::new().schema_type(Type::String);
    ObjectBuilder::new()
        .property("token", string().min_length(Some(1)).description(Some("The access token")))
        .required("token")
        .property("token_type_hint", string().description(Some("Ignored")))
        .into()
}

impl utoipa::PartialSchema for FromReceiver {
    fn schema() -> RefOr<Schema> {
        token_form()
    }
}

impl ToSchema for FromReceiver {
    fn name() -> Cow<'static, str> {
        "IntrospectToken".into()
    }
}

impl utoipa::PartialSchema for FromReceiverOrBearer {
    fn schema() -> RefOr<Schema> {
        token_form()
    }
}

impl ToSchema for FromReceiverOrBearer {
    fn name() -> Cow<'static, str> {
        "RevokeToken".into()
    }
}

/// The senders that an endpoint accepts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Senders {
    Receivers,
    All,
}

/// Authenticates the sender, then reads the form and returns its token.
async fn token(req: &HttpRequest, mut payload: Payload, accepted: Senders) -> Result<String> {
    let state = req.app_data::<Data<AppState>>().ok_or(Internal::NoState)?;
    if !state.security_events.are_offered() {
        return Err(Rejection::IntrospectionNotOffered.into());
    }
    let is_allowed = match Client::of(req.headers(), &state.security_events) {
        Client::Receiver => true,
        Client::Anonymous => accepted == Senders::All,
        Client::Unknown => {
            accepted == Senders::All && is_oauth_client(state, req.headers()).await?
        }
    };
    if !is_allowed {
        return Err(Rejection::InvalidClient.into());
    }
    let form = OauthForm::read(req, &mut payload).await?;
    let token = form.one("token")?;
    let missing = || Rejection::InvalidRequest.with_message("The parameter token is missing");
    token.map(str::to_owned).ok_or_else(missing)
}

/// Returns whether the sender is an OAuth client that sends its secret with HTTP Basic.
async fn is_oauth_client(state: &AppState, headers: &HeaderMap) -> Result<bool> {
    let Some(presented) = client_credentials::from_header(headers) else { return Ok(false) };
    match state.clients.authenticate(&presented, DbTime(state.now().into())).await {
        Ok(_client) => Ok(true),
        Err(ClientError::Refused(_)) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// An empty object
#[derive(Serialize, ToSchema)]
pub(crate) struct NoResponse {}

refusals!(
    ReceiverErrors: InvalidRequest("The parameter token is missing"),
    InvalidRequest("A parameter is repeated"), InvalidClient, IntrospectionNotOffered
);

/// Introspect a token
///
/// Returns whether an access token (JWT) is active (RFC 7662): this service issued it, it has
/// neither expired nor been revoked, and its session has not ended or, for a client's token, the
/// client is active. Meant for services that do not verify tokens themselves.
#[utoipa::path(
    post, path = "/api/auth/oauth2/introspect", operation_id = "introspectToken", tag = "tokens",
    security(("receiverSecret" = []), ("receiverPassword" = [])),
    request_body(content((FromReceiver = "application/x-www-form-urlencoded"))),
    responses(
        (
            status = 200,
            description = "State and claims of the token",
            body = TokenIntrospection,
            headers(("Cache-Control")),
        ),
        ReceiverErrors,
    ),
)]
pub(crate) async fn introspect(
    state: Data<AppState>,
    FromReceiver(token): FromReceiver,
) -> Result<HttpResponse> {
    let token = active_token(&state, &token).await?.unwrap_or_default();
    Ok(HttpResponse::Ok().insert_header((CACHE_CONTROL, "no-store")).json(token))
}

async fn active_token(state: &AppState, token: &str) -> Result<Option<TokenIntrospection>> {
    if let Some(claims) = state.issuer.verified(token, state.now()).await? {
        let mut conn = state.read().await?;
        let now = DbTime(state.clock.now());
        let email = Session::find_email(&mut conn, names(&claims), now).await?;
        return Ok(email.map(|email| TokenIntrospection::of_user(claims, email)));
    }
    let claims = state.issuer.verified_client(token, state.now()).await?;
    let Some((claims, issued_at)) = claims.and_then(with_issue_time) else { return Ok(None) };
    let mut conn = state.read().await?;
    let names = client_names(&claims, issued_at);
    let is_active = OauthClient::has_token(&mut conn, names).await?;
    Ok(is_active.then(|| TokenIntrospection::of_client(claims)))
}

fn names(claims: &AccessClaims) -> TokenNames<'_> {
    TokenNames { user: claims.sub.as_str(), session: &claims.sid, token: &claims.jti }
}

fn client_names(claims: &ClientClaims, issued_at: DbTime) -> ClientTokenNames<'_> {
    ClientTokenNames { client: &claims.client_id, token: &claims.jti, issued_at }
}

/// Returns the claims with the time of issue, or `None` if `iat` is out of range.
fn with_issue_time(claims: ClientClaims) -> Option<(ClientClaims, DbTime)> {
    let issued_at = DbTime(DateTime::from_timestamp(claims.iat, 0)?);
    Some((claims, issued_at))
}

/// Revoke a token
///
/// Revokes a single access token (RFC 7009). The response is the same for unknown and invalid
/// tokens. Credentials are optional, because anyone who knows a token may revoke it. If they are
/// sent, they must be those of a receiver or a client.
#[utoipa::path(
    post, path = "/api/auth/oauth2/revoke", operation_id = "revokeToken", tag = "tokens",
    security((), ("receiverSecret" = []), ("receiverPassword" = []), ("clientSecret" = [])),
    request_body(content((FromReceiverOrBearer = "application/x-www-form-urlencoded"))),
    responses(
        (
            status = 200,
            description = "The token is no longer valid",
            body = NoResponse,
            headers(("Cache-Control")),
        ),
        ReceiverErrors,
    ),
)]
pub(crate) async fn revoke(
    state: Data<AppState>,
    FromReceiverOrBearer(token): FromReceiverOrBearer,
) -> Result<HttpResponse> {
    let moment = state.moment();
    if let Some(claims) = state.issuer.verified(&token, state.now()).await? {
        let mut conn = state.write().await?;
        user_lifecycle::revoke_token(&mut conn, names(&claims), &moment).await?;
    } else if let Some((claims, issued_at)) =
        state.issuer.verified_client(&token, state.now()).await?.and_then(with_issue_time)
    {
        let (mut conn, names) = (state.write().await?, client_names(&claims, issued_at));
        client_lifecycle::revoke_token(&mut conn, names, &moment).await?;
    }
    Ok(HttpResponse::Ok().insert_header((CACHE_CONTROL, "no-store")).json(NoResponse {}))
}
