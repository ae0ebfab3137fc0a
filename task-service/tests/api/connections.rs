//! PostgreSQL connections: limited in number, and replaced when the server closes them.

use database::{
    Database, query,
    testing::{Engine, TestDatabase},
};
use diesel::{QueryableByName, sql_query, sql_types::BigInt};
use diesel_async::RunQueryDsl as _;
use futures_util::future::join_all;
use reqwest::{Method, StatusCode};
use serde_json::json;

use crate::app::TestApp;

const ROUNDS: usize = 5;
const FEWEST: u16 = 5;
const CLIENTS: usize = 40;

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    count: i64,
}

#[actix_web::test]
async fn no_request_fails_when_the_server_closes_idle_connections() {
    let db = TestDatabase::create(Engine::Postgres, task_service::MIGRATIONS).await;
    let Some(db) = db else { return };
    let app = TestApp::spawn(&db).await;
    let token = app.token("ada");
    let task = app.create(&token, &json!({ "title": "kept" })).await;
    let id = task["id"].as_str().unwrap();

    for round in 0..ROUNDS {
        let once = app
            .request(Method::POST, "/api/tasks", &token)
            .header("idempotency-key", round.to_string())
            .json(&json!({ "title": "once" }));
        assert_eq!(once.send().await.unwrap().status(), StatusCode::CREATED);
        app.create(&token, &json!({ "title": "made" })).await;
        assert_eq!(app.status_for(&token).await, StatusCode::OK);
        assert_eq!(app.get("/api/tasks?q=kept", &token).await.status(), StatusCode::OK);

        close_connections(&db).await;
        assert_eq!(app.status_for(&token).await, StatusCode::OK);
        close_connections(&db).await;
        let changed = app.patch(id, &token, &json!({ "completed": round % 2 == 0 })).await;
        assert_eq!(changed.status(), StatusCode::OK);
        close_connections(&db).await;
        let once = app
            .request(Method::POST, "/api/tasks", &token)
            .header("idempotency-key", format!("{round} again"))
            .json(&json!({ "title": "once" }));
        assert_eq!(once.send().await.unwrap().status(), StatusCode::CREATED);
        close_connections(&db).await;
        assert_eq!(app.get("/api/tasks?q=kept", &token).await.status(), StatusCode::OK);
        let ready = app.client.get(app.url("/health/ready")).send().await.unwrap();
        assert_eq!(ready.status(), StatusCode::OK);
    }
    let tasks = app.pages("/api/tasks?limit=1000", &token).await;
    assert_eq!(tasks.len(), 1 + 3 * ROUNDS);
}

/// Terminates the server processes of all other connections to the database, and waits until they
/// have exited.
async fn close_connections(db: &TestDatabase) {
    let database = Database::open(&db.url).unwrap();
    let mut conn = database.read_at_leisure().await.unwrap();
    let close = sql_query(
        "SELECT pg_terminate_backend(pid, 30000) FROM pg_stat_activity \
         WHERE datname = current_database() AND pid <> pg_backend_pid()",
    );
    query!(&mut conn, |c| close.execute(c)).unwrap();
}

#[actix_web::test]
async fn a_process_never_exceeds_its_number_of_connections() {
    let db = TestDatabase::create(Engine::Postgres, task_service::MIGRATIONS).await;
    let Some(db) = db else { return };
    let app = TestApp::spawn_with(&db, |config| {
        config.server.database.database_max_connections = FEWEST;
        config.max_searches_per_user = 20;
    })
    .await;
    let token = app.token("ada");

    let client = async |number: usize| {
        app.create(&token, &json!({ "title": "made" })).await;
        assert_eq!(app.status_for(&token).await, StatusCode::OK);
        assert_eq!(app.get("/api/tasks?q=made", &token).await.status(), StatusCode::OK);
        let once = app
            .request(Method::POST, "/api/tasks", &token)
            .header("idempotency-key", number.to_string())
            .json(&json!({ "title": "once" }));
        assert_eq!(once.send().await.unwrap().status(), StatusCode::CREATED);
        let ready = app.client.get(app.url("/health/ready")).send().await.unwrap();
        assert_eq!(ready.status(), StatusCode::OK);
    };
    join_all((0..CLIENTS).map(client)).await;

    let database = Database::open(&db.url).unwrap();
    let mut conn = database.read_at_leisure().await.unwrap();
    let count = sql_query(
        "SELECT count(*) AS count FROM pg_stat_activity \
         WHERE datname = current_database() AND pid <> pg_backend_pid()",
    );
    let count: Count = query!(&mut conn, |c| count.get_result(c)).unwrap();
    assert!(count.count <= FEWEST.into(), "{}", count.count);
}
