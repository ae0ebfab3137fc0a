//! `task-service export` and `import`: tasks and idempotency keys in one file, which does not
//! depend on the engine.

mod refusals;

use std::{fmt::Write as _, fs, os::unix::fs::PermissionsExt as _, path::Path, process::Stdio};

use aws_lc_rs::digest::{SHA256, digest};
use database::{
    migrate, on_both_engines,
    testing::{Engine, TestDatabase},
};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use task_service::MIGRATIONS;
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    process::Command,
};

use crate::app::TestApp;

on_both_engines!(task_service::MIGRATIONS;
    all_data_moves_to_the_other_engine_and_back,
    every_column_is_exported_or_derived_again,
    keys_are_in_the_order_of_their_bytes,
    an_export_is_a_consistent_snapshot,
    importing_twice_changes_nothing,
    accepts_a_file_of_an_older_version,
    an_import_that_is_killed_leaves_nothing,
    an_export_is_private_and_replaces_a_file_in_one_step,
    a_database_that_cannot_be_exported_is_left_unchanged,
);

fn service(db: &TestDatabase, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_task-service"));
    command.args(arguments).env("DATABASE_URL", db.url()).env("LOG_FORMAT", "json");
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    command
}

/// Runs a command that must succeed, and returns its standard output.
async fn done(db: &TestDatabase, arguments: &[&str]) -> String {
    let output = service(db, arguments).output().await.unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// Runs a command that must fail, and returns its error.
async fn refused(db: &TestDatabase, arguments: &[&str]) -> String {
    let output = service(db, arguments).output().await.unwrap();
    assert!(!output.status.success(), "{output:?}");
    let log = [output.stdout, output.stderr].concat();
    let log = String::from_utf8(log).unwrap();
    assert_eq!(log.lines().count(), 1, "{log}");
    let line: Value = serde_json::from_str(&log).unwrap();
    line["error"].as_str().unwrap().to_owned()
}

async fn exported(db: &TestDatabase) -> String {
    done(db, &["export"]).await
}

/// Creates a file with this content in a temporary directory.
fn file(text: &str) -> (TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("export.jsonl");
    fs::write(&path, text).unwrap();
    let path = path.to_str().unwrap().to_owned();
    (folder, path)
}

async fn import(db: &TestDatabase, text: &str) -> String {
    let (_folder, path) = file(text);
    done(db, &["import", &path]).await
}

/// Imports an export from a pipe. A pipe can be read only once, so rows are stored before the last
/// line is checked. Returns whether the import succeeded, and its standard output.
async fn piped(db: &TestDatabase, text: &str) -> (bool, String) {
    let mut command = service(db, &["import", "-"]).stdin(Stdio::piped()).spawn().unwrap();
    // The command may exit before it has read everything.
    let _ = command.stdin.take().unwrap().write_all(text.as_bytes()).await;
    let output = command.wait_with_output().await.unwrap();
    (output.status.success(), String::from_utf8(output.stdout).unwrap())
}

/// Returns all lines except the header, which contains the time.
fn rows(export: &str) -> &str {
    export.split_once('\n').unwrap().1
}

/// Replaces the last line of an export with one whose row counts and hash match the rows.
fn with_new_end(export: &str) -> String {
    let (lines, _) = export.trim_end().rsplit_once('\n').unwrap();
    let (mut tally, mut hashed) = (json!({}), String::new());
    for line in lines.lines().skip(1) {
        writeln!(hashed, "{line}").unwrap();
        let line: Value = serde_json::from_str(line).unwrap();
        let count = &mut tally[line["table"].as_str().unwrap()];
        *count = json!(count.as_u64().unwrap_or_default() + 1);
    }
    let hash = digest(&SHA256, hashed.as_bytes());
    let hash: String =
        hash.as_ref().iter().fold(String::new(), |text, byte| format!("{text}{byte:02x}"));
    format!("{lines}\n{}\n", json!({ "end": { "rows": tally, "sha256": hash } }))
}

/// Inserts `count` tasks with one statement.
async fn fill(db: &TestDatabase, count: usize) {
    let (id, time) = match db.engine {
        Engine::Postgres => ("gen_random_uuid()", "timestamptz '2026-01-02T03:04:05.678901Z'"),
        Engine::Sqlite => ("randomblob(16)", "'2026-01-02T03:04:05.678901Z'"),
    };
    let statement = format!(
        "WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {count})
         INSERT INTO tasks SELECT {id}, 'ada', 'task ' || n, 'some words, so that it is longer',
         n % 2 = 0, {time}, {time}, n, 'task ' || n, 'some words, so that it is longer' FROM numbers"
    );
    db.change(&statement).await;
}

async fn all_data_moves_to_the_other_engine_and_back(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let (ada, bob) = (app.token("ada"), app.token("Bob|ü"));
    for title in ["Äpfel \u{1f34e} kaufen", "\"quotes\" and \\ and \u{2028}", "e\u{301}tude"] {
        app.create(&ada, &json!({ "title": title, "description": null })).await;
    }
    let task = app.create(&bob, &json!({ "title": "B", "description": "BEIM Höker\n\t" })).await;
    let id = task["id"].as_str().unwrap();
    assert_eq!(app.patch(id, &bob, &json!({ "completed": true })).await.status(), StatusCode::OK);
    let keyed = |app: &TestApp, token: &str| {
        let request = app.request(Method::POST, "/api/tasks", token);
        request.header("idempotency-key", "a key").json(&json!({ "title": "once" })).send()
    };
    let first = keyed(&app, &ada).await.unwrap().text().await.unwrap();
    db.change("UPDATE tasks SET created_at = '1999-12-31T23:59:59.000001Z' WHERE title = 'B'")
        .await;
    fill(&db, 1201).await;
    let there = db.elsewhere(MIGRATIONS).await;
    let back = there.elsewhere(MIGRATIONS).await;

    let export = exported(&db).await;
    let log = import(&there, &export).await;
    let (is_done, _) = piped(&back, &exported(&there).await).await;

    assert!(log.contains("1207 rows: 1 idempotency_keys, 1206 tasks"), "{log}");
    assert!(is_done);
    assert!(export.contains("1999-12-31T23:59:59.000001Z"));
    let header = |export: &str| {
        let mut header: Value = serde_json::from_str(export.lines().next().unwrap()).unwrap();
        header["time"].take();
        header
    };
    for copy in [exported(&there).await, exported(&back).await] {
        assert_eq!(rows(&copy), rows(&export));
        assert_eq!(header(&copy), header(&export));
    }
    for db in [&there, &back] {
        let copy = TestApp::spawn(db).await;
        let path = format!("/api/tasks/{id}");
        let (was, is) = (app.get(&path, &bob).await, copy.get(&path, &bob).await);
        assert_eq!(is.headers()["etag"], was.headers()["etag"]);
        assert_eq!(is.text().await.unwrap(), was.text().await.unwrap());
        let path = "/api/tasks?sort=title&limit=700";
        assert_eq!(copy.pages(path, &ada).await, app.pages(path, &ada).await);
        assert_eq!(copy.titles("/api/tasks?q=%C3%A4PFEL", &ada).await.len(), 1);
        let again = keyed(&copy, &ada).await.unwrap();
        assert_eq!(again.headers()["idempotency-replayed"], "true");
        assert_eq!(again.text().await.unwrap(), first);
    }
}

async fn every_column_is_exported_or_derived_again(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let request = app.request(Method::POST, "/api/tasks", &app.token("ada"));
    let request = request.header("idempotency-key", "a key").json(&json!({ "title": "once" }));
    request.send().await.unwrap();

    let export = exported(&db).await;

    for (table, made_again) in
        [("tasks", &["title_folded", "description_folded"][..]), ("idempotency_keys", &[])]
    {
        let start = format!("{{\"table\":\"{table}\"");
        let line = export.lines().find(|line| line.starts_with(&start)).unwrap();
        let line: Value = serde_json::from_str(line).unwrap();
        let members = line["row"].as_object().unwrap().keys().map(String::as_str);
        let mut members: Vec<_> = members.chain(made_again.iter().copied()).collect();
        members.sort_unstable();
        let columns = db.columns(table).await;
        let columns: Vec<_> = columns.iter().map(|c| c.split(' ').next().unwrap()).collect();
        assert_eq!(members, columns, "{table}");
    }
}

async fn keys_are_in_the_order_of_their_bytes(db: TestDatabase) {
    if db.engine == Engine::Postgres {
        // Gives the column a collation like that of a database created with a locale.
        let text = "ALTER COLUMN user_id TYPE text COLLATE \"en-US-x-icu\"";
        db.change(&format!("ALTER TABLE idempotency_keys {text}")).await;
    }
    let app = TestApp::spawn(&db).await;
    for owner in ["a", "é", "B", "_", "b", "aB", "Z"] {
        let request = app.request(Method::POST, "/api/tasks", &app.token(owner));
        let request = request.header("idempotency-key", "a key").json(&json!({ "title": "once" }));
        assert_eq!(request.send().await.unwrap().status(), StatusCode::CREATED);
    }

    let export = exported(&db).await;

    let lines = export.lines().filter(|line| line.contains("\"table\":\"idempotency_keys\""));
    let lines = lines.map(|line| serde_json::from_str::<Value>(line).unwrap());
    let owners: Vec<_> = lines.map(|line| line["row"]["user_id"].clone()).collect();
    assert_eq!(owners, ["B", "Z", "_", "a", "aB", "b", "é"]);
}

async fn an_export_is_a_consistent_snapshot(db: TestDatabase) {
    fill(&db, 3000).await;
    let before = exported(&db).await;
    let mut command = service(&db, &["export"]).spawn().unwrap();
    let mut output = command.stdout.take().unwrap();
    // The first bytes show that the export has started. The export is larger than the buffer of a
    // pipe, so the command blocks until the rest is read.
    let mut export = vec![0; 1024];
    output.read_exact(&mut export).await.unwrap();

    db.change("DELETE FROM tasks").await;
    fill(&db, 10).await;
    let key = match db.engine {
        Engine::Postgres => "'', gen_random_uuid(), '', now()",
        Engine::Sqlite => "x'00', x'00', '', '2026-01-02T03:04:05.678901Z'",
    };
    db.change(&format!("INSERT INTO idempotency_keys VALUES ('ada', 'later', {key})")).await;

    output.read_to_end(&mut export).await.unwrap();
    assert!(command.wait().await.unwrap().success());
    assert_eq!(rows(str::from_utf8(&export).unwrap()), rows(&before));
}

async fn importing_twice_changes_nothing(db: TestDatabase) {
    fill(&db, 1001).await;
    let export = exported(&db).await;
    let there = db.elsewhere(MIGRATIONS).await;
    import(&there, &export).await;

    let log = import(&there, &export).await;

    assert!(log.contains("nothing to import, all rows already exist"), "{log}");
    assert!(log.contains("\"contents\":\"1001 rows: "), "{log}");
    assert_eq!(rows(&exported(&there).await), rows(&export));
}

async fn accepts_a_file_of_an_older_version(db: TestDatabase) {
    fill(&db, 5).await;
    let older = exported(&db).await.replacen("\"schema\":\"2", "\"schema\":\"1", 1);
    let there = db.elsewhere(MIGRATIONS).await;
    migrate::revert(&there.url, MIGRATIONS).await.unwrap();

    import(&there, &older).await;

    assert_eq!(rows(&exported(&there).await), rows(&older));
}

async fn an_import_that_is_killed_leaves_nothing(db: TestDatabase) {
    fill(&db, 5000).await;
    let export = exported(&db).await;
    let there = db.elsewhere(MIGRATIONS).await;
    let mut command = service(&there, &["import", "-"]).stdin(Stdio::piped()).spawn().unwrap();
    let mut input = command.stdin.take().unwrap();
    // The capacity of a pipe is less than half of the export. Once four fifths of the export are
    // written, the import has therefore read many rows.
    let (most, _) = export.as_bytes().split_at(export.len() / 5 * 4);
    input.write_all(most).await.unwrap();

    command.kill().await.unwrap();

    assert_eq!(exported(&there).await.lines().count(), 2, "nothing is there");
    import(&there, &export).await;
}

async fn an_export_is_private_and_replaces_a_file_in_one_step(db: TestDatabase) {
    fill(&db, 5).await;
    let (folder, path) = file("the one before");

    let log = done(&db, &["export", &path]).await;

    assert_eq!(log, "", "what is said goes to standard error");
    let text = fs::read_to_string(&path).unwrap();
    assert_eq!(rows(&text), rows(&exported(&db).await));
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    db.change("ALTER TABLE idempotency_keys RENAME TO gone").await;
    refused(&db, &["export", &path]).await;
    assert_eq!(fs::read_to_string(&path).unwrap(), text);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "no draft is left");
    let message = refused(&db, &["export", folder.path().to_str().unwrap()]).await;
    assert!(message.contains("is not a regular file"), "{message}");
    let output = service(&db, &["export", "postgres://ada:hidden@db.test/new"]).output().await;
    let said = String::from_utf8(output.unwrap().stderr).unwrap();
    assert!(
        said.contains("FILE: expected a file, not a URL") && !said.contains("hidden"),
        "{said}"
    );
    assert!(refused(&db, &["export", "/dev/null"]).await.contains("is not a regular file"));
}

async fn a_database_that_cannot_be_exported_is_left_unchanged(db: TestDatabase) {
    db.change("DELETE FROM task_service_migrations WHERE version > '20261124000001'").await;
    let message = refused(&db, &["export"]).await;
    assert_eq!(message, "the schema is not up to date: run `task-service migrate` first");
    db.change("INSERT INTO task_service_migrations (version) VALUES ('29990101000000')").await;
    let message = refused(&db, &["export"]).await;
    assert_eq!(message, "the schema was created by a newer version of task-service");
    db.change("DROP TABLE task_service_migrations").await;
    let message = refused(&db, &["export"]).await;
    assert!(
        message.starts_with("the database in DATABASE_URL does not belong to task-service"),
        "{message}"
    );

    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("missing.db");
    let output = service(&db, &["export"])
        .env("DATABASE_URL", format!("sqlite://{}", missing.display()))
        .output()
        .await
        .unwrap();
    assert!(!output.status.success());
    assert!(String::from_utf8(output.stderr).unwrap().contains("does not exist"));
    assert!(!Path::new(&missing).exists());
}
