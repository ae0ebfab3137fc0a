//! Cacheability of responses in browsers and proxies.

use database::{on_both_engines, testing::TestDatabase};
use reqwest::Method;
use serde_json::json;

use crate::app::{TestApp, location};

on_both_engines!(task_service::MIGRATIONS;
    tasks_are_cached_for_their_owner_only_and_revalidated,
    the_state_of_the_service_is_not_stored,
);

async fn tasks_are_cached_for_their_owner_only_and_revalidated(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let ada = app.token("ada");
    let created = app.post(&ada, &json!({ "title": "Buy milk" })).await;
    assert_eq!(created.headers()["cache-control"], "private, no-cache");
    let task = location(&created);

    for (method, path, token, headers, status) in [
        (Method::GET, "/api/tasks", &*ada, None, 200),
        (Method::GET, "/api/tasks", &ada, Some(("if-none-match", "*")), 304),
        (Method::GET, "/api/tasks?limit=0", &ada, None, 422),
        (Method::GET, &task, &ada, None, 200),
        (Method::GET, &task, &ada, Some(("if-none-match", "*")), 304),
        (Method::GET, &task, "unknown", None, 401),
        (Method::PATCH, &task, &ada, Some(("content-type", "text/plain")), 415),
        (Method::GET, "/api/tasks/unknown", &ada, None, 404),
        (Method::GET, &task, &app.token("bob"), None, 403),
        (Method::POST, &task, &ada, None, 405),
    ] {
        let mut request = app.request(method.clone(), path, token);
        if let Some((name, value)) = headers {
            request = request.header(name, value);
        }
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), status, "{method} {path}");
        assert_eq!(response.headers()["cache-control"], "private, no-cache", "{method} {path}");
        assert_eq!(response.headers()["x-content-type-options"], "nosniff", "{method} {path}");
    }
}

async fn the_state_of_the_service_is_not_stored(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;

    for path in ["/health/live", "/health/ready", "/unknown"] {
        let response = app.client.get(app.url(path)).send().await.unwrap();
        assert_eq!(response.headers()["cache-control"], "no-store", "{path}");
        assert_eq!(response.headers()["x-content-type-options"], "nosniff", "{path}");
    }
}
