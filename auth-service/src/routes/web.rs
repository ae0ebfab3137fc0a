//! The built single-page application, and what is said where there is none.

use std::path::Path;

use actix_files::{Files, NamedFile};
use actix_web::{
    HttpResponse,
    dev::{ServiceRequest, ServiceResponse, fn_service},
    http::Method,
    web::{ServiceConfig, block, to},
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
            let response = if *req.method() == Method::GET || *req.method() == Method::HEAD {
                block(|| NamedFile::open(index)).await??.into_response(&req)
            } else {
                not_found().await
            };
            Ok(ServiceResponse::new(req, response))
        }
    });
    app.service(Files::new("/", root).index_file("index.html").default_handler(fallback));
}

async fn not_found() -> HttpResponse {
    HttpResponse::NotFound().json(json!({ "message": "Not found", "code": "NOT_FOUND" }))
}
