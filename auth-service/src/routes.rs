//! The routing table.
//!
//! Under `/api/auth` a wrong method is an unknown path (404, no body), as in the original:
//! `route` does that. Elsewhere it is a 405 with `Allow`.

mod sessions;
mod sign_in;
mod sign_out;
mod sign_up;
mod status;
mod token;
mod web;

use actix_web::{
    HttpResponse,
    web::{ServiceConfig, get, post, resource, scope, to},
};

pub(crate) fn configure(app: &mut ServiceConfig) {
    app.service(
        scope("/api/auth")
            .route("/sign-up/email", post().to(sign_up::sign_up))
            .route("/sign-in/email", post().to(sign_in::sign_in))
            .route("/sign-out", post().to(sign_out::sign_out))
            .route("/get-session", get().to(sessions::get_session))
            .route("/get-session", post().to(sessions::refuse_post))
            .route("/token", get().to(token::issue_token))
            .route("/jwks", get().to(token::jwks))
            .route("/ok", get().to(status::ok))
            .default_service(to(HttpResponse::NotFound)),
    )
    .service(resource("/jwks").get(token::jwks).default_service(to(web::only_get)))
    .service(resource("/.well-known/jwks.json").get(token::jwks).default_service(to(web::only_get)))
    .service(resource("/health/live").get(status::live).default_service(to(web::only_get)))
    .service(resource("/health/ready").get(status::ready).default_service(to(web::only_get)));
}

pub(crate) use web::configure as configure_web;
