//! `task-service import`: owners can list the tasks imported from another service.

mod refusals;

use std::{fmt::Write as _, fs, io::Write as _, process::Output};

use database::{
    on_both_engines,
    testing::{Engine, TestDatabase},
};
use serde_json::{Value, json};
use tempfile::NamedTempFile;
use tokio::process::Command;

use crate::app::TestApp;

on_both_engines!(task_service::MIGRATIONS;
    tasks_of_a_quickstart_are_listed_by_their_owners,
    a_repeated_import_adds_nothing,
    a_dry_run_changes_nothing,
    owners_are_found_by_an_id_map,
    owners_are_found_by_address,
    a_task_of_an_unknown_owner_is_skipped,
    a_task_beyond_the_limits_is_reported_and_not_truncated,
    many_tasks_are_imported_once_each,
    tasks_of_a_csv_file_are_imported,
    tasks_of_all_years_are_listed_in_pages,
    values_of_a_csv_file_may_span_several_lines,
    a_task_that_changed_its_owner_is_reported,
);

const CREATED: &str = "2026-01-02 03:04:05.678901";
const UPDATED: &str = "2026-02-03 04:05:06.789012";

async fn import(db: &TestDatabase, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_task-service"));
    command.arg("import").args(arguments).env("DATABASE_URL", db.url());
    command.output().await.unwrap()
}

/// Runs an import that must succeed without skipping a task, and returns its report.
async fn imported(db: &TestDatabase, arguments: &[&str]) -> String {
    let output = import(db, arguments).await;
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// Runs an import that must skip a task, and returns its report.
async fn incomplete(db: &TestDatabase, arguments: &[&str]) -> String {
    let output = import(db, arguments).await;
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// Runs an import that must be rejected, and returns its error.
async fn refused(db: &TestDatabase, arguments: &[&str]) -> String {
    let output = import(db, arguments).await;
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let error = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
    assert_eq!(error.lines().count(), 1, "{error}");
    error
}

fn file(content: impl AsRef<[u8]>) -> NamedTempFile {
    let mut file = NamedTempFile::new().unwrap();
    file.write_all(content.as_ref()).unwrap();
    file
}

fn path(file: &NamedTempFile) -> &str {
    file.path().to_str().unwrap()
}

/// Creates a database with the tables that the quickstart's `SQLModel.metadata.create_all` creates.
/// Returns `None` if the engine is not available.
async fn quickstart(engine: Engine) -> Option<TestDatabase> {
    let db = TestDatabase::create(engine, task_service::MIGRATIONS).await?;
    let (id, time) = match engine {
        Engine::Postgres => ("SERIAL PRIMARY KEY", "TIMESTAMP WITHOUT TIME ZONE"),
        Engine::Sqlite => ("INTEGER NOT NULL PRIMARY KEY", "DATETIME"),
    };
    for table in [
        "DROP TABLE tasks".to_owned(),
        "CREATE TABLE users (id VARCHAR NOT NULL PRIMARY KEY, email VARCHAR, name VARCHAR)"
            .to_owned(),
        format!(
            "CREATE TABLE tasks (id {id}, user_id VARCHAR NOT NULL, title VARCHAR NOT NULL, \
             description VARCHAR, completed BOOLEAN NOT NULL, created_at {time} NOT NULL, \
             updated_at {time} NOT NULL)"
        ),
    ] {
        db.change(&table).await;
    }
    Some(db)
}

/// Returns a quickstart database on each available engine.
async fn sources() -> Vec<TestDatabase> {
    let mut sources = Vec::new();
    for engine in [Engine::Sqlite, Engine::Postgres] {
        sources.extend(quickstart(engine).await);
    }
    sources
}

async fn add_task(source: &TestDatabase, id: u32, owner: &str, title: &str) {
    let task = format!(
        "INSERT INTO tasks VALUES ({id}, '{owner}', '{title}', 'of {owner}', {}, '{CREATED}', \
         '{UPDATED}')",
        id.is_multiple_of(2)
    );
    source.change(&task).await;
}

/// Inserts two users and three tasks.
async fn filled(source: &TestDatabase) {
    source.change("INSERT INTO users VALUES ('7', 'Ada@Example.com', 'Ada')").await;
    source.change("INSERT INTO users VALUES ('8', 'bob@example.com', 'Bob')").await;
    add_task(source, 1, "7", "Buy milk").await;
    add_task(source, 2, "7", "Äpfel kaufen").await;
    add_task(source, 3, "8", "Call Ada").await;
}

/// Returns a file with an export of auth-service that contains these users.
fn auth_export(users: &[(&str, &str)]) -> NamedTempFile {
    let mut lines = json!({ "export": "auth-service", "format": 1 }).to_string();
    for (id, email) in users {
        let row = json!({ "id": id, "email": email, "email_verified": false });
        write!(lines, "\n{}", json!({ "table": "users", "row": row })).unwrap();
    }
    lines += "\n{\"table\":\"sessions\",\"row\":{\"id\":\"s\",\"user_id\":\"none\"}}";
    file(lines + "\n{\"end\":{\"rows\":{},\"sha256\":\"\"}}\n")
}

async fn everything(db: &TestDatabase) -> Vec<String> {
    db.texts("SELECT user_id || ' ' || title AS text FROM tasks ORDER BY user_id, title").await
}

async fn tasks_of_a_quickstart_are_listed_by_their_owners(db: TestDatabase) {
    for source in sources().await {
        filled(&source).await;
        let folder = tempfile::tempdir().unwrap();
        let lines = folder.path().join("report.csv");
        let lines = lines.to_str().unwrap();
        let url = source.url();

        let report =
            imported(&db, &["--from", "fastapi", &url, "--owners", "same", "--report", lines])
                .await;

        assert!(report.contains("3 tasks of 2 owners imported"), "{report}");
        let app = TestApp::spawn(&db).await;
        let tasks: Vec<Value> = app.get("/api/tasks", &app.token("7")).await.json().await.unwrap();
        assert_eq!(tasks.len(), 2);
        let milk = tasks.iter().find(|task| task["title"] == "Buy milk").unwrap();
        assert_eq!(milk["description"], "of 7");
        assert_eq!(milk["completed"], false);
        assert_eq!(milk["created_at"], "2026-01-02T03:04:05.678Z");
        assert_eq!(milk["updated_at"], "2026-02-03T04:05:06.789Z");
        assert_eq!(
            app.titles("/api/tasks?completed=true", &app.token("7")).await,
            ["Äpfel kaufen"]
        );
        assert_eq!(app.titles("/api/tasks?q=%C3%84PFEL", &app.token("7")).await.len(), 1);
        assert_eq!(app.titles("/api/tasks", &app.token("8")).await, ["Call Ada"]);
        // The id is a version 7 UUID with the time at which the task was created.
        let id = milk["id"].as_str().unwrap();
        assert!(id.starts_with("019b7ca9-") && id.get(14..15) == Some("7"), "{id}");
        let lines = fs::read_to_string(lines).unwrap();
        assert_eq!(lines.lines().next(), Some("old_id,new_id,owner,result,reason"));
        assert!(lines.contains(&format!("\n1,{id},7,imported,\n")), "{lines}");
        assert_eq!(lines.lines().count(), 4);
        db.change("DELETE FROM tasks").await;
    }
}

async fn a_repeated_import_adds_nothing(db: TestDatabase) {
    for source in sources().await {
        filled(&source).await;
        let url = source.url();
        let arguments = ["--from", "fastapi", &url, "--owners", "same"];
        imported(&db, &arguments).await;
        let app = TestApp::spawn(&db).await;
        let ada = app.token("7");
        let tasks: Vec<Value> = app.get("/api/tasks", &ada).await.json().await.unwrap();
        let id = tasks[0]["id"].as_str().unwrap();
        app.patch(id, &ada, &json!({ "title": "changed here" })).await;
        let before = everything(&db).await;
        source.change("UPDATE tasks SET title = 'changed there' WHERE id = 1").await;

        let again = imported(&db, &arguments).await;

        assert!(again.contains("0 tasks of 0 owners imported"), "{again}");
        assert!(again.contains("3 tasks already existed, 0 skipped"), "{again}");
        assert_eq!(everything(&db).await, before);
        add_task(&source, 4, "8", "new there").await;
        let more = imported(&db, &arguments).await;
        assert!(more.contains("1 tasks of 1 owners imported"), "{more}");
        db.change("DELETE FROM tasks").await;
    }
}

async fn a_dry_run_changes_nothing(db: TestDatabase) {
    for source in sources().await {
        filled(&source).await;
        add_task(&source, 4, "", "of nobody").await;
        let url = source.url();
        let folder = tempfile::tempdir().unwrap();
        let lines = folder.path().join("report.csv");
        let lines = lines.to_str().unwrap();

        let arguments =
            ["--from", "fastapi", &url, "--owners", "same", "--dry-run", "--report", lines];
        let report = incomplete(&db, &arguments).await;

        assert!(report.contains("3 tasks of 2 owners would be imported"), "{report}");
        assert!(report.contains("0 tasks already existed, 1 skipped"), "{report}");
        assert!(everything(&db).await.is_empty());
        let lines = fs::read_to_string(lines).unwrap();
        assert!(lines.contains(",8,would be imported,\n"), "{lines}");
    }
    let Some(source) = quickstart(db.engine).await else { return };
    let folder = tempfile::tempdir().unwrap();
    let new = folder.path().join("new.db");
    let mut command = Command::new(env!("CARGO_BIN_EXE_task-service"));
    command.args(["import", "--from", "fastapi", &source.url(), "--owners", "same", "--dry-run"]);
    command.env("DATABASE_URL", format!("sqlite://{}", new.display()));
    assert!(command.output().await.unwrap().status.success());
    assert!(!new.exists(), "no database is made");
}

async fn owners_are_found_by_an_id_map(db: TestDatabase) {
    let export = auth_export(&[("new-ada", "ada@example.com"), ("new-bob", "bob@example.com")]);
    for source in sources().await {
        filled(&source).await;
        let url = source.url();
        for map in [
            "old_id,new_id\n7,new-ada\n8,new-bob\n",
            "Old ID;New ID\r\n7;new-ada\r\n8;new-bob\r\n",
            "{\"old_id\":7,\"new_id\":\"new-ada\"}\n\n{\"old_id\":\"8\",\"new_id\":\"new-bob\"}\n",
        ] {
            let map = file(map);
            let arguments = ["--from", "fastapi", &url, "--owners", path(&map)];
            imported(&db, &arguments).await;
            let report =
                imported(&db, &[&arguments[..], &["--users", path(&export)]].concat()).await;
            assert!(report.contains("3 tasks already existed"), "{report}");
            let expected = ["new-ada Buy milk", "new-ada Äpfel kaufen", "new-bob Call Ada"];
            assert_eq!(everything(&db).await, expected);
            db.change("DELETE FROM tasks").await;
        }
    }
}

async fn owners_are_found_by_address(db: TestDatabase) {
    let export = auth_export(&[("new-ada", "ada@example.com"), ("new-bob", "bob@example.com")]);
    let users = path(&export);
    let map = file("old_id,email\n7,ADA@example.com\n8, bob@example.com\n");
    for source in sources().await {
        filled(&source).await;
        let url = source.url();
        for owners in ["by-email", path(&map)] {
            let arguments = ["--from", "fastapi", &url, "--owners", owners, "--users", users];
            imported(&db, &arguments).await;
            let expected = ["new-ada Buy milk", "new-ada Äpfel kaufen", "new-bob Call Ada"];
            assert_eq!(everything(&db).await, expected);
            db.change("DELETE FROM tasks").await;
        }
    }
    let csv = file("id,user_id,title,email\n1,7,Buy milk,ada@example.com\n2,9,of nobody,\n");
    let arguments = ["--from", "csv", path(&csv), "--owners", "by-email", "--users", users];
    let report = incomplete(&db, &arguments).await;
    assert!(report.contains("the source has no e-mail address for the owner 9"), "{report}");
    assert_eq!(everything(&db).await, ["new-ada Buy milk"]);
}

async fn a_task_of_an_unknown_owner_is_skipped(db: TestDatabase) {
    let export = auth_export(&[("7", "ada@example.com")]);
    let users = path(&export);
    let ids = file("old_id,new_id\n7,7\n");
    let strangers = file("old_id,new_id\n7,7\n8,stranger\n");
    let emails = file("old_id,email\n7,ada@example.com\n8,bob@example.com\n");
    for source in sources().await {
        filled(&source).await;
        let url = source.url();
        for (options, reason) in [
            (&[path(&ids)][..], "the owner 8 is not in the --owners file"),
            (&["same", "--users", users], "the export of auth-service has no user 8"),
            (
                &[path(&strangers), "--users", users],
                "the export of auth-service has no user stranger",
            ),
            (
                &[path(&emails), "--users", users],
                "the export of auth-service has no user with the address of the owner 8",
            ),
            (
                &["by-email", "--users", users],
                "the export of auth-service has no user with the address of the owner 8",
            ),
        ] {
            let arguments = [&["--from", "fastapi", &url, "--owners"][..], options].concat();
            let report = incomplete(&db, &arguments).await;
            assert!(report.contains(&format!("skipped task 3: {reason}\n")), "{report}");
            assert_eq!(everything(&db).await, ["7 Buy milk", "7 Äpfel kaufen"]);
            db.change("DELETE FROM tasks").await;
        }
    }
}

async fn a_task_beyond_the_limits_is_reported_and_not_truncated(db: TestDatabase) {
    for source in sources().await {
        filled(&source).await;
        let long = "ü".repeat(256);
        add_task(&source, 10, "7", &long).await;
        add_task(&source, 11, "7", &"ü".repeat(255)).await;
        add_task(&source, 12, "7", " \t").await;
        add_task(&source, 13, &"9".repeat(256), "of a long name").await;
        add_task(&source, 14, "7", "wordy").await;
        source
            .change(&format!(
                "UPDATE tasks SET description = '{}' WHERE id = 14",
                "d".repeat(10_001)
            ))
            .await;
        let url = source.url();

        let report = incomplete(&db, &["--from", "fastapi", &url, "--owners", "same"]).await;

        for line in [
            "skipped task 10: the title has 256 characters; at most 255 are allowed\n",
            "skipped task 12: the task has no title\n",
            "invalid user id",
            "skipped task 14: the description has 10001 characters; at most 10000 are allowed\n",
            "4 tasks of 2 owners imported\n",
            "0 tasks already existed, 4 skipped\n",
        ] {
            assert!(report.contains(line), "{line} {report}");
        }
        assert_eq!(everything(&db).await.len(), 4);
        db.change("DELETE FROM tasks").await;
    }
}

async fn many_tasks_are_imported_once_each(db: TestDatabase) {
    for source in sources().await {
        source
            .change(
                &format!(
                    "WITH RECURSIVE numbers(n) AS
                 (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 5501)
                 INSERT INTO tasks SELECT n, 'ada', 'task ' || n, NULL, n % 2 = 0, '{CREATED}', \
                 '{CREATED}' FROM numbers",
                )
                .replace(
                    "'2026-01-02 03:04:05.678901'",
                    match source.engine {
                        Engine::Postgres => "timestamp '2026-01-02 03:04:05.678901'",
                        Engine::Sqlite => "'2026-01-02 03:04:05.678901'",
                    },
                ),
            )
            .await;
        let url = source.url();

        let report = imported(&db, &["--from", "fastapi", &url, "--owners", "same"]).await;

        assert!(report.contains("5501 tasks of 1 owners imported"), "{report}");
        let found = db.texts("SELECT DISTINCT title AS text FROM tasks").await;
        assert_eq!(found.len(), 5501);
        db.change("DELETE FROM tasks").await;
    }
}

async fn tasks_of_a_csv_file_are_imported(db: TestDatabase) {
    let csv = file(
        "\u{feff}ID;User ID;Title;Completed;Created At;priority\r\n\
         1;7;Buy milk;yes;2026-01-02T03:04:05Z;high\r\n\
         2;7; Äpfel ;0;1767323045;low\r\n\
         0198c0a4-6f0e-7b53-9a75-3f5b3c1f2f10;8;Call Ada;;;\r\n\
         ;;;;;\r\n\
         4;8;None;perhaps;2026-01-02;\r\n\
         5;8;late;no;02.01.2026;\r\n\
         1;7;Buy milk;yes;2026-01-02T03:04:05Z;high\r\n",
    );

    let arguments = ["--from", "csv", path(&csv), "--owners", "same"];
    let report = incomplete(&db, &arguments).await;

    for line in [
        "columns that are not imported: priority\n",
        "skipped task 4 (line 6): completed \"perhaps\" is neither true nor false\n",
        "skipped task 5 (line 7): created_at \"02.01.2026\" cannot be read as a time: write it as \
         2026-01-02T03:04:05Z\n",
        "skipped task 1 (line 8): the source has this task twice\n",
        "3 tasks of 2 owners imported\n",
    ] {
        assert!(report.contains(line), "{line} {report}");
    }
    let app = TestApp::spawn(&db).await;
    let ada = app.token("7");
    let tasks: Vec<Value> = app.get("/api/tasks?sort=title", &ada).await.json().await.unwrap();
    assert_eq!(tasks[0]["title"], " Äpfel ");
    assert_eq!(tasks[1]["title"], "Buy milk");
    assert_eq!(tasks[1]["completed"], true);
    assert_eq!(tasks[1]["created_at"], "2026-01-02T03:04:05.000Z");
    assert_eq!(tasks[1]["updated_at"], tasks[1]["created_at"]);
    assert_eq!(tasks[1]["description"], Value::Null);
    let kept = "/api/tasks/0198c0a4-6f0e-7b53-9a75-3f5b3c1f2f10";
    assert_eq!(app.get(kept, &app.token("8")).await.status(), 200);
    let again = incomplete(&db, &arguments).await;
    assert!(again.contains("3 tasks already existed, 3 skipped"), "{again}");
}

async fn tasks_of_all_years_are_listed_in_pages(db: TestDatabase) {
    let csv = file(
        "id,user_id,title,created_at\n\
         1,7,last,9999-12-31T23:59:59Z\n\
         2,7,present,2026-01-02T03:04:05Z\n\
         3,7,before 1970,1969-12-31T23:59:59Z\n\
         4,7,first,0001-01-01T00:00:00Z\n",
    );
    imported(&db, &["--from", "csv", path(&csv), "--owners", "same"]).await;

    let app = TestApp::spawn(&db).await;
    let token = app.token("7");
    let (mut page, mut titles) = (Some("/api/tasks?limit=1".to_owned()), Vec::new());
    while let Some(path) = page {
        titles.extend(app.titles(&path, &token).await);
        page = TestApp::next(&app.get(&path, &token).await);
    }
    assert_eq!(titles, ["last", "present", "before 1970", "first"]);
    let recent = app.titles("/api/tasks?created_after=1969-12-31T23:59:58Z", &token).await;
    assert_eq!(recent, ["last", "present", "before 1970"]);
}

async fn values_of_a_csv_file_may_span_several_lines(db: TestDatabase) {
    let csv = file(
        "id,user_id,title,description\n1,7,Buy,\"milk,\n\"\"two\"\" litres\n\"\n2,7,\"open,rest\n\
         3,7,lost,\n",
    );

    let report = incomplete(&db, &["--from", "csv", path(&csv), "--owners", "same"]).await;

    let line = "skipped line 5: a quote is not closed; it continues to line 6: a closing quote may be missing\n";
    assert!(report.contains(line), "{report}");
    let texts = db.texts("SELECT description AS text FROM tasks").await;
    assert_eq!(texts, ["milk,\n\"two\" litres\n"]);
}

async fn a_task_that_changed_its_owner_is_reported(db: TestDatabase) {
    for source in sources().await {
        filled(&source).await;
        let url = source.url();
        let (first, second) =
            (file("old_id,new_id\n7,a\n8,b\n"), file("old_id,new_id\n7,a\n8,c\n"));
        imported(&db, &["--from", "fastapi", &url, "--owners", path(&first)]).await;
        let before = everything(&db).await;

        let report = incomplete(&db, &["--from", "fastapi", &url, "--owners", path(&second)]).await;

        let line = "skipped task 3: the task already exists with another owner\n";
        assert!(report.contains(line), "{report}");
        assert_eq!(everything(&db).await, before);
        db.change("DELETE FROM tasks").await;
    }
}
