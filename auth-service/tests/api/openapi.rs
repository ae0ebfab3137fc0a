//! The OpenAPI document: the committed one is current, every operation in it exists, and it
//! describes the responses that the tests receive.

use std::{collections::BTreeSet, fs, path::Path, sync::LazyLock};

use auth_service::openapi;
use database::{on_both_engines, testing::TestDatabase};
use reqwest::{Method, Url};
use serde_json::{Value, json};

use crate::app::{Answer, Answering as _, PASSWORD, TestApp};

on_both_engines!(auth_service::MIGRATIONS;
    the_document_is_served_with_swagger_ui,
    a_web_app_does_not_hide_the_document,
    exactly_the_documented_operations_exist,
);

static DESCRIPTION: LazyLock<Value> =
    LazyLock::new(|| serde_json::from_str(&openapi::json().unwrap()).unwrap());

#[test]
fn the_committed_document_is_current() {
    let committed = Path::new(env!("CARGO_MANIFEST_DIR")).join("openapi.json");
    let committed = fs::read_to_string(committed).unwrap();
    assert!(committed == openapi::json().unwrap(), "stale; `cargo xtask openapi` writes it anew");
}

#[test]
fn operation_ids_are_unique_and_all_references_resolve() {
    let mut ids = BTreeSet::new();
    for (path, item) in DESCRIPTION["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let id = operation["operationId"].as_str().unwrap();
            assert!(ids.insert(id), "{method} {path}");
        }
    }
    let mut values = vec![&*DESCRIPTION];
    while let Some(value) = values.pop() {
        resolved(value);
        match value {
            Value::Object(members) => values.extend(members.values()),
            Value::Array(items) => values.extend(items),
            _ => {}
        }
    }
}

async fn the_document_is_served_with_swagger_ui(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;

    app.get("/openapi.json").answer().await.is_ok(&DESCRIPTION);
    assert_eq!(app.get("/docs").answer().await.header("location"), Some("docs/"));
    let page = app.get("/docs/").answer().await;
    assert!(page.header("content-type").unwrap().starts_with("text/html"));
    assert!(!page.body.contains("https://"), "nothing is loaded from elsewhere");
    for file in ["swagger-ui.css", "swagger-ui-bundle.js", "swagger-initializer.js"] {
        assert!(page.body.contains(file));
        let answer = app.get(&format!("/docs/{file}")).answer().await;
        assert_eq!(answer.status, 200, "{file}");
        let policy = answer.header("content-security-policy").unwrap();
        assert!(policy.starts_with("default-src 'none'; script-src 'self';"), "{policy}");
    }
    let refused = app.client.post(app.url("/openapi.json")).answer().await;
    refused.is_error(405, "METHOD_NOT_ALLOWED", "Method not allowed");
}

async fn a_web_app_does_not_hide_the_document(db: TestDatabase) {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("index.html"), "<!doctype html><title>App</title>").unwrap();
    let root = folder.path().to_owned();
    let app = TestApp::spawn_with(&db, |config| config.web_root = Some(root)).await;

    app.get("/openapi.json").answer().await.is_ok(&DESCRIPTION);
    assert!(app.get("/docs/").answer().await.body.contains("swagger-ui"));
}

async fn exactly_the_documented_operations_exist(db: TestDatabase) {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("index.html"), "<!doctype html><title>App</title>").unwrap();
    let root = folder.path().to_owned();
    let app = TestApp::spawn_with(&db, |config| config.web_root = Some(root)).await;
    let ada = app.sign_up("ada@example.com").await;
    let body = json!({ "currentPassword": PASSWORD, "newPassword": "short", "token": "unknown" });

    for (path, item) in DESCRIPTION["paths"].as_object().unwrap() {
        for method in [Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE] {
            let url = app.url(&path.replace("{token}", "unknown").replace("{id}", "github"));
            let request = app.client.request(method.clone(), url).bearer_auth(&ada.token);
            let answer = request.json(&body).answer().await;
            // An unsupported method returns an empty body under the base path, and 405 elsewhere.
            let has_answer = !answer.body.is_empty() || answer.status == 302;
            let is_there = has_answer && answer.header("allow").is_none();
            let is_described = item.get(method.as_str().to_lowercase()).is_some();
            assert_eq!(is_there, is_described, "{method} {path}: {answer:?}");
        }
    }
}

/// Panics if a documented operation returned a status, header, media type or error code that the
/// document lacks.
#[track_caller]
pub(crate) fn check(method: &Method, url: &Url, answer: &Answer) {
    let Some(operation) = operation(method, url.path()) else { return };
    let status = answer.status.to_string();
    let Some(described) = operation["responses"].get(&status) else {
        panic!("{method} {url} has no description of {answer:?}");
    };
    let described = resolved(described);
    for (name, header) in described["headers"].as_object().unwrap() {
        assert!(resolved(header)["description"].is_string(), "{name}");
    }
    for name in ["set-cookie", "set-auth-token", "set-auth-jwt", "location", "etag", "retry-after"]
    {
        let mut names = described["headers"].as_object().unwrap().keys();
        let is_described = names.any(|described| described.eq_ignore_ascii_case(name));
        assert!(
            is_described || answer.header(name).is_none(),
            "{name} of {status}: {method} {url}"
        );
    }
    if answer.body.is_empty() {
        return;
    }
    let media_type = answer.header("content-type").unwrap_or_default();
    let Some(content) = described["content"].get(media_type) else {
        panic!("{method} {url} has no description of {answer:?}");
    };
    if let Some(examples) = content["examples"].as_object() {
        let code = answer.json()["code"].clone();
        let is_shown = examples.values().any(|example| example["value"]["code"] == code);
        assert!(is_shown, "{method} {url} is not described to answer {answer:?}");
    }
}

fn operation(method: &Method, path: &str) -> Option<&'static Value> {
    let fits = |described: &str| match described.split_once('{') {
        Some((before, _)) => {
            path.strip_prefix(before).is_some_and(|value| !value.is_empty() && !value.contains('/'))
        }
        None => path == described,
    };
    let paths = DESCRIPTION["paths"].as_object().unwrap();
    let (_, item) = paths.iter().find(|(described, _)| fits(described))?;
    item.get(method.as_str().to_lowercase())
}

/// Returns the value that a `$ref` refers to, or `value` itself if it is not a `$ref`.
fn resolved(value: &'static Value) -> &'static Value {
    match value["$ref"].as_str() {
        Some(reference) => DESCRIPTION.pointer(reference.trim_start_matches('#')).unwrap(),
        None => value,
    }
}
