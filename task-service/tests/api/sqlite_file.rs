//! Changes to the file of a SQLite database while the service runs.

use std::{
    ffi::OsString,
    fs::{self, File},
    os::unix::fs::FileExt as _,
    path::{Path, PathBuf},
};

use database::{
    DatabaseUrl,
    testing::{Engine, TestDatabase},
};
use reqwest::StatusCode;
use serde_json::json;

use crate::app::{TestApp, problem};

async fn database() -> (TestDatabase, PathBuf) {
    let db = TestDatabase::create(Engine::Sqlite, task_service::MIGRATIONS).await.unwrap();
    let DatabaseUrl::Sqlite(path) = &db.url else { unreachable!("this is SQLite") };
    let path = path.clone();
    (db, path)
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(suffix);
    name.into()
}

async fn readiness(app: &TestApp) -> StatusCode {
    app.client.get(app.url("/health/ready")).send().await.unwrap().status()
}

async fn is_refused(app: &TestApp, token: &str) {
    assert_eq!(readiness(app).await, StatusCode::SERVICE_UNAVAILABLE);
    let response = app.post(token, &json!({ "title": "Lost" })).await;
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert!(response.headers().contains_key("retry-after"));
    assert_eq!(problem(response).await["code"], "database_unavailable");
}

#[actix_web::test]
async fn writes_to_a_deleted_file_are_refused_until_it_is_back() {
    let (db, path) = database().await;
    let app = TestApp::spawn(&db).await;
    let token = app.token("ada");
    app.create(&token, &json!({ "title": "Buy milk" })).await;
    let elsewhere = beside(&path, ".elsewhere");
    fs::rename(&path, &elsewhere).unwrap();

    is_refused(&app, &token).await;
    assert!(!path.exists(), "no file is made in its place");

    fs::rename(&elsewhere, &path).unwrap();
    app.create(&token, &json!({ "title": "Buy bread" })).await;
    assert_eq!(app.titles("/api/tasks", &token).await, ["Buy bread", "Buy milk"]);
    assert_eq!(readiness(&app).await, StatusCode::OK);
}

#[actix_web::test]
async fn another_database_in_its_place_is_used_without_a_restart() {
    let (db, path) = database().await;
    let (_other, replacement) = database().await;
    let app = TestApp::spawn(&db).await;
    let token = app.token("ada");
    app.create(&token, &json!({ "title": "Buy milk" })).await;

    fs::rename(&replacement, &path).unwrap();
    is_refused(&app, &token).await;
    for suffix in ["-wal", "-shm"] {
        fs::remove_file(beside(&path, suffix)).unwrap();
    }
    app.create(&token, &json!({ "title": "Buy bread" })).await;
    assert_eq!(app.titles("/api/tasks", &token).await, ["Buy bread"]);
    assert_eq!(readiness(&app).await, StatusCode::OK);
}

#[actix_web::test]
async fn a_database_without_the_tables_is_not_ready() {
    let (db, path) = database().await;
    let app = TestApp::spawn(&db).await;
    app.create(&app.token("ada"), &json!({ "title": "Buy milk" })).await;
    assert_eq!(readiness(&app).await, StatusCode::OK);

    let empty = beside(&path, ".empty");
    fs::write(&empty, []).unwrap();
    fs::rename(&empty, &path).unwrap();
    for suffix in ["-wal", "-shm"] {
        fs::remove_file(beside(&path, suffix)).unwrap();
    }
    is_refused(&app, &app.token("ada")).await;
}

#[actix_web::test]
async fn writes_are_refused_when_their_log_was_removed() {
    let (db, path) = database().await;
    let app = TestApp::spawn(&db).await;
    let token = app.token("ada");
    app.create(&token, &json!({ "title": "Buy milk" })).await;

    fs::remove_file(beside(&path, "-wal")).unwrap();
    is_refused(&app, &token).await;
    for path in ["/api/tasks", "/api/tasks?q=milk"] {
        assert_eq!(app.get(path, &token).await.status(), StatusCode::SERVICE_UNAVAILABLE);
    }

    // The acknowledged write, which existed only in the write-ahead log, is now in the database
    // file.
    let copy = beside(&path, ".copy");
    fs::copy(&path, &copy).unwrap();
    let bytes = fs::read(&copy).unwrap();
    assert!(bytes.windows(8).any(|window| window == b"Buy milk"));
}

#[actix_web::test]
async fn a_corrupt_file_is_not_ready() {
    let (db, path) = database().await;
    let app = TestApp::spawn(&db).await;
    let token = app.token("ada");
    app.create(&token, &json!({ "title": "Buy milk" })).await;

    let garbage = vec![0xff; 40_000];
    File::options().write(true).open(&path).unwrap().write_all_at(&garbage, 4096).unwrap();
    let log = File::options().write(true).open(beside(&path, "-wal")).unwrap();
    log.write_all_at(&garbage[..4000], 32).unwrap();
    // Whether this write succeeds depends on the cached pages. Afterwards, the pages are read
    // again.
    app.post(&token, &json!({ "title": "Buy bread" })).await;
    assert_eq!(readiness(&app).await, StatusCode::SERVICE_UNAVAILABLE);
}
