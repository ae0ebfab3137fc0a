//! The life cycle of a task through the API, and what all endpoints have in common.

use actix_web::{body::to_bytes, http::header::CONTENT_TYPE};
use database::{on_both_engines, testing::TestDatabase};
use futures_util::future::join_all;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use service_kit::Service as _;
use task_service::app::TaskService;

use crate::app::{TestApp, location, problem};

on_both_engines!(task_service::MIGRATIONS;
    a_task_is_created_read_updated_and_deleted,
    create_and_read_return_the_same_representation,
    put_and_patch_keep_absent_fields,
    null_clears_the_description_and_nothing_else,
    concurrent_patches_of_different_fields_are_both_kept,
    fifty_creates_at_once_all_succeed,
    of_twenty_deletes_at_once_one_succeeds,
    a_hundred_simultaneous_reads_succeed,
    an_unknown_path_is_a_problem,
    a_wrong_method_returns_the_allowed_ones,
    head_is_supported_wherever_get_is,
    the_service_reports_liveness_and_readiness,
    a_request_id_is_kept_or_generated,
);

async fn a_task_is_created_read_updated_and_deleted(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let token = app.token("ada");

    let response = app.post(&token, &json!({ "title": "Buy milk" })).await;
    assert_eq!(response.status(), StatusCode::CREATED);
    let location = location(&response);
    let task: Value = response.json().await.unwrap();
    let id = task["id"].as_str().unwrap();
    assert_eq!(location, format!("/api/tasks/{id}"));
    assert_eq!(
        task.as_object().unwrap().keys().collect::<Vec<_>>(),
        ["completed", "created_at", "description", "id", "title", "updated_at", "user_id"]
    );
    assert_eq!(task["description"], Value::Null);
    assert_eq!(task["completed"], false);
    assert_eq!(task["created_at"], task["updated_at"]);

    let done = app.patch(id, &token, &json!({ "completed": true })).await;
    assert_eq!(done.status(), StatusCode::OK);
    assert_eq!(done.json::<Value>().await.unwrap()["completed"], true);

    let deleted = app.delete(id, &token).await;
    assert_eq!(deleted.status(), StatusCode::NO_CONTENT);
    assert_eq!(deleted.text().await.unwrap(), "");
    assert_eq!(app.get(&location, &token).await.status(), StatusCode::NOT_FOUND);
}

async fn create_and_read_return_the_same_representation(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let token = app.token("ada");
    let created = app
        .create(&token, &json!({ "title": " ünïcode 🔑 ", "description": "", "completed": true }))
        .await;
    let path = format!("/api/tasks/{}", created["id"].as_str().unwrap());
    let read: Value = app.get(&path, &token).await.json().await.unwrap();
    assert_eq!(read, created);
    assert_eq!(read["title"], " ünïcode 🔑 ");
    assert_eq!(read["description"], "");
}

async fn put_and_patch_keep_absent_fields(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let token = app.token("ada");
    let task = app.create(&token, &json!({ "title": "t", "description": "d" })).await;
    let path = format!("/api/tasks/{}", task["id"].as_str().unwrap());
    for method in [Method::PUT, Method::PATCH] {
        let request = app.request(method, &path, &token).json(&json!({ "completed": true }));
        let answer: Value = request.send().await.unwrap().json().await.unwrap();
        assert_eq!((&answer["title"], &answer["description"]), (&json!("t"), &json!("d")));
        assert_eq!(answer["completed"], true);
    }
}

async fn null_clears_the_description_and_nothing_else(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let token = app.token("ada");
    let task = app.create(&token, &json!({ "title": "t", "description": "d" })).await;
    let id = task["id"].as_str().unwrap();
    for member in ["title", "completed"] {
        let response = app.patch(id, &token, &json!({ member: null })).await;
        assert_eq!(response.status(), StatusCode::UNPROCESSABLE_ENTITY, "{member}");
    }
    let cleared: Value =
        app.patch(id, &token, &json!({ "description": null })).await.json().await.unwrap();
    assert_eq!(cleared["description"], Value::Null);
    assert_eq!(cleared["title"], "t");
}

async fn concurrent_patches_of_different_fields_are_both_kept(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let token = app.token("ada");
    let task = app.create(&token, &json!({ "title": "t", "description": "d" })).await;
    let id = task["id"].as_str().unwrap();
    let changes = [
        json!({ "title": "new title" }),
        json!({ "description": "new description" }),
        json!({ "completed": true }),
    ];
    let patches = changes.iter().map(|change| app.patch(id, &token, change));
    for response in join_all(patches).await {
        assert_eq!(response.status(), StatusCode::OK);
    }
    let path = format!("/api/tasks/{id}");
    let task: Value = app.get(&path, &token).await.json().await.unwrap();
    assert_eq!(task["title"], "new title");
    assert_eq!(task["description"], "new description");
    assert_eq!(task["completed"], true);
}

async fn fifty_creates_at_once_all_succeed(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let token = app.token("ada");
    let body = json!({ "title": "t" });
    let creates = (0..50).map(|_| app.post(&token, &body));
    for response in join_all(creates).await {
        assert_eq!(response.status(), StatusCode::CREATED);
    }
    assert_eq!(app.titles("/api/tasks", &token).await.len(), 50);
}

async fn of_twenty_deletes_at_once_one_succeeds(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let token = app.token("ada");
    let task = app.create(&token, &json!({ "title": "t" })).await;
    let id = task["id"].as_str().unwrap();
    let deletes = join_all((0..20).map(|_| app.delete(id, &token))).await;
    let gone = deletes.iter().filter(|answer| answer.status() == StatusCode::NO_CONTENT).count();
    let missing = deletes.iter().filter(|answer| answer.status() == StatusCode::NOT_FOUND).count();
    assert_eq!((gone, missing), (1, 19));
}

async fn a_hundred_simultaneous_reads_succeed(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let token = app.token("ada");
    app.create(&token, &json!({ "title": "t" })).await;
    let reads = (0..100).map(|_| app.get("/api/tasks", &token));
    for response in join_all(reads).await {
        assert_eq!(response.status(), StatusCode::OK);
    }
}

async fn an_unknown_path_is_a_problem(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    for path in ["/", "/api", "/api/tasks/", "/api/tasks/1/2", "//api/tasks", "/openapi"] {
        let response = app.client.get(app.url(path)).send().await.unwrap();
        assert_eq!(response.status(), StatusCode::NOT_FOUND, "{path}");
        assert_eq!(problem(response).await["code"], "not_found");
    }
}

/// No request is known to panic, so this tests the response alone. A test of service-kit checks
/// that a request that panics gets this response.
#[actix_web::test]
async fn the_response_to_a_panic_is_a_problem() {
    let response = TaskService::panicked();
    assert_eq!(response.status().as_u16(), 500);
    assert_eq!(response.headers().get(CONTENT_TYPE).unwrap(), "application/problem+json");
    let body = to_bytes(response.into_body()).await.unwrap();
    let body: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(body["code"], "internal_error");
}

async fn a_wrong_method_returns_the_allowed_ones(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    for (method, path, allow) in [
        (Method::DELETE, "/api/tasks", "GET, HEAD, POST"),
        (Method::POST, "/api/tasks/1", "GET, HEAD, PUT, PATCH, DELETE"),
        (Method::TRACE, "/api/tasks", "GET, HEAD, POST"),
        (Method::POST, "/health/live", "GET, HEAD"),
    ] {
        let response = app.request(method.clone(), path, "x").send().await.unwrap();
        assert_eq!(response.status(), StatusCode::METHOD_NOT_ALLOWED, "{method} {path}");
        assert_eq!(response.headers()["allow"], allow);
        assert_eq!(problem(response).await["code"], "method_not_allowed");
    }
}

async fn the_service_reports_liveness_and_readiness(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    app.create(&app.token("ada"), &json!({ "title": "by now the keys are here" })).await;
    for path in ["/health/live", "/health/ready"] {
        let response = app.client.get(app.url(path)).send().await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(response.json::<Value>().await.unwrap()["status"], "ok");
    }
}

async fn a_request_id_is_kept_or_generated(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let request = app.client.get(app.url("/health/live")).header("x-request-id", "from-the-client");
    let response = request.send().await.unwrap();
    assert_eq!(response.headers()["x-request-id"], "from-the-client");
    for unusable in ["with blanks", "", &"x".repeat(200)] {
        let request = app.client.get(app.url("/health/live")).header("x-request-id", unusable);
        let response = request.send().await.unwrap();
        assert_eq!(response.headers()["x-request-id"].len(), 32, "{unusable:?}");
    }
}

async fn head_is_supported_wherever_get_is(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let token = app.token("ada");
    let task = location(&app.post(&token, &json!({ "title": "Buy milk" })).await);
    for path in [
        "/api/tasks",
        "/api/tasks?limit=0",
        &task,
        "/api/tasks/unknown",
        "/health/live",
        "/health/ready",
        "/openapi.json",
        "/docs",
        "/docs/",
        "/unknown",
    ] {
        let get = app.get(path, &token).await;
        let head = app.request(Method::HEAD, path, &token).send().await.unwrap();
        assert_eq!(head.status(), get.status(), "{path}");
        for name in ["content-type", "content-length", "etag", "cache-control", "location"] {
            assert_eq!(head.headers().get(name), get.headers().get(name), "{name} of {path}");
        }
        assert_eq!(head.text().await.unwrap(), "", "{path}");
    }
}
