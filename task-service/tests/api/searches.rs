//! Searches have their own connections, and each user may run a limited number of them at once.

use std::pin::Pin;

use database::{
    Database, on_both_engines, query,
    testing::{Engine, TestDatabase},
};
use diesel::{QueryResult, sql_query};
use diesel_async::RunQueryDsl as _;
use futures_util::{
    StreamExt as _,
    future::join,
    stream::{FuturesUnordered, Stream},
};
use reqwest::{Method, Response, StatusCode};
use serde_json::json;

use crate::app::{TestApp, problem};

on_both_engines!(task_service::MIGRATIONS;
    concurrent_searches_are_limited_per_user,
    a_search_has_no_special_characters,
);

const SEARCHES: usize = 40;
/// Number of searches of one user that are admitted at the same time: one runs, and four wait.
const ADMITTED: usize = 5;

/// SQL for SQLite that inserts tasks with long strings, which nearly match the search at every
/// character.
const LONG_TASKS: &str = "INSERT INTO tasks (id, user_id, title, title_folded, description, \
     description_folded, completed, created_at, updated_at) \
     WITH RECURSIVE numbers (number) AS \
     (SELECT 1 UNION ALL SELECT number + 1 FROM numbers WHERE number < 2000) \
     SELECT randomblob(16), 'ada', 'x', 'x', hex(zeroblob(5000)), hex(zeroblob(5000)), false, \
     '2026-01-02T03:04:05.000000Z', '2026-01-02T03:04:05.000000Z' FROM numbers";

async fn concurrent_searches_are_limited_per_user(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let path = format!("/api/tasks?q={}1&total=true", "0".repeat(100));
    let token = app.token("ada");
    assert_eq!(app.status_for(&token).await, StatusCode::OK);
    let mut searches: FuturesUnordered<_> =
        (0..SEARCHES).map(|_| Box::pin(app.get(&path, &token))).collect();
    let searches = Pin::new(&mut searches);
    let (succeeded, refused) = match db.engine {
        Engine::Sqlite => {
            db.change(LONG_TASKS).await;
            join(count(searches, usize::MAX), others_go_on(&app)).await.0
        }
        // Admitted searches wait for the lock; the others are refused in the meantime.
        Engine::Postgres => count_under_a_lock(&db, searches).await,
    };
    assert_eq!(succeeded + refused, SEARCHES);
    assert!(succeeded >= ADMITTED, "{succeeded} of {SEARCHES}");
    assert!(refused > 0, "{succeeded} of {SEARCHES}");
}

async fn others_go_on(app: &TestApp) {
    let token = app.token("bob");
    assert_eq!(app.status_for(&token).await, StatusCode::OK);
    let create = app
        .request(Method::POST, "/api/tasks", &token)
        .header("idempotency-key", "1")
        .json(&json!({ "title": "Buy milk" }));
    assert_eq!(create.send().await.unwrap().status(), StatusCode::CREATED);
    let ready = app.client.get(app.url("/health/ready")).send().await.unwrap();
    assert_eq!(ready.status(), StatusCode::OK);
}

async fn count_under_a_lock(
    db: &TestDatabase,
    mut searches: Pin<&mut (impl Stream<Item = Response> + Unpin)>,
) -> (usize, usize) {
    let database = Database::open(&db.url).unwrap();
    let mut conn = database.write().await.unwrap();
    let lock = sql_query("LOCK TABLE tasks IN ACCESS EXCLUSIVE MODE");
    let while_locked = conn.transaction(async |conn| {
        query!(conn, |c| lock.execute(c))?;
        QueryResult::Ok(count(searches.as_mut(), SEARCHES / 2).await)
    });
    assert_eq!(while_locked.await.unwrap(), (0, SEARCHES / 2));
    let (succeeded, refused) = count(searches, usize::MAX).await;
    (succeeded, refused + SEARCHES / 2)
}

/// Returns the number of successes and the number of refusals among the next `limit` responses.
async fn count(searches: impl Stream<Item = Response>, limit: usize) -> (usize, usize) {
    let mut searches = std::pin::pin!(searches.take(limit));
    let (mut succeeded, mut refused) = (0, 0);
    while let Some(response) = searches.next().await {
        if response.status() == StatusCode::OK {
            assert_eq!(response.headers()["x-total-count"], "0");
            succeeded += 1;
        } else {
            assert_eq!(response.headers()["retry-after"], "1");
            let problem = problem(response).await;
            assert_eq!(problem["status"], 429, "{problem}");
            assert_eq!(problem["code"], "too_many_searches");
            refused += 1;
        }
    }
    (succeeded, refused)
}

async fn a_search_has_no_special_characters(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let token = app.token("ada");
    for title in ["100 % wool", "100 wool", "a_b", "acb", r"back\slash", "ÄPFEL"] {
        app.create(&token, &json!({ "title": title })).await;
    }
    for (text, titles) in [
        ("%25", &["100 % wool"][..]),
        ("_", &["a_b"]),
        ("%5C", &[r"back\slash"]),
        ("%C3%A4pf", &["ÄPFEL"]),
        ("WOOL", &["100 wool", "100 % wool"]),
    ] {
        assert_eq!(app.titles(&format!("/api/tasks?q={text}"), &token).await, titles, "{text}");
    }
}
