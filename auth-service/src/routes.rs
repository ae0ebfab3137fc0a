//! The routing table.
//!
//! Under `/api/auth`, a wrong method is treated as an unknown path (404 without a body), except for
//! `POST /get-session`, as in Better Auth. Handlers there are therefore added with `Scope::route`,
//! which matches path and method together. Elsewhere, a wrong method gets a 405 with `Allow`.

pub(crate) mod callback;
pub(crate) mod change_email;
pub(crate) mod client_token;
pub(crate) mod confirm_page;
pub(crate) mod email;
pub(crate) mod error_page;
pub(crate) mod oauth2;
pub(crate) mod password_reset;
pub(crate) mod passwords;
pub(crate) mod providers;
pub(crate) mod security_events;
pub(crate) mod server_metadata;
pub(crate) mod sessions;
pub(crate) mod sign_in;
pub(crate) mod sign_out;
pub(crate) mod sign_up;
pub(crate) mod status;
pub(crate) mod token;
pub(crate) mod undo_change_email;
pub(crate) mod user;
pub(crate) mod web;

use actix_web::{
    HttpResponse, Route,
    guard::{Any, Get, Head},
    middleware::from_fn,
    web::{ServiceConfig, get, head, post, resource, route, scope, to},
};

use service_kit::docs;
use shared_models::ISSUER_DOCUMENT;

use crate::http::{rate_limit, session::signed_in};

pub(crate) const BASE_PATH: &str = "/api/auth";
/// The committed `OpenAPI` document, which the service serves.
const DESCRIPTION: &str = include_str!("../openapi.json");

pub(crate) fn configure(app: &mut ServiceConfig) {
    app.service(
        scope(BASE_PATH)
            .wrap(from_fn(|req, next| rate_limit::limit(BASE_PATH, req, next)))
            // Routes are tried in this order; the first three are requested most often.
            .route("/jwks", read().to(token::jwks))
            .route("/get-session", read().to(sessions::get_session))
            .route("/token", read().to(signed_in(token::issue_token)))
            .route("/sign-up/email", post().to(sign_up::sign_up))
            .route("/sign-in/email", post().to(sign_in::sign_in))
            .route("/sign-in/social", post().to(sign_in::sign_in_social))
            .route("/sign-out", post().to(sign_out::sign_out))
            .route("/get-session", post().to(sessions::refuse_post))
            .route("/list-sessions", read().to(signed_in(sessions::list_sessions)))
            .route("/revoke-session", post().to(signed_in(sessions::revoke_session)))
            .route("/revoke-sessions", post().to(signed_in(sessions::revoke_sessions)))
            .route("/revoke-other-sessions", post().to(signed_in(sessions::revoke_other_sessions)))
            .route("/update-user", post().to(signed_in(user::update_user)))
            .route("/list-accounts", read().to(signed_in(user::list_accounts)))
            .route("/delete-user", post().to(signed_in(user::delete_user)))
            .route("/delete-user/callback", get().to(user::open_delete_link))
            .route("/delete-user/callback", head().to(unopened))
            .route("/change-password", post().to(signed_in(passwords::change_password)))
            .route("/verify-password", post().to(signed_in(passwords::verify_password)))
            .route("/request-password-reset", post().to(password_reset::request_password_reset))
            .route("/reset-password/{token}", read().to(password_reset::open_reset_link))
            .route("/reset-password", post().to(password_reset::reset_password))
            .route("/change-email", post().to(signed_in(change_email::change_email)))
            .route("/undo-change-email", read().to(undo_change_email::open_undo_link))
            .route("/undo-change-email", post().to(undo_change_email::undo_change_email))
            .route("/send-verification-email", post().to(email::send_verification_email))
            .route("/verify-email", get().to(email::verify_email))
            .route("/verify-email", head().to(unopened))
            .route("/update-session", post().to(signed_in(providers::update_session)))
            .route("/unlink-account", post().to(signed_in(providers::unlink_account)))
            .route("/link-social", post().to(signed_in(providers::link_social)))
            .route("/refresh-token", post().to(providers::refresh_token))
            .route("/get-access-token", post().to(providers::get_access_token))
            .route("/account-info", read().to(providers::account_info))
            .route("/callback/{id}", get().to(callback::callback))
            .route("/callback/{id}", post().to(callback::callback_by_post))
            .route("/verify-email/confirm", read().to(confirm_page::confirm_page))
            .route("/oauth2/token", post().to(client_token::issue_client_token))
            .route("/oauth2/introspect", post().to(oauth2::introspect))
            .route("/oauth2/revoke", post().to(oauth2::revoke))
            .route("/ok", read().to(status::ok))
            .route("/error", read().to(error_page::error_page))
            .default_service(to(HttpResponse::NotFound)),
    )
    .service(resource("/jwks").route(read().to(token::jwks)).default_service(to(web::only_get)))
    .service(
        resource("/.well-known/jwks.json")
            .route(read().to(token::jwks))
            .default_service(to(web::only_get)),
    )
    .service(
        resource(ISSUER_DOCUMENT)
            .route(read().to(token::issuer))
            .default_service(to(web::only_get)),
    )
    .service(
        resource(server_metadata::PATH)
            .route(read().to(server_metadata::server_metadata))
            .default_service(to(web::only_get)),
    )
    .service(
        resource(security_events::PATH)
            .post(security_events::poll_events)
            .default_service(to(web::only_post)),
    )
    .service(
        resource("/health/live").route(read().to(status::live)).default_service(to(web::only_get)),
    )
    .service(
        resource("/health/ready")
            .route(read().to(status::ready))
            .default_service(to(web::only_get)),
    )
    .service(
        resource("/openapi.json").route(read().to(description)).default_service(to(web::only_get)),
    )
    .service(docs::page());
}

/// Returns a route for GET and HEAD.
fn read() -> Route {
    route().guard(Any(Get()).or(Head()))
}

/// Responds to a HEAD request for a link that takes effect when it is opened with GET. Does nothing
/// else, because e-mail scanners send HEAD requests.
async fn unopened() -> HttpResponse {
    HttpResponse::Ok().finish()
}

async fn description() -> HttpResponse {
    docs::openapi(DESCRIPTION)
}

pub(crate) use self::{
    client_token::PATH as TOKEN_ENDPOINT, security_events::PATH as SECURITY_EVENTS,
    sessions::SET_AUTH_JWT, web::configure as configure_web,
};
