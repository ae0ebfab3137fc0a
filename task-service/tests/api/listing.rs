//! Listings and pagination.

use database::{on_both_engines, testing::TestDatabase};
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::app::{TestApp, problem};

on_both_engines!(task_service::MIGRATIONS;
    a_listing_is_an_array_newest_first,
    pages_follow_one_another_without_gap_or_repetition,
    the_last_page_has_no_link,
    a_malformed_page_is_refused_by_name,
);

async fn titles_made(app: &TestApp, token: &str, count: usize) -> Vec<String> {
    let mut titles = Vec::new();
    for number in 0..count {
        let title = format!("task {number}");
        app.create(token, &json!({ "title": title })).await;
        titles.insert(0, title);
    }
    titles
}

async fn a_listing_is_an_array_newest_first(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let token = app.token("ada");
    assert_eq!(app.get("/api/tasks", &token).await.json::<Value>().await.unwrap(), json!([]));
    let titles = titles_made(&app, &token, 5).await;
    assert_eq!(app.titles("/api/tasks", &token).await, titles);
}

async fn pages_follow_one_another_without_gap_or_repetition(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let token = app.token("ada");
    let expected = titles_made(&app, &token, 7).await;

    let (mut path, mut seen) = ("/api/tasks?limit=3".to_owned(), Vec::new());
    loop {
        let response = app.get(&path, &token).await;
        let next = TestApp::next(&response);
        let tasks: Vec<Value> = response.json().await.unwrap();
        seen.extend(tasks.iter().map(|task| task["title"].as_str().unwrap().to_owned()));
        // A task created in the meantime is newer than the tasks on all remaining pages.
        app.create(&token, &json!({ "title": "meanwhile" })).await;
        let Some(next) = next else { break };
        path = next;
    }
    assert_eq!(seen, expected);
}

async fn the_last_page_has_no_link(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let token = app.token("ada");
    titles_made(&app, &token, 3).await;
    for (path, has_link) in
        [("/api/tasks?limit=2", true), ("/api/tasks?limit=3", false), ("/api/tasks", false)]
    {
        let response = app.get(path, &token).await;
        assert_eq!(response.headers().contains_key("link"), has_link, "{path}");
    }
}

async fn a_malformed_page_is_refused_by_name(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let token = app.token("ada");
    for (query, name) in [
        ("limit=0", "limit"),
        ("limit=1001", "limit"),
        ("limit=-1", "limit"),
        ("limit=ten", "limit"),
        ("limit=", "limit"),
        ("limit=99999999999999999999", "limit"),
        ("cursor=nonsense", "cursor"),
        ("cursor=%00", "cursor"),
    ] {
        let response = app.get(&format!("/api/tasks?{query}"), &token).await;
        assert_eq!(response.status(), StatusCode::UNPROCESSABLE_ENTITY, "{query}");
        let problem = problem(response).await;
        assert_eq!(problem["errors"][0]["loc"], json!(["query", name]), "{query}");
    }
}
