//! Serves the built single-page application and its `/config.json`, and redirects
//! `/.well-known/change-password`. Without a configured application, all paths that no other route
//! handles return 404.

mod site;

use std::{future::ready, path::Path, sync::Arc};

use actix_files::Files;
use actix_web::{
    Error, HttpMessage as _, HttpResponse,
    body::{BoxBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    http::{
        Method, StatusCode, Uri,
        header::{
            ACCEPT, ALLOW, Accept, CACHE_CONTROL, CONTENT_SECURITY_POLICY, HeaderValue,
            REFERRER_POLICY, VARY,
        },
    },
    middleware::{DefaultHeaders, Next, from_fn},
    mime,
    web::{Data, ServiceConfig, block, get, head, resource, scope, to},
};
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;

use self::site::{ASSETS, INDEX, Target};
use crate::{
    config::{Config, ContentPolicy},
    http::redirect,
};

const FOR_EVER: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");
const ACCEPT_ENCODING: HeaderValue = HeaderValue::from_static("Accept-Encoding");
const ACCEPT_AND_ENCODING: HeaderValue = HeaderValue::from_static("Accept, Accept-Encoding");
const READS: &str = "GET, HEAD";

/// Serves the folder `WEB_ROOT`, if it is configured: its files, compressed if the build created
/// compressed copies, and `index.html` for the routes of the application. `/config.json` tells the
/// application the URL of task-service, and whether the tasks of a deleted user are deleted, so
/// that one build works in every deployment.
///
/// Redirects `/.well-known/change-password`, the W3C's well-known URL for changing passwords, to
/// the settings page. Password managers use the URL only if a nonexistent path beside it returns
/// 404.
pub(crate) fn configure(app: &mut ServiceConfig, config: &Config) {
    if let Some(front_end) = config.front_end() {
        let settings = format!("{}/settings", front_end.as_str());
        let to_settings = move || ready(redirect::found(&settings));
        app.service(
            resource("/.well-known/change-password")
                .route(get().to(to_settings.clone()))
                .route(head().to(to_settings))
                .default_service(to(only_get)),
        );
    }
    let Some(root) = config.web_root.as_deref() else {
        app.default_service(to(not_found));
        return;
    };
    let files =
        Files::new("/", root).index_file(INDEX).try_compressed().default_handler(to(not_found));
    let document = Data::new(SettingsResponse {
        tasks_url: config.tasks_url.as_str().to_owned(),
        deletes_tasks: !config.events.events_secret.is_empty(),
    });
    let settings = resource("/config.json")
        .app_data(document)
        .route(get().to(settings))
        .route(head().to(settings))
        .default_service(to(only_get));
    let root: Arc<Path> = root.into();
    app.service(
        scope("")
            .wrap(from_fn(move |req, next| route(Arc::clone(&root), req, next)))
            .wrap(from_fn(refuse_in_json))
            .wrap(from_fn(keep_assets))
            .wrap(protection(config))
            .service(settings)
            .service(files),
    );
}

/// Returns the security headers. The page may load scripts and other content only from the sources
/// listed here and in `WEB_CSP`, must not be framed, and is revalidated on each load, unlike its
/// assets.
fn protection(config: &Config) -> DefaultHeaders {
    let policy = format!(
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
         manifest-src 'self'; worker-src 'self'; connect-src 'self' {}; base-uri 'none'; \
         form-action 'self'; frame-ancestors 'none'",
        config.tasks_url.as_str()
    );
    let policy = match (&config.web_csp, policy.parse::<ContentPolicy>()) {
        (Some(extension), Ok(policy)) => policy.extended_by(extension).to_string(),
        _ => policy,
    };
    DefaultHeaders::new()
        .add((CONTENT_SECURITY_POLICY, policy))
        // The URL of a page may contain the token of a mailed link, so it is not sent as a
        // referrer.
        .add((REFERRER_POLICY, "no-referrer"))
        .add((CACHE_CONTROL, "no-cache"))
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SettingsResponse {
    tasks_url: String,
    deletes_tasks: bool,
}

/// Get the settings of the web app
#[utoipa::path(
    get, path = "/config.json", operation_id = "settings", tag = "service",
    responses(
        (
            status = 200,
            description = "The settings",
            body = SettingsResponse,
            headers(("Cache-Control")),
        ),
        (
            status = 404,
            description = "No web app is served",
            body = ref("#/components/schemas/Error"),
        ),
    ),
)]
pub(crate) async fn settings(settings: Data<SettingsResponse>) -> HttpResponse {
    HttpResponse::Ok().json(settings)
}

/// Marks assets as immutable, because a changed asset has another name.
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

/// Routes a request to the file that its path names, or to `index.html` if the path is a
/// client-side route.
async fn route(
    root: Arc<Path>,
    mut req: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let path = req.path().to_owned();
    if path == "/config.json" {
        return Ok(next.call(req).await?.map_into_boxed_body());
    }
    let target = block(move || Target::of(&root, &path)).await?;
    let is_read = matches!(*req.method(), Method::GET | Method::HEAD);
    let mut response = match target {
        Target::Route if is_read && !accepts_html(&req) => req.into_response(not_found().await),
        Target::Missing => req.into_response(not_found().await),
        Target::Route => {
            let uri = Uri::from_static("/");
            req.match_info_mut().get_mut().update(&uri);
            req.head_mut().uri = uri;
            next.call(req).await?.map_into_boxed_body()
        }
        Target::File => next.call(req).await?.map_into_boxed_body(),
    };
    let vary = if target == Target::Route { ACCEPT_AND_ENCODING } else { ACCEPT_ENCODING };
    response.headers_mut().insert(VARY, vary);
    Ok(response)
}

/// Returns whether the request accepts HTML, as navigation in a browser does. A script that accepts
/// only JSON gets a 404 response instead of the page.
fn accepts_html(req: &ServiceRequest) -> bool {
    if !req.headers().contains_key(ACCEPT) {
        return true;
    }
    req.get_header::<Accept>().is_some_and(|accept| {
        accept.iter().any(|item| {
            let (kind, subtype) = (item.item.type_(), item.item.subtype());
            kind == mime::STAR
                || kind == mime::TEXT && (subtype == mime::HTML || subtype == mime::STAR)
        })
    })
}

/// Replaces the file service's plain-text errors (invalid path, wrong method) with JSON.
async fn refuse_in_json(
    req: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let response = next.call(req).await?.map_into_boxed_body();
    Ok(match response.status() {
        StatusCode::BAD_REQUEST => response.into_response(not_found().await),
        StatusCode::METHOD_NOT_ALLOWED => response.into_response(method_not_allowed(READS)),
        _ => response,
    })
}

async fn not_found() -> HttpResponse {
    HttpResponse::NotFound().json(json!({ "message": "Not found", "code": "NOT_FOUND" }))
}

/// Returns 405 for methods other than GET and HEAD.
pub(crate) async fn only_get() -> HttpResponse {
    method_not_allowed("GET, HEAD")
}

/// Returns 405 for methods other than POST.
pub(crate) async fn only_post() -> HttpResponse {
    method_not_allowed("POST")
}

fn method_not_allowed(allowed: &'static str) -> HttpResponse {
    HttpResponse::MethodNotAllowed()
        .insert_header((ALLOW, allowed))
        .json(json!({ "message": "Method not allowed", "code": "METHOD_NOT_ALLOWED" }))
}
