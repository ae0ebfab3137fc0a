//! The description of the API, and a page to try it out.

use actix_web::{
    HttpResponse,
    http::header::{ContentType, LOCATION},
};
use utoipa_swagger_ui::{Config, SwaggerUi};

/// As it is committed, too.
const OPENAPI: &str = include_str!("../../openapi.json");

pub(crate) async fn openapi() -> HttpResponse {
    HttpResponse::Ok().insert_header(ContentType::json()).body(OPENAPI)
}

/// The page's own links are relative to a folder.
pub(crate) async fn to_ui() -> HttpResponse {
    HttpResponse::PermanentRedirect().insert_header((LOCATION, "/docs/")).finish()
}

/// Swagger UI, from this binary: nothing is loaded from elsewhere.
pub(crate) fn ui() -> SwaggerUi {
    SwaggerUi::new("/docs/{file:.*}").config(Config::from("/openapi.json"))
}
