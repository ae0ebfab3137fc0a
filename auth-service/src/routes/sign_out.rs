//! `POST /sign-out`: ends the session of every token that the request presents.

use actix_web::{
    HttpRequest,
    web::{Data, Json},
};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::{
    domain::{audit::Action, token_hash::token_hash},
    http::{
        documents::SuccessResponse,
        error::Result,
        input::{Input, Schema, Target},
        session,
        session_cookies::{CookieChange, WithCookies},
        state::AppState,
    },
    store::{Ending, Session},
};

/// None of the fields has an effect
#[derive(Deserialize, ToSchema)]
pub(crate) struct SignOut {
    #[serde(default, rename = "callbackURL")]
    _callback_url: Target,
    #[serde(rename = "disableRedirect")]
    _disable_redirect: Option<bool>,
    #[serde(rename = "state")]
    _state: Option<String>,
}

impl Schema for SignOut {
    const NEEDS_BODY: bool = false;
}

/// Sign out
///
/// Ends the current session, if any, and clears the session cookies.
#[utoipa::path(
    post, path = "/api/auth/sign-out", operation_id = "signOut", tag = "accounts",
    security((), ("sessionCookie" = []), ("sessionToken" = [])), request_body = Option<SignOut>,
    responses((status = 200, description = "Signed out", body = SuccessResponse)),
)]
pub(crate) async fn sign_out(
    state: Data<AppState>,
    req: HttpRequest,
    _: Input<SignOut>,
) -> Result<WithCookies<Json<SuccessResponse>>> {
    for presented in session::presented_tokens(&state, req.headers()) {
        let hash = token_hash(&presented.token);
        // This lookup avoids a write transaction for invalid tokens.
        if Session::find_by_token_hash(&mut state.read().await?, &hash).await?.is_some() {
            let session = Ending::OfToken(&hash);
            let actor = state.actor(&req);
            state.sessions.end(session, Action::SignOut, &actor, &state.moment()).await?;
        }
    }
    Ok(WithCookies::new(Json(SuccessResponse::OK), CookieChange::Clear))
}
