//! `POST /sign-out`: ends the session of every token that the request presents.

use actix_web::{HttpRequest, HttpResponse, web::Data};
use serde::Deserialize;
use serde_json::json;

use crate::{
    domain::{audit::Action, token_hash::token_hash},
    http::{
        error::Result,
        input::{Input, Schema},
        session,
        session_cookies::{CookieChange, WithCookies},
        state::AppState,
    },
    store::{Ending, Session},
};

/// The fields that Better Auth accepts, none of which has an effect here.
#[derive(Deserialize)]
pub(crate) struct SignOut {
    #[serde(rename = "callbackURL")]
    _callback_url: Option<String>,
    #[serde(rename = "disableRedirect")]
    _disable_redirect: Option<bool>,
    #[serde(rename = "state")]
    _state: Option<String>,
}

impl Schema for SignOut {
    const NEEDS_BODY: bool = false;
}

pub(crate) async fn sign_out(
    state: Data<AppState>,
    req: HttpRequest,
    _: Input<SignOut>,
) -> Result<WithCookies<HttpResponse>> {
    for presented in session::presented_tokens(&state, req.headers()) {
        let hash = token_hash(&presented.token);
        // This lookup avoids a write transaction for invalid tokens.
        if Session::find_by_token_hash(&mut state.read().await?, &hash).await?.is_some() {
            let session = Ending::OfToken(&hash);
            let actor = state.actor(&req);
            state.sessions.end(session, Action::SignOut, &actor, &state.moment()).await?;
        }
    }
    let response = HttpResponse::Ok().json(json!({ "success": true }));
    Ok(WithCookies::new(response, CookieChange::Clear))
}
