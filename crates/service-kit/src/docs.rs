//! The OpenAPI document of an API, and Swagger UI.

use std::{borrow::Cow, future::ready, sync::Arc};

use actix_web::{
    HttpResponse,
    dev::HttpServiceFactory,
    http::header::{
        CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, ContentEncoding, ContentType,
        LOCATION, REFERRER_POLICY,
    },
    middleware::DefaultHeaders,
    web::{Bytes, Path, resource, scope},
};
use utoipa_swagger_ui::{Config, serve};

/// Content security policy of Swagger UI, which may load files from and send requests to its own
/// origin only. Its style sheet contains icons (`data:`), and it uses some inline styles.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; \
                      img-src 'self' data:; connect-src 'self'; base-uri 'none'; \
                      form-action 'none'; frame-ancestors 'none'";

/// The content changes with the program, so caches must revalidate it.
const REVALIDATE: &str = "no-cache";

/// Returns the response for `/openapi.json`.
pub fn openapi(description: &'static str) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header(ContentType::json())
        .insert_header((CACHE_CONTROL, REVALIDATE))
        .body(description)
}

/// Serves Swagger UI at `/docs` from the binary. Nothing is loaded from other hosts, and no
/// validator is called. All links are relative, so that a proxy can add a path prefix.
pub fn page() -> impl HttpServiceFactory {
    let config = Arc::new(Config::from("../openapi.json").validator_url("none"));
    let headers = DefaultHeaders::new()
        .add((CACHE_CONTROL, REVALIDATE))
        .add((CONTENT_SECURITY_POLICY, POLICY))
        .add((REFERRER_POLICY, "no-referrer"));
    let file = move |path: Path<String>| ready(file(&path, &config));
    scope("/docs")
        .wrap(headers)
        .service(resource("").get(to_folder).head(to_folder))
        .service(resource("/{file:.*}").get(file.clone()).head(file))
}

/// Returns the response with a file of Swagger UI. Unmodified files are borrowed from the binary,
/// because a copy would stay in memory until the client has read it.
fn file(path: &str, config: &Arc<Config<'static>>) -> HttpResponse {
    let Ok(Some(file)) = serve(path, Arc::clone(config)) else {
        return HttpResponse::NotFound().finish();
    };
    let mut response = HttpResponse::Ok();
    if file.gzpipped {
        response.insert_header((CONTENT_ENCODING, ContentEncoding::Gzip));
    }
    let bytes = match file.bytes {
        Cow::Borrowed(bytes) => Bytes::from_static(bytes),
        Cow::Owned(bytes) => bytes.into(),
    };
    response.content_type(file.content_type).body(bytes)
}

/// Redirects to `/docs/`, because the links of Swagger UI are relative to that folder.
async fn to_folder() -> HttpResponse {
    HttpResponse::PermanentRedirect().insert_header((LOCATION, "docs/")).finish()
}
