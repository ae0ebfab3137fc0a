//! The description of an API, and a page to read it and to try it out.

use actix_web::{
    HttpResponse,
    dev::HttpServiceFactory,
    http::header::{
        CONTENT_SECURITY_POLICY, ContentType, LOCATION, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
    },
    middleware::DefaultHeaders,
    web::{resource, scope},
};
use utoipa_swagger_ui::{Config, SwaggerUi};

/// What a browser may do with the page: it runs and asks as this origin says. Its icons are in its own
/// style sheet (`data:`), and some of its styles are written inline.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; \
                      img-src 'self' data:; connect-src 'self'; base-uri 'none'; \
                      form-action 'none'; frame-ancestors 'none'";

/// `/openapi.json`.
pub fn openapi(description: &'static str) -> HttpResponse {
    HttpResponse::Ok().insert_header(ContentType::json()).body(description)
}

/// `/docs`: Swagger UI, from this binary. Nothing is loaded from elsewhere, and no validator is asked.
pub fn page() -> impl HttpServiceFactory {
    let config = Config::from("/openapi.json").validator_url("none");
    let headers = DefaultHeaders::new()
        .add((CONTENT_SECURITY_POLICY, POLICY))
        .add((X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .add((REFERRER_POLICY, "no-referrer"));
    scope("/docs")
        .wrap(headers)
        .service(resource("").get(to_folder))
        .service(SwaggerUi::new("/{file:.*}").config(config))
}

/// The page's own links are relative to a folder.
async fn to_folder() -> HttpResponse {
    HttpResponse::PermanentRedirect().insert_header((LOCATION, "/docs/")).finish()
}
