//! `POST /sign-out`: ends the current session, if there is one.

use actix_web::{HttpRequest, HttpResponse, http::header::SET_COOKIE, web::Data};
use serde_json::json;

use crate::{
    error::Result,
    input::{Ignored, Input},
    models::Session,
    session,
    state::AppState,
};

pub(crate) async fn sign_out(
    state: Data<AppState>,
    req: HttpRequest,
    _: Input<Ignored>,
) -> Result<HttpResponse> {
    if let Some(token) = session::presented_token(&state, req.headers()) {
        let hash = session::token_hash(&token);
        Session::delete_by_token_hash(&mut state.write().await?.conn(), &hash).await?;
    }
    let mut response = HttpResponse::Ok();
    for cookie in state.cookies.clear() {
        response.append_header((SET_COOKIE, cookie));
    }
    Ok(response.json(json!({ "success": true })))
}
