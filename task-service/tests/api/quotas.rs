//! Quotas and rate limits per user.

use std::time::Duration;

use database::{on_both_engines, testing::TestDatabase};
use futures_util::future::join_all;
use reqwest::{Response, StatusCode};
use serde_json::json;
use task_service::config::RateLimit;

use crate::app::{TestApp, problem};

on_both_engines!(task_service::MIGRATIONS;
    a_create_beyond_the_quota_is_rejected,
    a_large_quota_is_enforced_too,
    exceeding_the_rate_limit_returns_429_with_retry_after,
    setting_the_clock_back_rejects_no_request,
    every_response_has_rate_limit_headers,
    a_limit_can_be_switched_off,
);

async fn a_create_beyond_the_quota_is_rejected(db: TestDatabase) {
    let app = TestApp::spawn_with(&db, |config| config.max_tasks_per_user = 3).await;
    let (ada, bob) = (app.token("ada"), app.token("bob"));
    let task = app.create(&ada, &json!({ "title": "t" })).await;
    for _ in 0..2 {
        app.create(&ada, &json!({ "title": "t" })).await;
    }
    let response = app.post(&ada, &json!({ "title": "t" })).await;
    assert_eq!(response.status(), StatusCode::CONFLICT);
    let problem = problem(response).await;
    assert_eq!(problem["code"], "quota_exceeded");
    assert_eq!(problem["detail"], "You have reached the maximum of 3 tasks; delete some first");

    app.create(&bob, &json!({ "title": "Bob's" })).await;
    app.delete(task["id"].as_str().unwrap(), &ada).await;
    app.create(&ada, &json!({ "title": "t" })).await;
}

async fn a_large_quota_is_enforced_too(db: TestDatabase) {
    let app = TestApp::spawn_with(&db, |config| config.max_tasks_per_user = 100).await;
    let token = app.token("ada");
    let body = json!({ "title": "t" });
    for _ in 0..100 {
        app.create(&token, &body).await;
    }
    assert_eq!(app.post(&token, &body).await.status(), StatusCode::CONFLICT);
}

fn number(response: &Response, name: &str) -> u64 {
    response.headers()[name].to_str().unwrap().parse().unwrap()
}

fn limit(requests: u32, window: Duration) -> RateLimit {
    RateLimit::Of { requests, window }
}

async fn exceeding_the_rate_limit_returns_429_with_retry_after(db: TestDatabase) {
    let hour = Duration::from_hours(1);
    let app = TestApp::spawn_with(&db, |config| config.rate_limit = limit(5, hour)).await;
    let (ada, bob) = (app.token("ada"), app.token("bob"));
    let answers = join_all((0..20).map(|_| app.get("/api/tasks", &ada))).await;
    let answered = answers.iter().filter(|answer| answer.status() == StatusCode::OK).count();
    assert_eq!(answered, 5, "also when they come at once");

    let response = app.get("/api/tasks", &ada).await;
    assert_eq!(response.status(), StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(number(&response, "ratelimit-remaining"), 0);
    let retry_after = number(&response, "retry-after");
    assert!((600..=720).contains(&retry_after), "{retry_after}");
    assert_eq!(problem(response).await["code"], "rate_limited");

    assert_eq!(app.status_for(&app.token("ada")).await, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(app.status_for(&bob).await, StatusCode::OK);
    app.advance(720);
    assert_eq!(app.status_for(&ada).await, StatusCode::OK);
    assert_eq!(app.status_for(&ada).await, StatusCode::TOO_MANY_REQUESTS);
}

async fn setting_the_clock_back_rejects_no_request(db: TestDatabase) {
    let window = Duration::from_secs(10);
    let app = TestApp::spawn_with(&db, |config| config.rate_limit = limit(100, window)).await;
    app.advance(3600);
    for _ in 0..5 {
        assert_eq!(app.status_for(&app.token("ada")).await, StatusCode::OK);
    }

    app.advance(-3600);

    let response = app.get("/api/tasks", &app.token("ada")).await;
    assert_eq!(response.status(), StatusCode::OK);
    assert!(number(&response, "ratelimit-reset") <= 10);
}

async fn every_response_has_rate_limit_headers(db: TestDatabase) {
    let hour = Duration::from_hours(1);
    let app = TestApp::spawn_with(&db, |config| config.rate_limit = limit(100, hour)).await;
    let token = app.token("ada");
    for (remaining, path, status) in [
        (99, "/api/tasks", StatusCode::OK),
        (98, "/api/tasks/1", StatusCode::NOT_FOUND),
        (97, "/api/tasks?limit=x", StatusCode::UNPROCESSABLE_ENTITY),
    ] {
        let response = app.get(path, &token).await;
        assert_eq!(response.status(), status);
        assert_eq!(number(&response, "ratelimit-limit"), 100);
        assert_eq!(number(&response, "ratelimit-remaining"), remaining);
        assert!(number(&response, "ratelimit-reset") <= 3 * 36);
    }
    let nobody = app.get("/api/tasks", "nonsense").await;
    assert!(!nobody.headers().contains_key("ratelimit-limit"), "who is nobody has no limit");
}

async fn a_limit_can_be_switched_off(db: TestDatabase) {
    let app = TestApp::spawn_with(&db, |config| config.rate_limit = RateLimit::Off).await;
    let response = app.get("/api/tasks", &app.token("ada")).await;
    assert!(!response.headers().contains_key("ratelimit-limit"));
}
