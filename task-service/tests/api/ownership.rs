//! Access to tasks without a token, with an invalid token, as another user and as the owner.

use database::{on_both_engines, testing::TestDatabase};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use task_service::config::ForeignTasks;

use crate::app::{TestApp, problem};

on_both_engines!(task_service::MIGRATIONS;
    every_route_checks_the_token_first,
    another_users_task_is_forbidden_and_unchanged,
    another_users_task_is_not_found_if_so_configured,
    a_missing_task_returns_404,
    no_query_lists_tasks_of_other_users,
    the_owner_is_exactly_the_sub_claim,
    a_body_cannot_set_the_owner,
);

async fn every_route_checks_the_token_first(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    for (method, path) in [
        (Method::GET, "/api/tasks"),
        (Method::GET, "/api/tasks?limit=nonsense"),
        (Method::POST, "/api/tasks"),
        (Method::GET, "/api/tasks/not-an-id"),
        (Method::PUT, "/api/tasks/not-an-id"),
        (Method::PATCH, "/api/tasks/not-an-id"),
        (Method::DELETE, "/api/tasks/not-an-id"),
    ] {
        let request = app.client.request(method.clone(), app.url(path)).body("{ not json");
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), StatusCode::UNAUTHORIZED, "{method} {path}");
        assert_eq!(response.headers()["www-authenticate"], "Bearer");
        assert_eq!(problem(response).await["detail"], "Invalid token");

        let response = app.request(method.clone(), path, "nonsense").send().await.unwrap();
        assert_eq!(response.status(), StatusCode::UNAUTHORIZED, "{method} {path}");
        assert_eq!(response.headers()["www-authenticate"], r#"Bearer error="invalid_token""#);
        assert_eq!(problem(response).await["detail"], "Invalid token");
    }
}

async fn another_users_task_is_forbidden_and_unchanged(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let (ada, bob) = (app.token("ada"), app.token("bob"));
    let task = app.create(&ada, &json!({ "title": "Ada's" })).await;
    let path = format!("/api/tasks/{}", task["id"].as_str().unwrap());
    for (method, verb) in [
        (Method::GET, "access"),
        (Method::PUT, "update"),
        (Method::PATCH, "update"),
        (Method::DELETE, "delete"),
    ] {
        let request = app.request(method.clone(), &path, &bob).json(&json!({ "title": "Bob's" }));
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), StatusCode::FORBIDDEN, "{method}");
        let detail = format!("Not authorized to {verb} this task");
        assert_eq!(problem(response).await["detail"], detail);
    }
    let unchanged: Value = app.get(&path, &ada).await.json().await.unwrap();
    assert_eq!(unchanged, task);
}

async fn another_users_task_is_not_found_if_so_configured(db: TestDatabase) {
    let app =
        TestApp::spawn_with(&db, |config| config.foreign_tasks = ForeignTasks::NotFound).await;
    let (ada, bob) = (app.token("ada"), app.token("bob"));
    let task = app.create(&ada, &json!({ "title": "Ada's" })).await;
    let path = format!("/api/tasks/{}", task["id"].as_str().unwrap());
    let missing = "/api/tasks/0192f0c1-7a7e-7000-8000-000000000001";
    for method in [Method::GET, Method::PUT, Method::PATCH, Method::DELETE] {
        for tag in ["*", "\"7\""] {
            let mut problems = Vec::new();
            for path in [&*path, missing] {
                let request = app.request(method.clone(), path, &bob).header("if-match", tag);
                let response = request.json(&json!({ "title": "Bob's" })).send().await.unwrap();
                assert_eq!(response.status(), StatusCode::NOT_FOUND, "{method} {tag}");
                problems.push(problem(response).await);
            }
            assert_eq!(problems[0], problems[1]);
        }
    }
    // The owner's requests also fail if `If-Match` has another version.
    for method in [Method::PATCH, Method::DELETE] {
        let request = app.request(method.clone(), &path, &ada).header("if-match", "\"7\"");
        let response = request.json(&json!({ "title": "Ada's" })).send().await.unwrap();
        assert_eq!(response.status(), StatusCode::PRECONDITION_FAILED, "{method}");
    }
    let unchanged: Value = app.get(&path, &ada).await.json().await.unwrap();
    assert_eq!(unchanged, task);
}

async fn a_missing_task_returns_404(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let token = app.token("ada");
    for id in [
        "0192f0c1-7a7e-7000-8000-000000000001",
        "1",
        "not-an-id",
        "%00",
        "..%2Ftasks",
        "0192f0c17a7e70008000000000000001",
        "99999999999999999999999999999999999999999999",
        "%F0%9F%98%80",
    ] {
        for method in [Method::GET, Method::PUT, Method::PATCH, Method::DELETE] {
            let path = format!("/api/tasks/{id}");
            let request = app.request(method.clone(), &path, &token).json(&json!({}));
            let response = request.send().await.unwrap();
            assert_eq!(response.status(), StatusCode::NOT_FOUND, "{method} {id}");
            problem(response).await;
        }
    }
}

async fn no_query_lists_tasks_of_other_users(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let (ada, bob) = (app.token("ada"), app.token("bob"));
    app.create(&ada, &json!({ "title": "Ada's" })).await;
    app.create(&bob, &json!({ "title": "Bob's" })).await;
    for path in ["/api/tasks", "/api/tasks?limit=1000", "/api/tasks?q=s", "/api/tasks?sort=title"] {
        assert_eq!(app.titles(path, &bob).await, ["Bob's"]);
    }
    for path in ["/api/tasks?user_id=ada", "/api/tasks?owner=ada"] {
        assert_eq!(app.get(path, &bob).await.status(), StatusCode::UNPROCESSABLE_ENTITY);
    }
    let request = app.request(Method::GET, "/api/tasks", &bob).header("x-user-id", "ada");
    let tasks: Vec<Value> = request.send().await.unwrap().json().await.unwrap();
    assert_eq!(tasks.len(), 1);
}

async fn the_owner_is_exactly_the_sub_claim(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    for sub in ["1", "auth0|5f7c8ec7c33c6c004bbafe82", "é🔑", &"x".repeat(255), "' OR 1=1 --"] {
        let token = app.token(sub);
        let task = app.create(&token, &json!({ "title": "mine" })).await;
        assert_eq!(task["user_id"], sub);
        assert_eq!(app.titles("/api/tasks", &token).await, ["mine"]);
    }
}

async fn a_body_cannot_set_the_owner(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let token = app.token("ada");
    let forged = json!({
        "title": "t",
        "id": "0192f0c1-7a7e-7000-8000-000000000001",
        "user_id": "bob",
        "created_at": "2000-01-01T00:00:00Z",
        "updated_at": "2000-01-01T00:00:00Z",
    });
    let task = app.create(&token, &forged).await;
    let id = task["id"].as_str().unwrap();
    let changed: Value = app.patch(id, &token, &forged).await.json().await.unwrap();
    for answer in [&task, &changed] {
        assert_ne!(answer["id"], forged["id"]);
        assert_eq!(answer["user_id"], "ada");
        assert!(answer["created_at"].as_str().unwrap() > "2020");
        assert!(answer["updated_at"].as_str().unwrap() > "2020");
    }
    assert_eq!(changed["created_at"], task["created_at"]);
}
