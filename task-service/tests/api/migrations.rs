//! Runs the migrations on both engines, and checks that their result matches the code.

use database::{
    Database, DatabaseUrl, migrate, on_both_engines,
    testing::{Engine, TestDatabase},
};
use reqwest::StatusCode;
use serde_json::{Value, json};
use task_service::MIGRATIONS;
use tokio::{
    task::JoinSet,
    time::{Duration, Instant, sleep},
};

use crate::app::{TestApp, problem};

on_both_engines!(task_service::MIGRATIONS;
    the_schema_goes_down_and_up_again,
    processes_that_start_at_once_migrate_once,
    the_documented_columns_are_there,
    tasks_of_an_older_version_are_found_in_any_case,
    waits_for_a_missing_schema,
    the_owner_comes_first_in_every_key,
    tasks_survive_the_change_of_their_key,
);

async fn the_schema_goes_down_and_up_again(db: TestDatabase) {
    migrate::revert(&db.url, MIGRATIONS).await.unwrap();
    assert_eq!(db.columns("tasks").await, Vec::<String>::new());
    migrate::run(&db.url, MIGRATIONS).await.unwrap();
    migrate::run(&db.url, MIGRATIONS).await.unwrap();
    let app = TestApp::spawn(&db).await;
    app.create(&app.token("ada"), &json!({ "title": "still works" })).await;
}

async fn processes_that_start_at_once_migrate_once(db: TestDatabase) {
    migrate::revert(&db.url, MIGRATIONS).await.unwrap();
    let starts = (0..8).map(|_| migrate::run(&db.url, MIGRATIONS));
    for outcome in futures_util::future::join_all(starts).await {
        outcome.unwrap();
    }
}

/// Readiness is checked at the same time, as by probes that run from the start.
#[tokio::test(flavor = "multi_thread")]
async fn processes_that_start_at_once_make_one_new_file() {
    for _ in 0..200 {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}", folder.path().join("tasks.db").display());
        let url: DatabaseUrl = url.parse().unwrap();
        let mut starts = JoinSet::new();
        for _ in 0..2 {
            let (url, database) = (url.clone(), Database::open(&url).unwrap());
            starts.spawn(async move {
                tokio::join!(migrate::run(&url, MIGRATIONS), database.is_ready(&[])).0
            });
        }
        for outcome in starts.join_all().await {
            outcome.unwrap();
        }
        migrate::check(&url, &MIGRATIONS).await.unwrap();
    }
}

async fn the_documented_columns_are_there(db: TestDatabase) {
    let (id, time) = match db.engine {
        Engine::Postgres => ("uuid", "timestamp with time zone"),
        Engine::Sqlite => ("blob", "text"),
    };
    let expected = [
        "completed boolean not null".to_owned(),
        format!("created_at {time} not null"),
        "description text".to_owned(),
        "description_folded text".to_owned(),
        format!("id {id} not null"),
        "title text not null".to_owned(),
        "title_folded text not null".to_owned(),
        format!("updated_at {time} not null"),
        "user_id text not null".to_owned(),
        "version bigint not null".to_owned(),
    ];
    assert_eq!(db.columns("tasks").await, expected);

    let bytes = if db.engine == Engine::Postgres { "bytea" } else { "blob" };
    let expected = [
        "answer text not null".to_owned(),
        format!("created_at {time} not null"),
        "key text not null".to_owned(),
        format!("request_hash {bytes} not null"),
        format!("task_id {id} not null"),
        "user_id text not null".to_owned(),
    ];
    assert_eq!(db.columns("idempotency_keys").await, expected);
}

async fn tasks_of_an_older_version_are_found_in_any_case(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let token = app.token("ada");
    app.create(&token, &json!({ "title": "Äpfel kaufen", "description": "BEIM Höker" })).await;
    db.change("UPDATE tasks SET title_folded = '', description_folded = NULL").await;
    assert_eq!(app.titles("/api/tasks?q=kaufen", &token).await, [""; 0]);

    let next = TestApp::spawn(&db).await;
    for text in ["%C3%A4PFEL", "h%C3%B6ker"] {
        assert_eq!(next.titles(&format!("/api/tasks?q={text}"), &token).await, ["Äpfel kaufen"]);
    }
}

async fn waits_for_a_missing_schema(db: TestDatabase) {
    migrate::revert(&db.url, MIGRATIONS).await.unwrap();
    let app = TestApp::spawn_unprepared(&db, |config| config.server.migrate = false).await;
    let token = app.token("ada");
    let ready = async || app.client.get(app.url("/health/ready")).send().await.unwrap();

    let refused = problem(app.post(&token, &json!({ "title": "too early" })).await).await;
    assert_eq!(
        (&refused["status"], &refused["code"]),
        (&json!(503), &json!("database_unavailable"))
    );
    let listing = app.get("/api/tasks", &token).await;
    assert_eq!(
        (listing.status().as_u16(), &listing.headers()["retry-after"]),
        (503, &"1".parse().unwrap())
    );
    let missing = ready().await;
    assert_eq!(missing.status(), StatusCode::SERVICE_UNAVAILABLE);
    let missing: Value = missing.json().await.unwrap();
    assert_eq!(
        missing,
        json!({ "status": "unavailable", "database": "ok", "schema": "unavailable", "keys": "ok" })
    );

    migrate::run(&db.url, MIGRATIONS).await.unwrap();
    let deadline = Instant::now() + Duration::from_mins(1);
    while ready().await.status() != StatusCode::OK {
        assert!(Instant::now() < deadline, "it does not see the schema");
        sleep(Duration::from_millis(10)).await;
    }
    app.create(&token, &json!({ "title": "in time" })).await;
}

#[test]
fn the_migrate_command_creates_a_missing_database() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("data/new.db");
    let status = std::process::Command::new(env!("CARGO_BIN_EXE_task-service"))
        .arg("migrate")
        .env("DATABASE_URL", format!("sqlite://{}", file.display()))
        .status()
        .unwrap();
    assert!(status.success());
    assert!(file.is_file());
}

/// Returns the columns of a table's primary key, in order.
async fn primary_key(db: &TestDatabase, table: &str) -> Vec<String> {
    let columns = match db.engine {
        Engine::Postgres => format!(
            "SELECT a.attname AS text FROM pg_index i \
             CROSS JOIN unnest(i.indkey) WITH ORDINALITY AS k (number, place) \
             JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.number \
             WHERE i.indrelid = '{table}'::regclass AND i.indisprimary ORDER BY k.place"
        ),
        Engine::Sqlite => {
            format!(
                "SELECT name AS text FROM pragma_table_info('{table}') WHERE pk > 0 ORDER BY pk"
            )
        }
    };
    db.texts(&columns).await
}

async fn the_owner_comes_first_in_every_key(db: TestDatabase) {
    assert_eq!(primary_key(&db, "tasks").await, ["user_id", "id"]);
    assert_eq!(primary_key(&db, "idempotency_keys").await, ["user_id", "key"]);
}

async fn tasks_survive_the_change_of_their_key(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let token = app.token("ada");
    let body = json!({ "title": "Äpfel", "description": "line\nline", "completed": true });
    let task = app.create(&token, &body).await;
    app.create(&token, &json!({ "title": "no description" })).await;
    let path = format!("/api/tasks/{}", task["id"].as_str().unwrap());
    let before = app.get("/api/tasks", &token).await.text().await.unwrap();

    migrate::revert_to(&db.url, MIGRATIONS, "20261124000002").await.unwrap();
    assert_eq!(primary_key(&db, "tasks").await, ["id"]);
    migrate::run(&db.url, MIGRATIONS).await.unwrap();

    let app = TestApp::spawn(&db).await;
    let token = app.token("ada");
    assert_eq!(app.get("/api/tasks", &token).await.text().await.unwrap(), before);
    assert_eq!(app.get(&path, &app.token("bob")).await.status(), StatusCode::FORBIDDEN);
    assert_eq!(app.titles("/api/tasks?q=%C3%A4PFEL", &token).await, ["Äpfel"]);
}
