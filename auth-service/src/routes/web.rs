//! The built single-page application, and what is said where there is none.

use std::path::Path;

use actix_files::{Files, NamedFile};
use actix_web::{
    Error, HttpResponse,
    body::{BoxBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse, fn_service},
    http::{StatusCode, header::ALLOW},
    middleware::{Next, from_fn},
    web::{ServiceConfig, block, scope, to},
};
use serde_json::json;

/// Serves `root`; a path that is no file is a route of the application, so it gets `index.html`.
pub(crate) fn configure(app: &mut ServiceConfig, root: Option<&Path>) {
    let Some(root) = root else {
        app.default_service(to(not_found));
        return;
    };
    let index = root.join("index.html");
    let fallback = fn_service(move |req: ServiceRequest| {
        let index = index.clone();
        async move {
            let (req, _) = req.into_parts();
            // A doubled slash is nobody's path, and the folder may be in the middle of a rebuild.
            let page = if req.path().starts_with("//") {
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
    app.service(scope("").wrap(from_fn(refuse_in_json)).service(files));
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
