//! A lock on the task table, as held by a schema change or a forgotten session.

use std::time::{Duration, Instant};

use database::{
    Database, query,
    testing::{Engine, TestDatabase},
};
use diesel::{QueryResult, sql_query};
use diesel_async::RunQueryDsl as _;
use futures_util::future::join_all;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::app::{TestApp, problem};

const TIMEOUT: Duration = Duration::from_secs(1);
/// Generous time limits: even on a busy machine, only a service without time limits of its own
/// exceeds them.
const RESPONSE_LIMIT: Duration = Duration::from_secs(30);
const READINESS_LIMIT: Duration = Duration::from_secs(15);
const REQUESTS: usize = 20;

/// PostgreSQL only: SQLite has no such lock.
#[actix_web::test]
async fn a_locked_table_blocks_no_request_and_nothing_is_written_later() {
    let db = TestDatabase::create(Engine::Postgres, task_service::MIGRATIONS).await;
    let Some(db) = db else { return };
    let app =
        TestApp::spawn_with(&db, |config| config.server.database.database_timeout = TIMEOUT).await;
    let token = app.token("ada");
    app.create(&token, &json!({ "title": "before" })).await;

    let database = Database::open(&db.url).unwrap();
    let mut conn = database.write().await.unwrap();
    let while_locked = conn.transaction(async |conn| {
        let lock = sql_query("LOCK TABLE tasks IN ACCESS EXCLUSIVE MODE");
        query!(conn, |c| lock.execute(c))?;
        requests_end(&app, &token).await;
        QueryResult::Ok(())
    });
    while_locked.await.unwrap();

    app.create(&token, &json!({ "title": "after" })).await;
    assert_eq!(app.titles("/api/tasks", &token).await, ["after", "before"]);
    let ready = app.client.get(app.url("/health/ready")).send().await.unwrap();
    assert_eq!(ready.status(), StatusCode::OK);
}

async fn requests_end(app: &TestApp, token: &str) {
    let read = async || app.get("/api/tasks", token).await;
    let write = async || app.post(token, &json!({ "title": "given up" })).await;
    let once = async || {
        let request = app.request(Method::POST, "/api/tasks", token);
        let request = request.header("idempotency-key", "1").json(&json!({ "title": "given up" }));
        request.send().await.unwrap()
    };
    let start = Instant::now();
    let responses = tokio::join!(
        join_all((0..REQUESTS).map(|_| read())),
        join_all((0..REQUESTS).map(|_| write())),
        once(),
        is_not_ready(app),
    );
    assert!(start.elapsed() < RESPONSE_LIMIT, "{:?}", start.elapsed());
    for response in responses.0.into_iter().chain(responses.1).chain([responses.2]) {
        assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(response.headers()["retry-after"], "1");
        assert_eq!(problem(response).await["code"], "database_unavailable");
    }
}

async fn is_not_ready(app: &TestApp) {
    let start = Instant::now();
    let ready = app.client.get(app.url("/health/ready")).send().await.unwrap();
    assert!(start.elapsed() < READINESS_LIMIT, "{:?}", start.elapsed());
    assert_eq!(ready.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(ready.json::<Value>().await.unwrap()["database"], "unavailable");
}
