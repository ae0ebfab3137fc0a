//! The schema's history on both engines, and that it fits what the code believes.

use service_kit::{
    migrate, on_both_engines,
    testing::{Engine, TestDatabase},
};

use task_service::MIGRATIONS;

use crate::app::TestApp;

on_both_engines!(task_service::MIGRATIONS;
    the_schema_goes_down_and_up_again,
    processes_that_start_at_once_migrate_once,
    the_documented_columns_are_there,
);

async fn the_schema_goes_down_and_up_again(db: TestDatabase) {
    migrate::revert(&db.url, MIGRATIONS).await.unwrap();
    assert_eq!(db.columns("tasks").await, Vec::<String>::new());
    migrate::run(&db.url, MIGRATIONS).await.unwrap();
    migrate::run(&db.url, MIGRATIONS).await.unwrap();
    let app = TestApp::spawn(&db).await;
    app.create(&app.token("ada"), &serde_json::json!({ "title": "still works" })).await;
}

async fn processes_that_start_at_once_migrate_once(db: TestDatabase) {
    migrate::revert(&db.url, MIGRATIONS).await.unwrap();
    let starts = (0..8).map(|_| migrate::run(&db.url, MIGRATIONS));
    for outcome in futures_util::future::join_all(starts).await {
        outcome.unwrap();
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
        format!("id {id} not null"),
        "title text not null".to_owned(),
        format!("updated_at {time} not null"),
        "user_id text not null".to_owned(),
    ];
    assert_eq!(db.columns("tasks").await, expected);
}

#[test]
fn the_migrate_command_makes_a_database_where_there_is_none() {
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
