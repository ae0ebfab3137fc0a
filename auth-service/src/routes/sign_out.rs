//! `POST /sign-out`: ends the current session, if there is one.

use actix_web::{HttpRequest, HttpResponse, web::Data};
use serde_json::json;

use crate::{
    error::Result,
    input::{Fields, Input, Schema},
    models::Session,
    session, session_cookies,
    state::AppState,
};

/// Members that the original knows; none has a meaning here.
pub(crate) struct SignOut;

impl Schema for SignOut {
    const NEEDS_BODY: bool = false;

    fn read(fields: &mut Fields<'_>) -> Self {
        fields.optional_string("callbackURL");
        fields.optional_boolean("disableRedirect");
        fields.optional_string("state");
        Self
    }
}

pub(crate) async fn sign_out(
    state: Data<AppState>,
    req: HttpRequest,
    _: Input<SignOut>,
) -> Result<HttpResponse> {
    if let Some(token) = session::presented_token(&state, req.headers()) {
        let hash = session::token_hash(&token);
        Session::delete_by_token_hash(&mut state.write().await?.conn(), &hash).await?;
    }
    session_cookies::clear(&req);
    Ok(HttpResponse::Ok().json(json!({ "success": true })))
}
