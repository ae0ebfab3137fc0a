//! Retries of create requests.

use std::collections::BTreeSet;

use database::{on_both_engines, testing::TestDatabase};
use futures_util::future::join_all;
use reqwest::{Method, Response, StatusCode};
use serde_json::{Value, json};

use crate::app::{TestApp, location, problem};

const DAY: i64 = 24 * 60 * 60;

on_both_engines!(task_service::MIGRATIONS;
    a_retry_creates_nothing_and_gets_the_first_response,
    twenty_concurrent_retries_create_one_task,
    another_body_with_the_same_key_is_refused,
    a_key_belongs_to_its_owner,
    a_key_is_remembered_for_a_day,
    a_refused_create_does_not_use_up_its_key,
    the_keys_of_a_user_are_limited,
    invalid_keys_are_refused,
    without_a_key_every_request_creates_a_task,
);

async fn create(app: &TestApp, token: &str, key: &str, body: &Value) -> Response {
    let request = app.request(Method::POST, "/api/tasks", token).header("idempotency-key", key);
    request.json(body).send().await.unwrap()
}

async fn a_retry_creates_nothing_and_gets_the_first_response(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let token = app.token("ada");
    let body = json!({ "title": "Buy milk", "description": "ünïcode \u{1f511} \"quoted\"" });
    let first = create(&app, &token, "key", &body).await;
    assert_eq!(first.status(), StatusCode::CREATED);
    assert!(!first.headers().contains_key("idempotency-replayed"));
    let path = location(&first);
    let (location, tag) = (first.headers()["location"].clone(), first.headers()["etag"].clone());
    let first = first.text().await.unwrap();

    // Later changes of the task do not affect the response.
    let request = app.request(Method::PATCH, &path, &token).json(&json!({ "title": "changed" }));
    assert_eq!(request.send().await.unwrap().status(), StatusCode::OK);

    let retry = create(&app, &token, "key", &body).await;
    assert_eq!(retry.status(), StatusCode::CREATED);
    assert_eq!(retry.headers()["idempotency-replayed"], "true");
    assert_eq!((&retry.headers()["location"], &retry.headers()["etag"]), (&location, &tag));
    assert_eq!(retry.headers()["content-type"], "application/json");
    assert_eq!(retry.text().await.unwrap(), first);
    assert_eq!(app.titles("/api/tasks", &token).await, ["changed"]);
}

async fn twenty_concurrent_retries_create_one_task(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let token = app.token("ada");
    let body = json!({ "title": "once" });
    let mut ids = BTreeSet::new();
    for response in join_all((0..20).map(|_| create(&app, &token, "key", &body))).await {
        assert_eq!(response.status(), StatusCode::CREATED);
        let task: Value = response.json().await.unwrap();
        ids.insert(task["id"].as_str().unwrap().to_owned());
    }
    assert_eq!(ids.len(), 1);
    assert_eq!(app.titles("/api/tasks", &token).await, ["once"]);
}

async fn another_body_with_the_same_key_is_refused(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let token = app.token("ada");
    let body = json!({ "title": "t", "description": "d" });
    create(&app, &token, "key", &body).await;
    for other in [
        json!({ "title": "other", "description": "d" }),
        json!({ "title": "t", "description": "other" }),
        json!({ "title": "t" }),
        json!({ "title": "t", "description": "d", "completed": true }),
        json!({ "title": "td", "description": "" }),
    ] {
        let response = create(&app, &token, "key", &other).await;
        assert_eq!(response.status(), StatusCode::UNPROCESSABLE_ENTITY, "{other}");
        assert_eq!(problem(response).await["code"], "idempotency_key_reused");
    }
    assert_eq!(app.titles("/api/tasks", &token).await, ["t"]);
}

async fn a_key_belongs_to_its_owner(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let (ada, bob) = (app.token("ada"), app.token("bob"));
    create(&app, &ada, "key", &json!({ "title": "Ada's" })).await;
    let response = create(&app, &bob, "key", &json!({ "title": "Bob's" })).await;
    assert_eq!(response.status(), StatusCode::CREATED);
    let retry = create(&app, &bob, "key", &json!({ "title": "Bob's" })).await;
    assert_eq!(retry.headers()["idempotency-replayed"], "true");
    assert_eq!(retry.json::<Value>().await.unwrap()["title"], "Bob's");
    assert_eq!(app.titles("/api/tasks", &bob).await, ["Bob's"]);
}

async fn a_key_is_remembered_for_a_day(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let body = json!({ "title": "t" });
    create(&app, &app.token("ada"), "key", &body).await;
    app.advance(DAY - 60);
    create(&app, &app.token("ada"), "key", &body).await;
    assert_eq!(app.titles("/api/tasks", &app.token("ada")).await.len(), 1);
    app.advance(120);
    let token = app.token("ada");
    let response = create(&app, &token, "key", &json!({ "title": "new" })).await;
    assert_eq!(response.status(), StatusCode::CREATED);
    assert!(!response.headers().contains_key("idempotency-replayed"));
    let retry = create(&app, &token, "key", &json!({ "title": "new" })).await;
    assert_eq!(retry.headers()["idempotency-replayed"], "true");
    assert_eq!(app.titles("/api/tasks", &token).await, ["new", "t"]);
}

async fn a_refused_create_does_not_use_up_its_key(db: TestDatabase) {
    let app = TestApp::spawn_with(&db, |config| config.max_tasks_per_user = 1).await;
    let token = app.token("ada");
    let invalid = create(&app, &token, "key", &json!({ "title": "" })).await;
    assert_eq!(invalid.status(), StatusCode::UNPROCESSABLE_ENTITY);
    let task = app.create(&token, &json!({ "title": "in the way" })).await;
    let full = create(&app, &token, "key", &json!({ "title": "t" })).await;
    assert_eq!(full.status(), StatusCode::CONFLICT);
    app.delete(task["id"].as_str().unwrap(), &token).await;
    let response = create(&app, &token, "key", &json!({ "title": "t" })).await;
    assert_eq!(response.status(), StatusCode::CREATED);
}

/// A stored response counts towards the limit even if its task does not exist.
async fn the_keys_of_a_user_are_limited(db: TestDatabase) {
    let app = TestApp::spawn_with(&db, |config| config.max_tasks_per_user = 10).await;
    let (ada, bob) = (app.token("ada"), app.token("bob"));
    let body = json!({ "title": "Buy milk" });
    assert_eq!(create(&app, &bob, "key", &body).await.status(), StatusCode::CREATED);
    db.change(
        "INSERT INTO idempotency_keys \
             (user_id, key, request_hash, task_id, answer, created_at) \
         WITH RECURSIVE numbers (number) AS \
             (SELECT 1 UNION ALL SELECT number + 1 FROM numbers WHERE number < 1000) \
         SELECT 'ada', key || number, request_hash, task_id, answer, created_at \
         FROM idempotency_keys, numbers",
    )
    .await;

    let refused = create(&app, &ada, "another", &body).await;
    assert_eq!(refused.status(), StatusCode::CONFLICT);
    assert_eq!(problem(refused).await["code"], "quota_exceeded");
    assert_eq!(create(&app, &ada, "key1", &body).await.status(), StatusCode::CREATED, "a retry");
    assert_eq!(app.post(&ada, &body).await.status(), StatusCode::CREATED, "without a key");
    assert_eq!(create(&app, &bob, "another", &body).await.status(), StatusCode::CREATED);
}

async fn invalid_keys_are_refused(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let token = app.token("ada");
    for key in ["", &"x".repeat(256), "ünïcode"] {
        let response = create(&app, &token, key, &json!({ "title": "t" })).await;
        assert_eq!(response.status(), StatusCode::UNPROCESSABLE_ENTITY, "{key}");
        assert_eq!(
            problem(response).await["errors"][0]["loc"],
            json!(["header", "Idempotency-Key"])
        );
    }
    let twice = app.request(Method::POST, "/api/tasks", &token).header("idempotency-key", "a");
    let twice = twice.header("idempotency-key", "b").json(&json!({ "title": "t" }));
    assert_eq!(twice.send().await.unwrap().status(), StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(app.titles("/api/tasks", &token).await, [""; 0]);
}

async fn without_a_key_every_request_creates_a_task(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let token = app.token("ada");
    for _ in 0..2 {
        app.create(&token, &json!({ "title": "t" })).await;
    }
    assert_eq!(app.titles("/api/tasks", &token).await, ["t", "t"]);
}
