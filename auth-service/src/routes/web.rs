//! The built single-page application, and what is said where there is none.

use std::path::Path;

use actix_files::{Files, NamedFile};
use actix_web::{
    Error, HttpResponse,
    body::{BoxBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse, fn_service},
    http::{
        StatusCode,
        header::{
            ALLOW, CACHE_CONTROL, CONTENT_SECURITY_POLICY, HeaderValue, REFERRER_POLICY,
            X_CONTENT_TYPE_OPTIONS,
        },
    },
    middleware::{DefaultHeaders, Next, from_fn},
    web::{ServiceConfig, block, resource, scope, to},
};
use serde_json::json;
use service_kit::origins::WebOrigin;

/// Where a build puts what it names after its content.
const ASSETS: &str = "/assets/";
const FOR_EVER: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");

/// Serves `root`; a path that is no file is a route of the application, so it gets `index.html`.
/// `/config.json` tells the application where tasks are kept, so that one build runs anywhere.
pub(crate) fn configure(app: &mut ServiceConfig, root: Option<&Path>, tasks: &WebOrigin) {
    let Some(root) = root else {
        app.default_service(to(not_found));
        return;
    };
    let index = root.join("index.html");
    let fallback = fn_service(move |req: ServiceRequest| {
        let index = index.clone();
        async move {
            let (req, _) = req.into_parts();
            // A doubled slash is nobody's path, an asset that is gone is no page, and the folder may
            // be in the middle of a rebuild.
            let page = if req.path().starts_with("//") || req.path().starts_with(ASSETS) {
                None
            } else {
                block(|| NamedFile::open(index)).await?.ok()
            };
            let response = match page {
                Some(page) => page.into_response(&req),
                None => not_found().await,
            };
            Ok(ServiceResponse::new(req, response))
        }
    });
    let files = Files::new("/", root).index_file("index.html").default_handler(fallback);
    let settings = json!({ "tasksUrl": tasks.as_str() });
    let config = resource("/config.json")
        .get(move || {
            let settings = settings.clone();
            async move { HttpResponse::Ok().json(settings) }
        })
        .default_service(to(only_get));
    app.service(
        scope("")
            .wrap(from_fn(refuse_in_json))
            .wrap(from_fn(keep_assets))
            .wrap(protection(tasks))
            .service(config)
            .service(files),
    );
}

/// What a browser may do with the page: run and fetch what is named here, be framed by nobody, and
/// ask for everything but assets again.
fn protection(tasks: &WebOrigin) -> DefaultHeaders {
    let policy = format!(
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
         connect-src 'self' {}; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
        tasks.as_str()
    );
    DefaultHeaders::new()
        .add((CONTENT_SECURITY_POLICY, policy))
        .add((X_CONTENT_TYPE_OPTIONS, "nosniff"))
        // The address of a page may carry the token of a mailed link.
        .add((REFERRER_POLICY, "no-referrer"))
        .add((CACHE_CONTROL, "no-cache"))
}

/// An asset's content never changes, because it would be another asset.
async fn keep_assets(
    req: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let is_asset = req.path().starts_with(ASSETS);
    let mut response = next.call(req).await?;
    let is_there = response.status().is_success() || response.status() == StatusCode::NOT_MODIFIED;
    if is_asset && is_there {
        response.headers_mut().insert(CACHE_CONTROL, FOR_EVER);
    }
    Ok(response)
}

/// Where the file service would refuse in plain text: a path no file can have, a wrong method.
async fn refuse_in_json(
    req: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let response = next.call(req).await?.map_into_boxed_body();
    Ok(match response.status() {
        StatusCode::BAD_REQUEST => response.into_response(not_found().await),
        StatusCode::METHOD_NOT_ALLOWED => response.into_response(method_not_allowed("GET, HEAD")),
        _ => response,
    })
}

async fn not_found() -> HttpResponse {
    HttpResponse::NotFound().json(json!({ "message": "Not found", "code": "NOT_FOUND" }))
}

/// For the other methods of what can only be read.
pub(crate) async fn only_get() -> HttpResponse {
    method_not_allowed("GET")
}

fn method_not_allowed(allowed: &'static str) -> HttpResponse {
    HttpResponse::MethodNotAllowed()
        .insert_header((ALLOW, allowed))
        .json(json!({ "message": "Method not allowed", "code": "METHOD_NOT_ALLOWED" }))
}
