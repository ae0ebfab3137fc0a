//! Filters, sort orders and totals of listings.

use std::collections::BTreeSet;

use database::{on_both_engines, testing::TestDatabase};
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::app::{TestApp, problem};

on_both_engines!(task_service::MIGRATIONS;
    open_and_done_tasks_are_listed_apart,
    time_filters_select_later_tasks,
    a_search_matches_title_and_description_in_any_case,
    percent_underscore_and_backslash_are_literal,
    filters_narrow_each_other,
    a_listing_is_sorted_as_requested,
    every_order_is_paged_without_gap_or_repetition,
    the_next_page_keeps_the_query,
    the_total_is_returned_on_request,
    unknown_and_malformed_parameters_are_refused_by_name,
);

async fn create_all(app: &TestApp, token: &str, titles: &[&str]) -> Vec<Value> {
    let mut tasks = Vec::new();
    for title in titles {
        tasks.push(app.create(token, &json!({ "title": title })).await);
    }
    tasks
}

async fn complete(app: &TestApp, token: &str, task: &Value) {
    let id = task["id"].as_str().unwrap();
    let response = app.patch(id, token, &json!({ "completed": true })).await;
    assert_eq!(response.status(), StatusCode::OK);
}

/// Returns the titles of the listed tasks as a set, for tests in which the order does not matter.
async fn found(app: &TestApp, token: &str, query: &str) -> BTreeSet<String> {
    app.titles(&format!("/api/tasks?{query}"), token).await.into_iter().collect()
}

fn titles<const N: usize>(titles: [&str; N]) -> BTreeSet<String> {
    titles.into_iter().map(str::to_owned).collect()
}

async fn open_and_done_tasks_are_listed_apart(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let token = app.token("ada");
    let tasks = create_all(&app, &token, &["a", "b", "c"]).await;
    complete(&app, &token, &tasks[1]).await;
    assert_eq!(found(&app, &token, "completed=true").await, titles(["b"]));
    assert_eq!(found(&app, &token, "completed=false").await, titles(["a", "c"]));
}

async fn time_filters_select_later_tasks(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let token = app.token("ada");
    let first = app.create(&token, &json!({ "title": "first" })).await;
    app.advance(60);
    app.create(&token, &json!({ "title": "second" })).await;
    let created = first["created_at"].as_str().unwrap();

    assert_eq!(found(&app, &token, &format!("created_after={created}")).await, titles(["second"]));
    let elsewhere = created.replace('Z', "%2B00:00");
    assert_eq!(
        found(&app, &token, &format!("created_after={elsewhere}")).await,
        titles(["second"])
    );
    assert_eq!(
        found(&app, &token, "created_after=1970-01-01T00:00:00Z").await,
        titles(["first", "second"])
    );

    app.advance(60);
    complete(&app, &token, &first).await;
    let query = format!("updated_after={created}&completed=true");
    assert_eq!(found(&app, &token, &query).await, titles(["first"]));
}

async fn a_search_matches_title_and_description_in_any_case(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let token = app.token("ada");
    app.create(&token, &json!({ "title": "ÄPFEL kaufen", "description": "im Hofladen" })).await;
    app.create(&token, &json!({ "title": "Straße fegen" })).await;
    app.create(&token, &json!({ "title": "Звонок", "description": "МАМЕ, e\u{301}te\u{301}" }))
        .await;
    for (text, title) in [
        ("äpfel", "ÄPFEL kaufen"),
        ("HOFLADEN", "ÄPFEL kaufen"),
        ("STRASSE", "Straße fegen"),
        ("ßE F", "Straße fegen"),
        ("маме", "Звонок"),
        ("звон", "Звонок"),
        ("ÉTÉ", "Звонок"),
    ] {
        assert_eq!(found(&app, &token, &format!("q={text}")).await, titles([title]), "{text}");
    }
    assert_eq!(found(&app, &token, "q=apfel").await, titles([]));
    assert_eq!(found(&app, &token, "q=").await.len(), 3, "an empty text is no filter");

    let task = app.create(&token, &json!({ "title": "before", "description": "old" })).await;
    let id = task["id"].as_str().unwrap();
    app.patch(id, &token, &json!({ "title": "AFTER", "description": "NEW" })).await;
    assert_eq!(found(&app, &token, "q=after").await, titles(["AFTER"]));
    assert_eq!(found(&app, &token, "q=new").await, titles(["AFTER"]));
    for gone in ["before", "old"] {
        assert_eq!(found(&app, &token, &format!("q={gone}")).await, titles([]), "{gone}");
    }
    app.patch(id, &token, &json!({ "description": null })).await;
    assert_eq!(found(&app, &token, "q=new").await, titles([]));
}

async fn percent_underscore_and_backslash_are_literal(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let token = app.token("ada");
    create_all(&app, &token, &["100 % sure", "a_b", "c:\\temp", "plain"]).await;
    assert_eq!(found(&app, &token, "q=%25").await, titles(["100 % sure"]));
    assert_eq!(found(&app, &token, "q=_").await, titles(["a_b"]));
    assert_eq!(found(&app, &token, "q=%5C").await, titles(["c:\\temp"]));
    assert_eq!(found(&app, &token, "q=%5C%25").await, titles([]));
    assert_eq!(found(&app, &token, "q=' OR 1=1 --").await, titles([]));
}

async fn filters_narrow_each_other(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let token = app.token("ada");
    let tasks = create_all(&app, &token, &["milk", "more milk", "bread"]).await;
    complete(&app, &token, &tasks[0]).await;
    complete(&app, &token, &tasks[2]).await;
    assert_eq!(found(&app, &token, "q=milk&completed=true").await, titles(["milk"]));
    assert_eq!(found(&app, &token, "completed=false&q=bread").await, titles([]));
}

async fn a_listing_is_sorted_as_requested(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let token = app.token("ada");
    let mut tasks = Vec::new();
    for title in ["banana", "Apple", "äpple", "cherry"] {
        tasks.push(app.create(&token, &json!({ "title": title })).await);
        app.advance(1);
    }
    complete(&app, &token, &tasks[1]).await;
    for (query, expected) in [
        ("", ["cherry", "äpple", "Apple", "banana"]),
        ("sort=created_at", ["cherry", "äpple", "Apple", "banana"]),
        ("order=asc", ["banana", "Apple", "äpple", "cherry"]),
        ("sort=created_at&order=asc", ["banana", "Apple", "äpple", "cherry"]),
        ("sort=updated_at", ["Apple", "cherry", "äpple", "banana"]),
        ("sort=updated_at&order=asc", ["banana", "äpple", "cherry", "Apple"]),
        ("sort=title", ["Apple", "banana", "cherry", "äpple"]),
        ("sort=title&order=desc", ["äpple", "cherry", "banana", "Apple"]),
    ] {
        assert_eq!(app.titles(&format!("/api/tasks?{query}"), &token).await, expected, "{query}");
    }
}

async fn every_order_is_paged_without_gap_or_repetition(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let token = app.token("ada");
    // Titles repeat, so that pages end between tasks with equal sort keys.
    for number in 0..12 {
        app.create(&token, &json!({ "title": format!("same {}", number % 3) })).await;
    }
    for sort in ["created_at", "updated_at", "title"] {
        for order in ["asc", "desc"] {
            let query = format!("sort={sort}&order={order}");
            let whole = app.get(&format!("/api/tasks?{query}"), &token).await;
            let whole: Vec<Value> = whole.json().await.unwrap();
            assert_eq!(whole.len(), 12);
            let pages = app.pages(&format!("/api/tasks?limit=5&{query}"), &token).await;
            assert_eq!(pages, whole, "{query}");
        }
    }
}

async fn the_next_page_keeps_the_query(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let token = app.token("ada");
    create_all(&app, &token, &["a & b 1", "nothing", "A & B 2", "a & b 3", "a + b"]).await;
    let path = "/api/tasks?q=a+%26+B&limit=1&sort=title&order=desc&completed=false";
    let pages = app.pages(path, &token).await;
    let found: Vec<_> = pages.iter().map(|task| task["title"].as_str().unwrap()).collect();
    assert_eq!(found, ["a & b 3", "A & B 2", "a & b 1"]);

    let next = TestApp::next(&app.get("/api/tasks?limit=1", &token).await).unwrap();
    let other = app.get(&format!("{next}&sort=title"), &token).await;
    assert_eq!(
        other.status(),
        StatusCode::UNPROCESSABLE_ENTITY,
        "a cursor is valid for one sort order"
    );
}

async fn the_total_is_returned_on_request(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let token = app.token("ada");
    create_all(&app, &token, &["a 1", "a 2", "a 3", "b"]).await;
    for (query, total) in [
        ("", None),
        ("total=false", None),
        ("total=true", Some("4")),
        ("total=true&limit=2", Some("4")),
        ("total=true&q=a&limit=1", Some("3")),
        ("total=true&q=nothing", Some("0")),
    ] {
        let response = app.get(&format!("/api/tasks?{query}"), &token).await;
        let header = response.headers().get("x-total-count").map(|total| total.to_str().unwrap());
        assert_eq!(header, total, "{query}");
    }
}

async fn unknown_and_malformed_parameters_are_refused_by_name(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let token = app.token("ada");
    let long = format!("q={}", "x".repeat(256));
    for (query, name) in [
        ("page=2", "page"),
        ("Limit=2", "Limit"),
        ("=1", ""),
        ("completed=yes", "completed"),
        ("completed=", "completed"),
        ("total=1", "total"),
        ("created_after=yesterday", "created_after"),
        ("created_after=2026-01-02", "created_after"),
        ("created_after=0000-12-31T23:59:59Z", "created_after"),
        ("updated_after=99999-01-01T00:00:00Z", "updated_after"),
        ("sort=user_id", "sort"),
        ("order=up", "order"),
        ("q=a%00b", "q"),
        (&long, "q"),
        ("limit=1&limit=2", "limit"),
    ] {
        let response = app.get(&format!("/api/tasks?{query}"), &token).await;
        assert_eq!(response.status(), StatusCode::UNPROCESSABLE_ENTITY, "{query}");
        let problem = problem(response).await;
        assert_eq!(problem["errors"][0]["loc"], json!(["query", name]), "{query}");
    }
    let response = app.get("/api/tasks?sort=x&limit=x&x=x", &token).await;
    assert_eq!(problem(response).await["errors"].as_array().unwrap().len(), 3);
    // A response lists a limited number of errors.
    let response = app.get(&format!("/api/tasks?{}", "x&".repeat(10_000)), &token).await;
    assert_eq!(problem(response).await["errors"].as_array().unwrap().len(), 32);
}
