//! Listings that are sent in several parts look the same to clients as other listings.

use database::{on_both_engines, testing::TestDatabase};
use futures_util::future::join_all;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::app::TestApp;

on_both_engines!(task_service::MIGRATIONS;
    a_long_listing_has_the_tasks_of_its_pages,
    a_long_listing_has_an_entity_tag,
    a_long_listing_links_to_the_next_page,
);

const TASKS: usize = 120;

/// Creates so many long tasks that a listing is sent in several parts. Their text contains
/// characters that JSON escapes.
async fn fill(app: &TestApp, token: &str) {
    let text = "\u{1f600}\"\\\n\u{1}".repeat(500);
    let bodies: Vec<_> = (0..TASKS)
        .map(|number| {
            json!({ "title": format!("{:03}", number * 7 % TASKS), "completed": number % 2 == 0,
                    "description": (number % 3 > 0).then(|| format!("{text}{number}")) })
        })
        .collect();
    for some in bodies.chunks(20) {
        let answers = join_all(some.iter().map(|body| app.post(token, body))).await;
        assert!(answers.iter().all(|answer| answer.status() == StatusCode::CREATED));
    }
}

async fn a_long_listing_has_the_tasks_of_its_pages(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let token = app.token("ada");
    fill(&app, &token).await;

    for query in ["", "&sort=title", "&sort=updated_at&order=asc", "&completed=true&q=%F0%9F%98%80"]
    {
        let pages = app.pages(&format!("/api/tasks?limit=7{query}"), &token).await;
        let query = query.trim_start_matches('&');
        let response = app.get(&format!("/api/tasks?{query}"), &token).await;
        assert_eq!(response.headers()["content-type"], "application/json");
        let all: Vec<Value> = response.json().await.unwrap();
        assert!(all.len() > 20, "{query}");
        assert_eq!(all, pages, "{query}");
    }
}

async fn a_long_listing_has_an_entity_tag(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let token = app.token("ada");
    fill(&app, &token).await;
    let response = app.get("/api/tasks", &token).await;
    let tag = response.headers()["etag"].clone();
    let tasks: Vec<Value> = response.json().await.unwrap();

    let known = app.request(Method::GET, "/api/tasks", &token).header("if-none-match", &tag);
    assert_eq!(known.send().await.unwrap().status(), StatusCode::NOT_MODIFIED);
    let id = tasks[TASKS - 1]["id"].as_str().unwrap();
    assert_eq!(app.patch(id, &token, &json!({ "title": "t" })).await.status(), StatusCode::OK);
    let changed = app.request(Method::GET, "/api/tasks", &token).header("if-none-match", &tag);
    assert_eq!(changed.send().await.unwrap().status(), StatusCode::OK);
}

async fn a_long_listing_links_to_the_next_page(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let token = app.token("ada");
    fill(&app, &token).await;

    for query in ["limit=100", "limit=100&total=true&sort=title"] {
        let response = app.get(&format!("/api/tasks?{query}"), &token).await;
        if query.contains("total") {
            assert_eq!(response.headers()["x-total-count"], TASKS.to_string());
        }
        let next = TestApp::next(&response).unwrap();
        assert_eq!(response.json::<Vec<Value>>().await.unwrap().len(), 100);
        let last = app.get(&next, &token).await;
        assert_eq!(TestApp::next(&last), None);
        assert_eq!(last.json::<Vec<Value>>().await.unwrap().len(), TASKS - 100, "{query}");
    }
}
