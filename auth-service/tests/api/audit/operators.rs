//! Audit log entries about the actions of operators and of the service itself.

use std::process::Stdio;

use database::{on_both_engines, testing::TestDatabase};
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt as _;

use super::{ADA, audit, id, summaries};
use crate::{
    app::{DAY, PASSWORD, SECRET, TestApp, count, values},
    secrets::process,
};

on_both_engines!(auth_service::MIGRATIONS;
    what_operators_do_is_recorded,
    the_end_of_a_ban_is_recorded,
    exports_and_imports_are_recorded_but_not_exported,
    changes_of_signing_keys_are_recorded,
);

/// Runs a command with [`PASSWORD`] as its input, asserts that it succeeds, and returns its output.
async fn run(db: &TestDatabase, arguments: &[&str]) -> String {
    let mut process = process(&db.url(), &[("BETTER_AUTH_SECRET", SECRET)]);
    let mut child = process.args(arguments).stdin(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    // Writing may fail if the command does not read its input.
    let _ = stdin.write_all(PASSWORD.as_bytes()).await;
    drop(stdin);
    let output = child.wait_with_output().await.unwrap();
    assert!(output.status.success(), "{arguments:?}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

async fn what_operators_do_is_recorded(db: TestDatabase) {
    run(&db, &["users", "create", ADA]).await;
    let app = TestApp::spawn(&db).await;
    app.use_real_time();
    let ada = app.sign_in(ADA).await;
    run(&db, &["users", "revoke", ADA]).await;
    run(&db, &["users", "revoke", ADA]).await;
    run(&db, &["users", "disable", ADA, "--reason", "a secret reason"]).await;
    run(&db, &["users", "enable", ADA]).await;
    run(&db, &["users", "set-password", ADA]).await;
    run(&db, &["users", "show", ADA]).await;

    let by_operators = [
        "create-user success operator -",
        "revoke-sessions success operator sessions ended: 1",
        "revoke-sessions success operator -",
        "disable-user success operator -",
        "enable-user success operator -",
        "change-password success operator -",
    ];
    let mut all = summaries(&db).await;
    assert_eq!(all.remove(1), "sign-in success user -");
    assert_eq!(all, by_operators, "a command that changes nothing is not recorded");
    for entry in audit(&db, &[]).await {
        assert_eq!(entry["userId"], id(&ada.user), "{entry}");
        assert_eq!(entry["ipAddress"].is_null(), entry["actor"] == "operator", "{entry}");
        assert!(!entry.to_string().contains("secret"), "{entry}");
    }
}

async fn the_end_of_a_ban_is_recorded(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    app.sign_up(ADA).await;
    db.change("UPDATE users SET is_active = false, ban_expires = '2026-01-03T00:00:00.000000Z'")
        .await;
    app.advance(2 * DAY);
    app.sign_in(ADA).await;

    let expected =
        ["sign-up success user -", "enable-user success system -", "sign-in success user -"];
    assert_eq!(summaries(&db).await, expected);
}

async fn exports_and_imports_are_recorded_but_not_exported(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    app.sign_up(ADA).await;
    drop(app);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("export.jsonl");
    let file = file.to_str().unwrap();
    let users = folder.path().join("users.csv");
    std::fs::write(&users, "email,name\nbob@example.com,Bob\n").unwrap();
    let there = db.elsewhere(auth_service::MIGRATIONS).await;

    run(&db, &["export", file]).await;
    run(&there, &["import", file]).await;
    // A repeated import adds no rows, so it is not recorded.
    run(&there, &["import", file]).await;
    run(&db, &["import", users.to_str().unwrap(), "--from", "csv", "--dry-run"]).await;
    run(&db, &["import", users.to_str().unwrap(), "--from", "csv"]).await;

    let of = async |db: &TestDatabase, action: &str| audit(db, &["--action", action]).await;
    let exports = of(&db, "export").await;
    let [export] = &exports[..] else { panic!("{exports:?}") };
    let restored = of(&there, "import").await;
    let [restored] = &restored[..] else { panic!("{restored:?}") };
    assert_eq!(export["detail"], restored["detail"], "the same rows and checksum");
    let imported = of(&db, "import").await;
    let details: Vec<&Value> = imported.iter().map(|entry| &entry["detail"]).collect();
    assert_eq!(details, [&json!("users: 1 imported, 0 updated; sessions: 0")]);
    assert_eq!(of(&there, "export").await, [json!(null); 0]);
    assert_eq!(of(&there, "sign-up").await, of(&db, "sign-up").await);
    assert_eq!(count(&there, "users").await, 1);
    let actors = "SELECT DISTINCT actor AS value FROM audit_entries WHERE action LIKE '%port'";
    assert_eq!(values(&db, actors).await, ["operator"]);
}

async fn changes_of_signing_keys_are_recorded(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    app.use_real_time();
    app.sign_up(ADA).await;
    let rotated: Value =
        serde_json::from_str(&run(&db, &["keys", "rotate", "--json"]).await).unwrap();
    let kid = rotated["kid"].as_str().unwrap();
    run(&db, &["keys", "revoke", kid, "--yes"]).await;

    let expected = [
        "sign-up success user -".to_owned(),
        format!("rotate-key success operator {kid}"),
        format!("revoke-key success operator {kid}"),
    ];
    assert_eq!(summaries(&db).await, expected);
}
