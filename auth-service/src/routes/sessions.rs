//! `GET /get-session`: who is asking, with a fresh token for other services.

use actix_web::{
    HttpRequest, HttpResponse,
    http::header::{CACHE_CONTROL, PRAGMA, SET_COOKIE},
    web::Data,
};
use serde::Serialize;
use shared_models::User;

use crate::{
    error::{Error, Result},
    input::{Ignored, Input},
    session::{self, Caller, SET_AUTH_JWT, SessionBody},
    state::AppState,
};

#[derive(Serialize)]
struct CurrentBody<'a> {
    session: &'a SessionBody,
    user: &'a User,
}

pub(crate) async fn get_session(state: Data<AppState>, req: HttpRequest) -> Result<HttpResponse> {
    let mut response = HttpResponse::Ok();
    response.insert_header((CACHE_CONTROL, "no-store")).insert_header((PRAGMA, "no-cache"));
    match session::caller(&state, &req).await? {
        Caller::Live(live) => {
            let (session, user) = (&live.session, &live.user);
            let jwt = state.issuer.token(user, session.id(), state.now())?;
            response.insert_header((SET_AUTH_JWT, jwt));
            live.announce(&state, &mut response, true);
            if let Some(cookie) = state.cookies.clear_left_over(req.headers()) {
                response.append_header((SET_COOKIE, cookie));
            }
            Ok(response.json(CurrentBody { session, user }))
        }
        Caller::Gone => {
            for cookie in state.cookies.clear() {
                response.append_header((SET_COOKIE, cookie));
            }
            Ok(response.json(()))
        }
        Caller::Nobody => {
            if let Some(cookie) = state.cookies.clear_left_over(req.headers()) {
                response.append_header((SET_COOKIE, cookie));
            }
            Ok(response.json(()))
        }
    }
}

/// The one wrong method that the contract answers with 405.
pub(crate) async fn refuse_post(_: Input<Ignored>) -> Result<HttpResponse> {
    Err(Error::GetSessionByPost)
}
