//! Access tokens for OAuth clients: the client credentials grant (RFC 6749 §4.4).

use std::{borrow::Cow, future::Future, pin::Pin};

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
use utoipa::{
    ToSchema,
    openapi::{ObjectBuilder, RefOr, Schema, Type},
};

use crate::{
    domain::clients::{GRANT_TYPE, Grant},
    http::{
        client_credentials::{self, ASSERTION_TYPE},
        documents::TokenType,
        error::{Error, Internal, Rejection, Result, examples::refusals},
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
    /// The token's time of issue. It is taken before the client is read, so that the token is
    /// revoked as well if the client is disabled in the meantime.
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
        let state = req.app_data::<Data<AppState>>().ok_or(Internal::NoState)?;
        let form = OauthForm::read(req, payload).await?;
        let presented = client_credentials::read(req.headers(), &form)?;
        let now = DbTime(state.now().into());
        let client = state.clients.authenticate(&presented, now).await?;
        Ok(Self { client, form, now })
    }
}

impl utoipa::PartialSchema for TokenRequest {
    fn schema() -> RefOr<Schema> {
        let string = || ObjectBuilder::new().schema_type(Type::String);
        let described = |text: &'static str| string().description(Some(text));
        ObjectBuilder::new()
            .property("grant_type", string().enum_values(Some([GRANT_TYPE])))
            .required("grant_type")
            .property("client_id", string())
            .property("client_secret", string())
            .property("client_assertion_type", string().enum_values(Some([ASSERTION_TYPE])))
            .property(
                "client_assertion",
                described("A JWT signed with the private key of the client"),
            )
            .property(
                "scope",
                described("Scopes, separated by spaces; default: all scopes of the client"),
            )
            .property(
                "resource",
                described(
                    "Audience of the token (RFC 8707), may be repeated; default: the first audience of the client",
                ),
            )
            .into()
    }
}

impl ToSchema for TokenRequest {
    fn name() -> Cow<'static, str> {
        "IssueClientToken".into()
    }
}

/// A successful response (RFC 6749 §5.1)
#[derive(Serialize, ToSchema)]
pub(crate) struct ClientToken {
    /// A JWT with the header `typ: at+jwt`
    access_token: String,
    token_type: TokenType,
    /// Lifetime in seconds
    expires_in: i64,
    /// Granted scopes, separated by spaces
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    scope: Option<String>,
}

refusals!(
    TokenErrors: InvalidRequest("The parameter grant_type is missing"),
    InvalidRequest("A parameter is repeated"), ClientRefused,
    UnsupportedGrantType, InvalidScope, InvalidTarget
);

/// Issue a token to a client
///
/// Issues an access token (RFC 9068) to a client, a machine that acts on its own behalf (RFC
/// 6749 §4.4). The client sends its id and secret with HTTP Basic or as `client_id` and
/// `client_secret`, or an assertion that it has signed (RFC 7523). Without `scope`, the token
/// has all scopes of the client.
#[utoipa::path(
    post, path = PATH, operation_id = "issueClientToken", tag = "tokens",
    security((), ("clientSecret" = [])),
    request_body(content((TokenRequest = "application/x-www-form-urlencoded"))),
    responses(
        (
            status = 200,
            description = "The access token",
            body = ClientToken,
            headers(("Cache-Control"), ("Pragma")),
        ),
        TokenErrors,
    ),
)]
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
        Some(_) => return Err(Rejection::UnsupportedGrantType.into()),
        None => {
            let problem = "The parameter grant_type is missing";
            return Err(Rejection::InvalidRequest.with_message(problem));
        }
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
        .json(ClientToken { access_token, token_type: TokenType::Bearer, expires_in, scope }))
}
