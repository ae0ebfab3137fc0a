//! Token introspection (RFC 7662) and revocation (RFC 7009), for services that do not verify access
//! tokens themselves. The paths are those of Better Auth's OAuth provider.

use std::{future::Future, pin::Pin};

use actix_web::{
    FromRequest, HttpRequest, HttpResponse,
    dev::Payload,
    http::header::{CACHE_CONTROL, HeaderMap},
    web::Data,
};
use chrono::DateTime;
use database::sql_types::DbTime;
use serde::Serialize;
use serde_json::json;
use shared_models::{AccessClaims, Audience, ClientClaims, UserId};

use crate::{
    domain::{client_lifecycle, clients::ClientError, user_lifecycle},
    http::{
        client_credentials,
        error::{Error, Result},
        input::OauthForm,
        receiver::Client,
        state::AppState,
    },
    store::{ClientTokenNames, OauthClient, Session, TokenNames},
};

/// A token sent by a receiver.
pub(crate) struct FromReceiver(String);

/// A token sent by a receiver, by a client with its secret, or without credentials. As for public
/// clients (RFC 7009 §2.1), anyone who holds a token may revoke it.
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

/// The senders that an endpoint accepts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Senders {
    Receivers,
    All,
}

/// Reads the token from a form. The sender is authenticated before the body is read.
async fn token(req: &HttpRequest, mut payload: Payload, accepted: Senders) -> Result<String> {
    let state = req.app_data::<Data<AppState>>().ok_or(Error::NoState)?;
    if !state.security_events.are_offered() {
        return Err(Error::IntrospectionNotOffered);
    }
    let is_allowed = match Client::of(req.headers(), &state.security_events) {
        Client::Receiver => true,
        Client::Anonymous => accepted == Senders::All,
        Client::Unknown => {
            accepted == Senders::All && is_oauth_client(state, req.headers()).await?
        }
    };
    if !is_allowed {
        return Err(Error::InvalidClient);
    }
    let form = OauthForm::read(req, &mut payload).await?;
    let token = form.one("token")?;
    let missing = Error::InvalidTokenRequest("The parameter token is missing");
    token.map(str::to_owned).ok_or(missing)
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

/// The response to an introspection request (RFC 7662 §2.2).
#[derive(Serialize)]
struct Introspection {
    active: bool,
    #[serde(flatten)]
    token: Option<ActiveToken>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum ActiveToken {
    User(UserToken),
    Client(ClientToken),
}

#[derive(Serialize)]
struct UserToken {
    token_type: &'static str,
    /// The current e-mail address of the user, like `email`.
    username: String,
    email: String,
    sub: UserId,
    iss: String,
    aud: String,
    exp: i64,
    iat: i64,
    jti: String,
    sid: String,
}

#[derive(Serialize)]
struct ClientToken {
    token_type: &'static str,
    client_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    scope: Option<String>,
    sub: String,
    iss: String,
    aud: Audience,
    exp: i64,
    iat: i64,
    jti: String,
}

impl UserToken {
    fn new(claims: AccessClaims, email: String) -> Self {
        Self {
            token_type: "Bearer",
            username: email.clone(),
            email,
            sub: claims.sub,
            iss: claims.iss,
            aud: claims.aud,
            exp: claims.exp,
            iat: claims.iat,
            jti: claims.jti,
            sid: claims.sid,
        }
    }
}

impl From<ClientClaims> for ClientToken {
    fn from(claims: ClientClaims) -> Self {
        Self {
            token_type: "Bearer",
            client_id: claims.client_id,
            scope: claims.scope,
            sub: claims.sub,
            iss: claims.iss,
            aud: claims.aud,
            exp: claims.exp,
            iat: claims.iat,
            jti: claims.jti,
        }
    }
}

/// Returns whether an access token is active, and the claims of an active token.
pub(crate) async fn introspect(
    state: Data<AppState>,
    FromReceiver(token): FromReceiver,
) -> Result<HttpResponse> {
    let token = active_token(&state, &token).await?;
    Ok(HttpResponse::Ok()
        .insert_header((CACHE_CONTROL, "no-store"))
        .json(Introspection { active: token.is_some(), token }))
}

async fn active_token(state: &AppState, token: &str) -> Result<Option<ActiveToken>> {
    if let Some(claims) = state.issuer.verified(token, state.now()).await? {
        let mut conn = state.read().await?;
        let now = DbTime(state.clock.now());
        let email = Session::find_email(&mut conn, names(&claims), now).await?;
        return Ok(email.map(|email| ActiveToken::User(UserToken::new(claims, email))));
    }
    let claims = state.issuer.verified_client(token, state.now()).await?;
    let Some((claims, issued_at)) = claims.and_then(with_issue_time) else { return Ok(None) };
    let mut conn = state.read().await?;
    let names = client_names(&claims, issued_at);
    let is_active = OauthClient::has_token(&mut conn, names).await?;
    Ok(is_active.then(|| ActiveToken::Client(claims.into())))
}

fn names(claims: &AccessClaims) -> TokenNames<'_> {
    TokenNames { user: claims.sub.as_str(), session: &claims.sid, token: &claims.jti }
}

fn client_names(claims: &ClientClaims, issued_at: DbTime) -> ClientTokenNames<'_> {
    ClientTokenNames { client: &claims.client_id, token: &claims.jti, issued_at }
}

/// Returns the claims of a token that this service signed, with the time of issue.
fn with_issue_time(claims: ClientClaims) -> Option<(ClientClaims, DbTime)> {
    let issued_at = DbTime(DateTime::from_timestamp(claims.iat, 0)?);
    Some((claims, issued_at))
}

/// Revokes an access token. For an invalid token the response is the same (RFC 7009 §2.2), so it
/// reveals nothing.
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
    Ok(HttpResponse::Ok().insert_header((CACHE_CONTROL, "no-store")).json(json!({})))
}
