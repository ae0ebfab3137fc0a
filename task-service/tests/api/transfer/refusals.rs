//! Imports of exports that are rejected as a whole.

use database::{on_both_engines, testing::TestDatabase};
use task_service::MIGRATIONS;

use super::{exported, file, fill, piped, refused, rows, with_new_end};

on_both_engines!(task_service::MIGRATIONS;
    a_database_with_other_rows_is_refused,
    a_modified_file_is_refused,
    rows_that_cannot_be_stored_are_refused_with_all_others,
);

async fn a_database_with_other_rows_is_refused(db: TestDatabase) {
    fill(&db, 3).await;
    let (_folder, path) = file(&exported(&db).await);
    let there = db.elsewhere(MIGRATIONS).await;
    fill(&there, 2).await;
    let before = exported(&there).await;

    let message = refused(&there, &["import", &path]).await;

    assert_eq!(
        message,
        "DATABASE_URL already contains other rows (2 tasks): import into an empty database"
    );
    assert_eq!(rows(&exported(&there).await), rows(&before));
}

async fn a_modified_file_is_refused(db: TestDatabase) {
    fill(&db, 600).await;
    let export = exported(&db).await;
    let there = db.elsewhere(MIGRATIONS).await;
    let lines: Vec<_> = export.lines().collect();
    let without = |left_out: usize| {
        let kept = lines.iter().enumerate().filter(|(place, _)| *place != left_out);
        kept.fold(String::new(), |text, (_, line)| format!("{text}{line}\n"))
    };
    let end_of = |number: usize| lines[..number].iter().map(|line| line.len() + 1).sum::<usize>();
    let (half, none) = (&export[..end_of(301) - 9], &export[..end_of(601)]);
    for (text, message) in [
        ("", "line 1: not an export"),
        ("email,name\nada@example.com,Ada\n", "line 1: not an export"),
        (rows(&export), "line 1: not an export"),
        (half, "line 301: the export is truncated here"),
        (none, "line 602: the export is truncated here"),
        (&without(0), "line 1: not an export"),
        (&without(7), "line 601: the rows differ from the exported ones: 599 rows: 599 tasks"),
        (&export.replacen("task 7", "task 8", 1), "line 602: the rows differ from the exported"),
        (&export.replacen("words", "w\u{f6}rds", 1), "line 602: the rows differ from the exported"),
        (&export.replace('\n', "\r\n"), "line 602: the rows differ from the exported ones"),
        (&format!("{export}{export}"), "line 603: unexpected data after the final line"),
        (&export.replacen("{\"table\"", "{\"tables\"", 1), "line 2: neither a row nor"),
        (&export.replacen("{\"table\"", "hello", 1), "line 2: not a row"),
        (
            &export.replacen("task-service", "auth-service", 1),
            "line 1: this is an export of \"auth-service\", not of task-service",
        ),
        (
            &export.replacen("\"format\":1", "\"format\":2", 1),
            "line 1: this was written by task-service \"0.1.0\", which is newer than this program",
        ),
        (
            &export.replacen("\"schema\":\"2", "\"schema\":\"3", 1),
            "line 1: this was written by task-service \"0.1.0\", which is newer than this program",
        ),
    ] {
        let (_folder, path) = file(text);
        let said = refused(&there, &["import", &path]).await;
        assert!(said.starts_with(message), "{said} instead of {message}");
        let (is_done, said) = piped(&there, text).await;
        let message = message.replace('"', "\\\"");
        assert!(!is_done && said.contains(&message), "{said} instead of {message}");
    }
    assert_eq!(there.columns("tasks").await.len(), 10);
    assert_eq!(exported(&there).await.lines().count(), 2, "nothing is there");
}

async fn rows_that_cannot_be_stored_are_refused_with_all_others(db: TestDatabase) {
    fill(&db, 700).await;
    let export = exported(&db).await;
    let there = db.elsewhere(MIGRATIONS).await;
    let lines: Vec<_> = export.lines().collect();
    let (first, last) = (lines[1], lines[700]);
    for (wrong, message) in [
        (format!("{last}\n{first}"), "lines 502 to 702: the rows cannot be stored: "),
        (last.replace("\"title\":\"task ", "\"title\":17,\"was\":\""), "line 701: column "),
        (last.replace("\"version\"", "\"revision\""), "line 701: column "),
        (last.replace("678901Z", "678Z"), "line 701: column "),
        (last.replace("\"tasks\"", "\"secrets\""), "line 701: unknown table"),
    ] {
        let wrong = with_new_end(&export.replacen(last, &wrong, 1));
        let (_folder, path) = file(&wrong);
        let said = refused(&there, &["import", &path]).await;
        assert!(said.starts_with(message), "{said} instead of {message}");
        assert!(!said.contains("some words"), "values are secrets: {said}");
        assert_eq!(exported(&there).await.lines().count(), 2, "nothing is there");
    }
}
