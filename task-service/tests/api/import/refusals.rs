//! Sources and options of imports: which ones are accepted, and which ones cause the import to be
//! rejected as a whole without writing anything.

use std::{fmt::Write as _, fs};

use database::{
    on_both_engines,
    testing::{Engine, TestDatabase},
};

use super::{
    add_task, auth_export, everything, file, filled, imported, path, quickstart, refused, sources,
};

on_both_engines!(task_service::MIGRATIONS;
    a_missing_column_is_named_and_nothing_is_written,
    names_can_be_mapped,
    times_with_and_without_a_zone_are_read,
    an_owner_must_be_chosen,
    a_map_of_owners_that_cannot_be_read_is_refused,
    an_export_of_users_that_cannot_be_read_is_refused,
    a_source_that_cannot_be_read_is_refused,
    an_export_takes_no_options_of_other_sources,
    a_statement_that_fails_leaves_nothing,
    the_database_of_the_quickstart_is_not_overwritten,
);

async fn a_missing_column_is_named_and_nothing_is_written(db: TestDatabase) {
    for source in sources().await {
        filled(&source).await;
        source.change("ALTER TABLE tasks RENAME COLUMN user_id TO owner_id").await;
        let url = source.url();

        let error = refused(&db, &["--from", "fastapi", &url, "--owners", "same"]).await;

        assert!(
            error.contains("the table tasks has no column user_id; its columns are id, owner_id,"),
            "{error}"
        );
        assert!(error.contains("--column tasks.user_id=NAME"), "{error}");
        assert!(everything(&db).await.is_empty());
    }
    let csv = file("id,owner,title\n1,7,Buy milk\n");
    let error = refused(&db, &["--from", "csv", path(&csv), "--owners", "same"]).await;
    assert!(
        error.contains("the file has no column user_id; its first line has id, owner, title"),
        "{error}"
    );
    let columns = ["--column", "user_id=owner"];
    imported(&db, &[&["--from", "csv", path(&csv), "--owners", "same"][..], &columns].concat())
        .await;
    assert_eq!(everything(&db).await, ["7 Buy milk"]);
}

async fn names_can_be_mapped(db: TestDatabase) {
    for source in sources().await {
        filled(&source).await;
        // SQLModel uses this table name for a class `Task`.
        source.change("ALTER TABLE tasks RENAME TO task").await;
        source.change("ALTER TABLE task RENAME COLUMN user_id TO owner_id").await;
        source.change("ALTER TABLE task DROP COLUMN description").await;
        source.change("ALTER TABLE task ADD COLUMN priority integer").await;
        let url = source.url();
        let names = ["--column", "tasks.user_id=owner_id", "--column", "tasks.description="];
        let arguments = [&["--from", "fastapi", &url, "--owners", "same"][..], &names].concat();

        let report = imported(&db, &arguments).await;

        assert!(report.contains("columns of \"task\" that are not imported: priority"), "{report}");
        assert_eq!(everything(&db).await.len(), 3);
        source.change("ALTER TABLE task RENAME TO todo").await;
        let report = imported(&db, &[&arguments[..], &["--table", "tasks=todo"]].concat()).await;
        assert!(report.contains("3 tasks already existed"), "{report}");
        let error = refused(&db, &[&arguments[..], &["--table", "todos=todo"]].concat()).await;
        assert!(error.contains("--table todos: the tables are tasks, users"), "{error}");
        db.change("DELETE FROM tasks").await;
    }
}

async fn times_with_and_without_a_zone_are_read(db: TestDatabase) {
    for source in sources().await {
        add_task(&source, 1, "7", "naive").await;
        let (naive, zoned) = match source.engine {
            Engine::Postgres => ("timestamp", "timestamptz"),
            Engine::Sqlite => ("text", "text"),
        };
        source.change(&format!("ALTER TABLE tasks ADD COLUMN zoned {zoned}")).await;
        source.change("UPDATE tasks SET zoned = '2026-01-02 04:04:05.678901+01:00'").await;
        source.change(&format!("ALTER TABLE tasks ADD COLUMN naive {naive}")).await;
        source.change("UPDATE tasks SET naive = '2026-01-02 03:04:05.678901'").await;
        let url = source.url();
        let base = ["--from", "fastapi", &url, "--owners", "same"];

        for column in ["zoned", "naive"] {
            let created = format!("tasks.created_at={column}");
            imported(&db, &[&base[..], &["--column", &created]].concat()).await;
        }

        // Both columns contain the same instant, so the task has the same id.
        let ids = db.texts("SELECT title AS text FROM tasks").await;
        assert_eq!(ids, ["naive"]);
        db.change("DELETE FROM tasks").await;
    }
}

async fn an_owner_must_be_chosen(db: TestDatabase) {
    let Some(source) = quickstart(db.engine).await else { return };
    filled(&source).await;
    let url = source.url();
    let emails = file("old_id,email\n7,ada@example.com\n");

    let error = refused(&db, &["--from", "fastapi", &url]).await;
    assert!(error.contains("--owners is required: same if users keep their ids"), "{error}");
    for owners in ["by-email", path(&emails)] {
        let error = refused(&db, &["--from", "fastapi", &url, "--owners", owners]).await;
        assert!(error.contains("mapping owners by address requires --users"), "{error}");
    }
    let export = auth_export(&[]);
    source.change("DROP TABLE users").await;
    let arguments = ["--from", "fastapi", &url, "--owners", "by-email", "--users", path(&export)];
    let error = refused(&db, &arguments).await;
    assert!(error.contains("the source has no table users"), "{error}");
    assert!(everything(&db).await.is_empty());
}

async fn a_map_of_owners_that_cannot_be_read_is_refused(db: TestDatabase) {
    let csv = file("id,user_id,title\n1,7,Buy milk\n");
    for (map, reason) in [
        ("7,new\n", "the file has no column old_id; its first line has new; nothing was imported"),
        ("old_id\n7\n", "line 2: neither new_id nor email is set"),
        ("old_id,new_id,email\n7,a,b@example.com\n", "line 2: both new_id and email are set"),
        ("old_id,new_id\n,a\n", "line 2: old_id is missing"),
        ("old_id,new_id\n7,a\n7,b\n", "line 3: the owner 7 is mapped to another owner above"),
        ("{\"old_id\":7,\"new_id\":\"a\"}\n[]\n", "line 2: not a JSON object"),
        ("{\"old_id\":7}\n", "line 1: neither new_id nor email is set"),
        ("", "the file has no column old_id"),
    ] {
        let map = file(map);
        let error = refused(&db, &["--from", "csv", path(&csv), "--owners", path(&map)]).await;
        assert!(error.contains("--owners: ") && error.contains(reason), "{reason} {error}");
    }
    let error = refused(&db, &["--from", "csv", path(&csv), "--owners", "/no/such/file"]).await;
    assert!(error.contains("--owners: /no/such/file does not exist"), "{error}");
    assert!(everything(&db).await.is_empty());
}

async fn an_export_of_users_that_cannot_be_read_is_refused(db: TestDatabase) {
    let csv = file("id,user_id,title\n1,7,Buy milk\n");
    let whole = fs::read_to_string(auth_export(&[("7", "ada@example.com")]).path()).unwrap();
    let (cut, _) = whole.trim_end().rsplit_once('\n').unwrap();
    for (export, reason) in [
        (cut, "the export of auth-service is truncated"),
        ("id,email\n", "the file is not an export of auth-service"),
        (
            "{\"export\":\"task-service\"}\n{\"end\":{}}\n",
            "the file is not an export of auth-service",
        ),
        ("", "the export of auth-service is truncated"),
    ] {
        let export = file(export);
        let arguments = ["--from", "csv", path(&csv), "--owners", "same", "--users", path(&export)];
        let error = refused(&db, &arguments).await;
        assert!(error.contains("--users: ") && error.contains(reason), "{reason} {error}");
    }
}

async fn a_source_that_cannot_be_read_is_refused(db: TestDatabase) {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().to_str().unwrap();
    for (source, reason) in [
        ("sqlite:////no/such/file.db", "/no/such/file.db does not exist"),
        ("mysql://ada:hidden@db.test/app", "invalid source"),
        ("postgres://ada:hidden@127.0.0.1:1/app", "cannot connect to the source"),
    ] {
        let error = refused(&db, &["--from", "fastapi", source, "--owners", "same"]).await;
        assert!(error.contains(reason) && !error.contains("hidden"), "{error}");
    }
    for (source, reason) in [
        (folder, "is not a regular file"),
        ("postgres://ada:hidden@127.0.0.1/app", "expected a file, not a URL"),
        ("/no/such/file.csv", "/no/such/file.csv does not exist"),
    ] {
        let error = refused(&db, &["--from", "csv", source, "--owners", "same"]).await;
        assert!(error.contains(reason) && !error.contains("hidden"), "{error}");
    }
    let csv = file("id,user_id,title\n1,7,Buy milk\n");
    let arguments = ["--from", "csv", path(&csv), "--owners", "same", "--report", folder];
    let error = refused(&db, &arguments).await;
    assert!(error.contains("--report: ") && error.contains("is not a regular file"), "{error}");
    assert!(everything(&db).await.is_empty());
}

async fn an_export_takes_no_options_of_other_sources(db: TestDatabase) {
    let export = file("");
    for option in [&["--owners", "same"][..], &["--dry-run"], &["--report", "x"]] {
        let error = refused(&db, &[&[path(&export)][..], option].concat()).await;
        assert!(error.contains("imported as a whole"), "{error}");
    }
    let error = refused(&db, &["sqlite://old.db"]).await;
    assert!(error.contains("with `--from export`"), "{error}");
}

async fn a_statement_that_fails_leaves_nothing(db: TestDatabase) {
    let mut rows = "id,user_id,title\n".to_owned();
    for number in 1..=5100 {
        writeln!(rows, "{number},7,task {number}").unwrap();
    }
    let csv = file(rows);
    // A row of the second page violates this condition.
    let guard = match db.engine {
        Engine::Postgres => "ALTER TABLE tasks ADD CONSTRAINT guard CHECK (title <> 'task 5050')",
        Engine::Sqlite => {
            "CREATE TRIGGER guard BEFORE INSERT ON tasks WHEN NEW.title = 'task 5050' \
             BEGIN SELECT RAISE(ABORT, 'guarded'); END"
        }
    };
    db.change(guard).await;
    let folder = tempfile::tempdir().unwrap();
    let report = folder.path().join("report.csv");
    let report = report.to_str().unwrap();

    let arguments = ["--from", "csv", path(&csv), "--owners", "same", "--report", report];
    let error = refused(&db, &arguments).await;

    assert!(error.contains("a database statement failed; nothing was imported"), "{error}");
    assert!(everything(&db).await.is_empty());
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "there is no report");
}

async fn the_database_of_the_quickstart_is_not_overwritten(db: TestDatabase) {
    let Some(source) = quickstart(db.engine).await else { return };
    filled(&source).await;
    source.change("DROP TABLE task_service_migrations").await;
    let url = source.url();

    for dry_run in [&[][..], &["--dry-run"]] {
        let arguments = [&["--from", "fastapi", &url, "--owners", "same"][..], dry_run].concat();
        let error = refused(&source, &arguments).await;
        assert!(error.contains("DATABASE_URL"), "{error}");
    }

    assert_eq!(everything(&source).await.len(), 3);
}
