//! `/callback/{id}`: the address to which social providers redirect users. No providers are supported,
//! so users are redirected to the error page, as for an unknown `state`.

use actix_web::{
    HttpResponse,
    web::{Data, Path},
};
use percent_encoding::utf8_percent_encode;
use serde::Deserialize;
use url::form_urlencoded;
use utoipa::ToSchema;

use crate::{
    domain::javascript::URI_COMPONENT,
    http::{
        error::examples::refusals,
        input::{Input, Schema, Sent},
        redirect,
        state::AppState,
    },
};

/// Parameters that a provider may send, in the order in which redirects repeat them
#[derive(Deserialize, ToSchema, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
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

refusals!(
    CallbackErrors:
    Validation("[query.code] Invalid input: expected string, received array")
);

/// Return from a social provider
///
/// Sign-in with a provider is not supported, so every request is redirected to the error page.
#[utoipa::path(
    get, path = "/api/auth/callback/{id}", operation_id = "oauthCallback", tag = "providers",
    params(("id" = String, Path), OauthCallback),
    responses(
        (status = 302, description = "Redirect to the error page", headers(("Location"))),
        CallbackErrors,
    ),
)]
// Every `state` is unknown, because no sign-in with a provider was started.
pub(crate) async fn callback(
    state: Data<AppState>,
    Input(sent): Input<OauthCallback>,
) -> HttpResponse {
    let has_state = sent.state.is_some_and(|state| !state.is_empty());
    let error = if has_state { "state_mismatch" } else { "state_not_found" };
    redirect::found(&format!("{}/api/auth/error?error={error}", state.site))
}

/// Return from a social provider by form post
///
/// Redirects to the same path by GET, so that the browser sends its cookies.
#[utoipa::path(
    post, path = "/api/auth/callback/{id}", operation_id = "oauthCallbackPost", tag = "providers",
    params(("id" = String, Path)),
    request_body(
        content(
            (Option<OauthCallback> = "application/json"),
            (Option<OauthCallback> = "application/x-www-form-urlencoded"),
        ),
    ),
    responses(
        (
            status = 302,
            description = "Redirect to the same path with the form fields in its query",
            headers(("Location")),
        ),
    ),
)]
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
