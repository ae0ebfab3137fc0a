//! The routing table.
//!
//! Under `/api/auth`, a wrong method is treated as an unknown path (404 without a body), except for
//! `POST /get-session`, as in Better Auth. Handlers there are therefore added with `Scope::route`,
//! which matches path and method together. Elsewhere, a wrong method gets a 405 with `Allow`.
//! A test compares the tables with the API description.

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
    HttpResponse, Resource,
    middleware::from_fn,
    web::{ServiceConfig, resource, scope, to},
};
use service_kit::{
    docs,
    endpoint::{Endpoint, GET, HEAD, POST, READ},
};
use shared_models::ISSUER_DOCUMENT;

use crate::http::{rate_limit, session::signed_in};

pub(crate) const BASE_PATH: &str = "/api/auth";
/// The committed `OpenAPI` document, which the service serves.
const DESCRIPTION: &str = include_str!("../openapi.json");

/// Endpoints below the base path. They are tried in this order; the first three are requested most
/// often.
pub(crate) static BELOW_BASE_PATH: [Endpoint; 42] = [
    Endpoint(READ, "/jwks", || to(token::jwks)),
    Endpoint(READ, "/get-session", || to(sessions::get_session)),
    Endpoint(READ, "/token", || to(signed_in(token::issue_token))),
    Endpoint(POST, "/sign-up/email", || to(sign_up::sign_up)),
    Endpoint(POST, "/sign-in/email", || to(sign_in::sign_in)),
    Endpoint(POST, "/sign-in/social", || to(sign_in::sign_in_social)),
    Endpoint(POST, "/sign-out", || to(sign_out::sign_out)),
    Endpoint(POST, "/get-session", || to(sessions::refuse_post)),
    Endpoint(READ, "/list-sessions", || to(signed_in(sessions::list_sessions))),
    Endpoint(POST, "/revoke-session", || to(signed_in(sessions::revoke_session))),
    Endpoint(POST, "/revoke-sessions", || to(signed_in(sessions::revoke_sessions))),
    Endpoint(POST, "/revoke-other-sessions", || to(signed_in(sessions::revoke_other_sessions))),
    Endpoint(POST, "/update-user", || to(signed_in(user::update_user))),
    Endpoint(READ, "/list-accounts", || to(signed_in(user::list_accounts))),
    Endpoint(POST, "/delete-user", || to(signed_in(user::delete_user))),
    Endpoint(GET, "/delete-user/callback", || to(user::open_delete_link)),
    Endpoint(HEAD, "/delete-user/callback", || to(unopened)),
    Endpoint(POST, "/change-password", || to(signed_in(passwords::change_password))),
    Endpoint(POST, "/verify-password", || to(signed_in(passwords::verify_password))),
    Endpoint(POST, "/request-password-reset", || to(password_reset::request_password_reset)),
    Endpoint(READ, "/reset-password/{token}", || to(password_reset::open_reset_link)),
    Endpoint(POST, "/reset-password", || to(password_reset::reset_password)),
    Endpoint(POST, "/change-email", || to(signed_in(change_email::change_email))),
    Endpoint(READ, "/undo-change-email", || to(undo_change_email::open_undo_link)),
    Endpoint(POST, "/undo-change-email", || to(undo_change_email::undo_change_email)),
    Endpoint(POST, "/send-verification-email", || to(email::send_verification_email)),
    Endpoint(GET, "/verify-email", || to(email::verify_email)),
    Endpoint(HEAD, "/verify-email", || to(unopened)),
    Endpoint(POST, "/update-session", || to(signed_in(providers::update_session))),
    Endpoint(POST, "/unlink-account", || to(signed_in(providers::unlink_account))),
    Endpoint(POST, "/link-social", || to(signed_in(providers::link_social))),
    Endpoint(POST, "/refresh-token", || to(providers::refresh_token)),
    Endpoint(POST, "/get-access-token", || to(providers::get_access_token)),
    Endpoint(READ, "/account-info", || to(providers::account_info)),
    Endpoint(GET, "/callback/{id}", || to(callback::callback)),
    Endpoint(POST, "/callback/{id}", || to(callback::callback_by_post)),
    Endpoint(READ, "/verify-email/confirm", || to(confirm_page::confirm_page)),
    Endpoint(POST, "/oauth2/token", || to(client_token::issue_client_token)),
    Endpoint(POST, "/oauth2/introspect", || to(oauth2::introspect)),
    Endpoint(POST, "/oauth2/revoke", || to(oauth2::revoke)),
    Endpoint(READ, "/ok", || to(status::ok)),
    Endpoint(READ, "/error", || to(error_page::error_page)),
];

pub(crate) static ELSEWHERE: [Endpoint; 7] = [
    Endpoint(READ, "/jwks", || to(token::jwks)),
    Endpoint(READ, "/.well-known/jwks.json", || to(token::jwks)),
    Endpoint(READ, ISSUER_DOCUMENT, || to(token::issuer)),
    Endpoint(READ, server_metadata::PATH, || to(server_metadata::server_metadata)),
    Endpoint(POST, security_events::PATH, || to(security_events::poll_events)),
    Endpoint(READ, "/health/live", || to(status::live)),
    Endpoint(READ, "/health/ready", || to(status::ready)),
];

pub(crate) fn configure(app: &mut ServiceConfig) {
    let below_base_path = BELOW_BASE_PATH.iter().fold(scope(BASE_PATH), |scope, endpoint| {
        let Endpoint(_, path, _) = endpoint;
        scope.route(path, endpoint.route())
    });
    app.service(
        below_base_path
            .wrap(from_fn(|req, next| rate_limit::limit(BASE_PATH, req, next)))
            .default_service(to(HttpResponse::NotFound)),
    );
    for endpoint in &ELSEWHERE {
        app.service(elsewhere(endpoint));
    }
    app.service(elsewhere(&Endpoint(READ, "/openapi.json", || to(description))));
    app.service(docs::page());
}

fn elsewhere(endpoint: &Endpoint) -> Resource {
    let Endpoint(methods, path, _) = endpoint;
    let refuse = if *methods == POST { to(web::only_post) } else { to(web::only_get) };
    resource(*path).route(endpoint.route()).default_service(refuse)
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
