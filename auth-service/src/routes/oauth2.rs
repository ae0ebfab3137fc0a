//! Token introspection (RFC 7662) and revocation (RFC 7009), for services that do not verify access
//! tokens themselves. The paths are those of Better Auth's OAuth provider.

use std::{future::Future, pin::Pin};

use actix_web::{
    FromRequest, HttpRequest, HttpResponse,
    dev::Payload,
    http::header::{CACHE_CONTROL, CONTENT_TYPE},
    web::Data,
};
use serde::Serialize;
use serde_json::json;
use service_kit::{body, sql_types::DbTime};
use shared_models::{AccessClaims, UserId};
use url::form_urlencoded;

use crate::{
    domain::user_lifecycle,
    http::{
        error::{Error, Result},
        input::FORM,
        receiver::Client,
        state::AppState,
    },
    store::{Session, TokenNames},
};

/// Maximum size of the body in bytes. An access token has at most 8 KiB.
const MAX_BODY_BYTES: usize = 16 * 1024;

/// A token sent by a receiver.
pub(crate) struct FromReceiver(String);

/// A token sent by a receiver, or by a client without credentials: like a public client (RFC 7009
/// §2.1), the bearer of a token may revoke it.
pub(crate) struct FromReceiverOrBearer(String);

impl FromRequest for FromReceiver {
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self>>>>;

    fn from_request(req: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (req, payload) = (req.clone(), payload.take());
        let is_allowed = |client: Client| client == Client::Receiver;
        Box::pin(async move { Ok(Self(token(&req, payload, is_allowed).await?)) })
    }
}

impl FromRequest for FromReceiverOrBearer {
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self>>>>;

    fn from_request(req: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (req, payload) = (req.clone(), payload.take());
        let is_allowed = |client: Client| client != Client::Unknown;
        Box::pin(async move { Ok(Self(token(&req, payload, is_allowed).await?)) })
    }
}

/// Reads the token from a form. The client is authenticated before the body is read.
async fn token(
    req: &HttpRequest,
    mut payload: Payload,
    is_allowed: impl Fn(Client) -> bool,
) -> Result<String> {
    let state = req.app_data::<Data<AppState>>().ok_or(Error::NoState)?;
    if !state.security_events.are_offered() {
        return Err(Error::IntrospectionNotOffered);
    }
    if !is_allowed(Client::of(req.headers(), &state.security_events)) {
        return Err(Error::InvalidClient);
    }
    let bytes = body::read(req, &mut payload, MAX_BODY_BYTES).await?;
    if !bytes.is_empty() {
        check_media_type(req)?;
    }
    let mut tokens = form_urlencoded::parse(&bytes).filter(|(name, _)| name == "token");
    match (tokens.next(), tokens.next()) {
        (Some((_, token)), None) if !token.is_empty() => Ok(token.into_owned()),
        // RFC 6749 §3.2: parameters must not be repeated.
        (_, Some(_)) => Err(Error::InvalidTokenRequest("The parameter token is repeated")),
        _ => Err(Error::InvalidTokenRequest("The parameter token is missing")),
    }
}

fn check_media_type(req: &HttpRequest) -> Result<()> {
    let sent = req.headers().get(CONTENT_TYPE).map(|sent| String::from_utf8_lossy(sent.as_bytes()));
    let sent = sent.unwrap_or_default();
    let media_type = sent.split(';').next().unwrap_or_default().trim();
    if media_type.eq_ignore_ascii_case(FORM) {
        Ok(())
    } else {
        Err(Error::UnsupportedMediaType { sent: sent.into_owned(), allowed: FORM })
    }
}

/// The response to an introspection request (RFC 7662 §2.2).
#[derive(Serialize)]
struct Introspection {
    active: bool,
    #[serde(flatten)]
    token: Option<ActiveToken>,
}

/// The claims of an active token.
#[derive(Serialize)]
struct ActiveToken {
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

impl ActiveToken {
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
    let Some(claims) = state.issuer.verified(token, state.now()).await? else { return Ok(None) };
    let mut pooled = state.read().await?;
    let now = DbTime(state.clock.now());
    let email = Session::find_email(&mut pooled.conn(), names(&claims), now).await?;
    Ok(email.map(|email| ActiveToken::new(claims, email)))
}

fn names(claims: &AccessClaims) -> TokenNames<'_> {
    TokenNames { user: claims.sub.as_str(), session: &claims.sid, token: &claims.jti }
}

/// Revokes an access token. For an invalid token the response is the same (RFC 7009 §2.2), so it
/// reveals nothing.
pub(crate) async fn revoke(
    state: Data<AppState>,
    FromReceiverOrBearer(token): FromReceiverOrBearer,
) -> Result<HttpResponse> {
    if let Some(claims) = state.issuer.verified(&token, state.now()).await? {
        let moment = state.moment();
        let mut pooled = state.write().await?;
        user_lifecycle::revoke_token(&mut pooled.conn(), names(&claims), &moment).await?;
    }
    Ok(HttpResponse::Ok().insert_header((CACHE_CONTROL, "no-store")).json(json!({})))
}
