//! Access tokens for OAuth clients: the client credentials grant (RFC 6749 §4.4).

use std::{future::Future, pin::Pin};

use actix_web::{
    FromRequest, HttpRequest, HttpResponse,
    dev::Payload,
    http::header::{CACHE_CONTROL, PRAGMA},
    web::Data,
};
use database::sql_types::DbTime;
use serde::Serialize;
use telemetry::Chain;
use tracing::warn;

use crate::{
    domain::clients::{GRANT_TYPE, Grant},
    http::{
        client_credentials,
        error::{Error, Result},
        input::OauthForm,
        state::AppState,
    },
    store::OauthClient,
};

/// Full path of the endpoint.
pub(crate) const PATH: &str = "/api/auth/oauth2/token";

/// A request for a token, with the client that sent it.
pub(crate) struct TokenRequest {
    client: OauthClient,
    form: OauthForm,
    /// Time of issue of the token. It is taken before the client is read, so that disabling the
    /// client in the meantime also revokes the token.
    now: DbTime,
}

impl FromRequest for TokenRequest {
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self>>>>;

    fn from_request(req: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (req, mut payload) = (req.clone(), payload.take());
        Box::pin(async move { Self::read(&req, &mut payload).await.map_err(Error::of_oauth) })
    }
}

impl TokenRequest {
    async fn read(req: &HttpRequest, payload: &mut Payload) -> Result<Self> {
        let state = req.app_data::<Data<AppState>>().ok_or(Error::NoState)?;
        let form = OauthForm::read(req, payload).await?;
        let presented = client_credentials::read(req.headers(), &form)?;
        let now = DbTime(state.now().into());
        let client = state.clients.authenticate(&presented, now).await?;
        Ok(Self { client, form, now })
    }
}

/// A successful response (RFC 6749 §5.1).
#[derive(Serialize)]
struct TokenBody {
    access_token: String,
    token_type: &'static str,
    /// Lifetime of the token in seconds.
    expires_in: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    scope: Option<String>,
}

pub(crate) async fn issue_client_token(
    state: Data<AppState>,
    request: TokenRequest,
) -> Result<HttpResponse> {
    issue(&state, request).await.map_err(Error::of_oauth)
}

async fn issue(
    state: &AppState,
    TokenRequest { client, form, now }: TokenRequest,
) -> Result<HttpResponse> {
    match form.one("grant_type")? {
        Some(GRANT_TYPE) => {}
        Some(_) => return Err(Error::UnsupportedGrantType),
        None => return Err(Error::InvalidTokenRequest("The parameter grant_type is missing")),
    }
    let (_, default_audience) = state.issuer.names();
    let grant = Grant::new(&client, form.one("scope")?, &form.all("resource"), default_audience)?;
    let scope = grant.scope.clone();
    let (access_token, expires_in) = state.issuer.client_token(grant, now.0.into()).await?;
    if let Err(error) = state.clients.record_use(&client, now).await {
        warn!(error = %Chain(&error), "cannot record the last use of a client");
    }
    Ok(HttpResponse::Ok()
        .insert_header((CACHE_CONTROL, "no-store"))
        .insert_header((PRAGMA, "no-cache"))
        .json(TokenBody { access_token, token_type: "Bearer", expires_in, scope }))
}
