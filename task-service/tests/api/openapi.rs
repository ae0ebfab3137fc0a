//! The OpenAPI document is current, and describes exactly the operations that exist.

use std::{collections::BTreeSet, fs, path::Path};

use database::{on_both_engines, testing::TestDatabase};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use task_service::{config::Config, openapi::ApiDoc};

use crate::app::TestApp;

on_both_engines!(task_service::MIGRATIONS;
    the_document_is_served_with_swagger_ui,
    exactly_the_documented_operations_exist,
    every_returned_status_is_documented,
);

#[test]
fn the_committed_document_is_current() {
    let committed = Path::new(env!("CARGO_MANIFEST_DIR")).join("openapi.json");
    let committed = fs::read_to_string(committed).unwrap();
    assert!(committed == ApiDoc::json().unwrap(), "stale; `cargo xtask openapi` writes it anew");
}

async fn description(app: &TestApp) -> Value {
    let response = app.client.get(app.url("/openapi.json")).send().await.unwrap();
    assert_eq!(response.headers()["content-type"], "application/json");
    response.json().await.unwrap()
}

async fn the_document_is_served_with_swagger_ui(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    assert_eq!(description(&app).await["openapi"], "3.1.0");
    let redirect = app.client.get(app.url("/docs")).send().await.unwrap();
    assert_eq!(redirect.headers()["location"], "docs/");
    let page = app.client.get(app.url("/docs/")).send().await.unwrap();
    assert!(page.headers()["content-type"].to_str().unwrap().starts_with("text/html"));
    let page = page.text().await.unwrap();
    assert!(!page.contains("https://"), "nothing is loaded from elsewhere");
    for file in ["swagger-ui.css", "swagger-ui-bundle.js", "swagger-initializer.js"] {
        assert!(page.contains(file));
        let response = app.client.get(app.url(&format!("/docs/{file}"))).send().await.unwrap();
        assert_eq!(response.status(), StatusCode::OK, "{file}");
    }
}

async fn exactly_the_documented_operations_exist(db: TestDatabase) {
    let with_metadata = |config: &mut Config| {
        config.tasks_url = Some("https://tasks.example.com".parse().unwrap());
    };
    let app = TestApp::spawn_with(&db, with_metadata).await;
    let token = app.token("ada");
    let task = app.create(&token, &json!({ "title": "t" })).await;
    let id = task["id"].as_str().unwrap();
    let description = description(&app).await;
    let mut operation_ids = BTreeSet::new();
    for (path, item) in description["paths"].as_object().unwrap() {
        let methods = [Method::GET, Method::PUT, Method::POST, Method::PATCH, Method::DELETE];
        for method in methods {
            let operation = item.get(method.as_str().to_lowercase());
            let request = app.request(method.clone(), &path.replace("{id}", id), &token);
            let request = request.header("if-match", "\"99\"").json(&json!({ "title": "t" }));
            let status = request.send().await.unwrap().status();
            let is_there =
                status != StatusCode::METHOD_NOT_ALLOWED && status != StatusCode::NOT_FOUND;
            assert_eq!(is_there, operation.is_some(), "{method} {path}: {status}");
            if let Some(operation) = operation {
                let id = operation["operationId"].as_str().unwrap().to_owned();
                assert!(operation_ids.insert(id), "{method} {path} has an id of its own");
            }
        }
    }
}

async fn every_returned_status_is_documented(db: TestDatabase) {
    let app = TestApp::spawn_with(&db, |config| config.max_tasks_per_user = 1).await;
    let (ada, bob) = (app.token("ada"), app.token("bob"));
    let task = app.create(&ada, &json!({ "title": "t" })).await;
    let task = format!("/api/tasks/{}", task["id"].as_str().unwrap());
    let description = description(&app).await;

    let (json_type, body) = (("content-type", "application/json"), r#"{"title":"t"}"#);
    let (unknown, list) = ("/api/tasks/0198c0a4-6f0e-7b53-9a75-3f5b3c1f2f10", "/api/tasks");
    for (method, path, token, headers, body, status) in [
        (Method::GET, list, "", &[][..], "", 401),
        (Method::GET, "/api/tasks?limit=0", &*ada, &[], "", 422),
        (Method::GET, list, &ada, &[("if-none-match", "*")], "", 304),
        (Method::GET, &task, &bob, &[], "", 403),
        (Method::GET, unknown, &ada, &[], "", 404),
        (Method::GET, &task, &ada, &[("if-none-match", "*")], "", 304),
        (Method::POST, list, &ada, &[json_type], "{", 400),
        (Method::POST, list, &ada, &[json_type], body, 409),
        (Method::POST, list, &ada, &[], body, 415),
        (Method::POST, list, &ada, &[json_type], "{}", 422),
        (Method::PATCH, &task, &ada, &[json_type, ("if-match", "\"9\"")], body, 412),
        (Method::PUT, &task, &ada, &[json_type, ("prefer", "handling=strict")], body, 428),
        (Method::DELETE, &task, &ada, &[("if-match", "\"9\"")], "", 412),
        (Method::DELETE, &task, &ada, &[], "", 204),
    ] {
        let mut request = app.request(method.clone(), path, token).body(body.to_owned());
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = request.send().await.unwrap();
        assert_eq!(response.status().as_u16(), status, "{method} {path}");

        let item = if path.starts_with("/api/tasks/") { "/api/tasks/{id}" } else { list };
        let operation = &description["paths"][item][method.as_str().to_lowercase()];
        let described = resolved(&description, &operation["responses"][status.to_string()]);
        for (name, header) in described["headers"].as_object().unwrap() {
            let is_optional = ["Link", "X-Total-Count", "Idempotency-Replayed"].contains(&&**name);
            // The 403 for a missing scope has a challenge; the one for another user's task has none.
            let is_optional = is_optional || (status == 403 && name == "WWW-Authenticate");
            assert!(is_optional || response.headers().contains_key(name), "{name} of {status}");
            assert!(resolved(&description, header)["description"].is_string());
        }
        if status >= 400 {
            let media = &described["content"]["application/problem+json"];
            let problem: Value = response.json().await.unwrap();
            let examples = media["examples"].as_object().unwrap();
            let is_shown =
                examples.values().any(|example| example["value"]["code"] == problem["code"]);
            assert!(is_shown, "an example of {problem}");
        }
    }
}

/// Returns the target of a `$ref`, or the value itself if it is not a reference.
fn resolved<'a>(description: &'a Value, value: &'a Value) -> &'a Value {
    match value["$ref"].as_str() {
        Some(reference) => description.pointer(reference.trim_start_matches('#')).unwrap(),
        None => value,
    }
}
