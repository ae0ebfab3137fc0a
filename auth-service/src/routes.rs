//! The routing table.
//!
//! Under `/api/auth` a wrong method is an unknown path (404, no body), as in the original:
//! `route` does that. Elsewhere it is a 405 with `Allow`.

mod email;
mod error_page;
mod passwords;
mod sessions;
mod sign_in;
mod sign_out;
mod sign_up;
mod status;
mod token;
mod user;
mod web;

use actix_web::{
    HttpResponse,
    middleware::from_fn,
    web::{ServiceConfig, get, post, resource, scope, to},
};

use service_kit::docs;
use shared_models::ISSUER_DOCUMENT;

use crate::{limits, openapi, session_cookies};

pub(crate) const BASE_PATH: &str = "/api/auth";

pub(crate) fn configure(app: &mut ServiceConfig) {
    app.service(
        scope(BASE_PATH)
            .wrap(from_fn(session_cookies::write))
            .wrap(from_fn(|req, next| limits::limit(BASE_PATH, req, next)))
            .route("/sign-up/email", post().to(sign_up::sign_up))
            .route("/sign-in/email", post().to(sign_in::sign_in))
            .route("/sign-in/social", post().to(sign_in::refuse_social))
            .route("/sign-out", post().to(sign_out::sign_out))
            .route("/get-session", get().to(sessions::get_session))
            .route("/get-session", post().to(sessions::refuse_post))
            .route("/list-sessions", get().to(sessions::list_sessions))
            .route("/revoke-session", post().to(sessions::revoke_session))
            .route("/revoke-sessions", post().to(sessions::revoke_sessions))
            .route("/revoke-other-sessions", post().to(sessions::revoke_other_sessions))
            .route("/update-user", post().to(user::update_user))
            .route("/list-accounts", get().to(user::list_accounts))
            .route("/delete-user", post().to(user::delete_user))
            .route("/delete-user/callback", get().to(user::open_delete_link))
            .route("/change-password", post().to(passwords::change_password))
            .route("/verify-password", post().to(passwords::verify_password))
            .route("/request-password-reset", post().to(passwords::request_password_reset))
            .route("/reset-password/{token}", get().to(passwords::open_reset_link))
            .route("/reset-password", post().to(passwords::reset_password))
            .route("/change-email", post().to(email::change_email))
            .route("/send-verification-email", post().to(email::send_verification_email))
            .route("/verify-email", get().to(email::verify_email))
            .route("/token", get().to(token::issue_token))
            .route("/jwks", get().to(token::jwks))
            .route("/ok", get().to(status::ok))
            .route("/error", get().to(error_page::error_page))
            .default_service(to(HttpResponse::NotFound)),
    )
    .service(resource("/jwks").get(token::jwks).default_service(to(web::only_get)))
    .service(resource("/.well-known/jwks.json").get(token::jwks).default_service(to(web::only_get)))
    .service(resource(ISSUER_DOCUMENT).get(token::issuer).default_service(to(web::only_get)))
    .service(resource("/health/live").get(status::live).default_service(to(web::only_get)))
    .service(resource("/health/ready").get(status::ready).default_service(to(web::only_get)))
    .service(
        resource("/openapi.json")
            .get(async || docs::openapi(openapi::COMMITTED))
            .default_service(to(web::only_get)),
    )
    .service(docs::page());
}

pub(crate) use self::{sessions::SET_AUTH_JWT, web::configure as configure_web};
