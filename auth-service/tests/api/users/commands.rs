//! `auth-service users`, run as an operator runs it.

use std::process::{Output, Stdio};

use database::{on_both_engines, testing::TestDatabase};
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt as _;

use super::ADA;
use crate::{
    app::{Answering as _, GET_SESSION, PASSWORD, TestApp, count, members, values, with_bearer},
    secrets::process,
};

on_both_engines!(auth_service::MIGRATIONS;
    a_created_user_can_sign_in,
    a_user_is_created_under_the_rules_of_sign_up,
    users_are_listed_page_by_page,
    a_user_is_shown_by_id_or_address,
    a_new_password_ends_all_sessions,
    a_ban_has_a_reason_and_an_end,
    sessions_are_listed_and_ended,
    a_user_is_deleted_with_confirmation_only,
    an_unknown_user_is_an_error,
    every_change_is_a_security_event,
);

const NEW_PASSWORD: &str = "another horse 42";

/// Runs a `users` command with this standard input.
async fn users_with(db_url: &str, arguments: &[&str], input: &str) -> Output {
    let mut process = process(db_url, &[]);
    let mut child = process.arg("users").args(arguments).stdin(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    // Writing fails if the command exits early without reading its input.
    let _ = stdin.write_all(input.as_bytes()).await;
    drop(stdin);
    child.wait_with_output().await.unwrap()
}

/// Runs a command that must succeed, and returns its output.
pub(super) async fn succeeds(db: &TestDatabase, arguments: &[&str]) -> String {
    succeeds_with(db, arguments, "").await
}

pub(super) async fn succeeds_with(db: &TestDatabase, arguments: &[&str], input: &str) -> String {
    let output = users_with(&db.url(), arguments, input).await;
    assert!(output.status.success(), "{arguments:?}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// Runs a command that must fail with this status, and returns its standard error.
async fn fails(db: &TestDatabase, status: i32, arguments: &[&str], input: &str) -> String {
    let output = users_with(&db.url(), arguments, input).await;
    assert_eq!(output.status.code(), Some(status), "{arguments:?}: {output:?}");
    assert!(output.stdout.is_empty(), "{output:?}");
    String::from_utf8(output.stderr).unwrap()
}

fn lines(output: &str) -> Vec<Value> {
    output.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

async fn list(db: &TestDatabase, options: &[&str]) -> Vec<Value> {
    lines(&succeeds(db, &[&["list", "--json"], options].concat()).await)
}

async fn show(db: &TestDatabase, who: &str) -> Value {
    lines(&succeeds(db, &["show", who, "--json"]).await).remove(0)
}

async fn a_created_user_can_sign_in(db: TestDatabase) {
    let input = format!("{PASSWORD}\nignored\n");
    let created =
        succeeds_with(&db, &["create", "Ada@Example.com", "--verified", "--json"], &input).await;
    let created = lines(&created).remove(0);

    let app = TestApp::spawn(&db).await;
    app.use_real_time();
    let ada = app.sign_in(ADA).await;
    assert_eq!((&ada.user["name"], &ada.user["emailVerified"]), (&json!("ada"), &json!(true)));
    for field in members(&ada.user) {
        assert_eq!(created[field], ada.user[field], "{field}");
    }
    let said = succeeds_with(&db, &["create", "bob@example.com", "--name", "Bob"], PASSWORD).await;
    let bob = app.sign_in("bob@example.com").await.user;
    assert_eq!((&bob["name"], &bob["emailVerified"]), (&json!("Bob"), &json!(false)));
    assert_eq!(said, format!("created: bob@example.com ({})\n", bob["id"].as_str().unwrap()));
}

async fn a_user_is_created_under_the_rules_of_sign_up(db: TestDatabase) {
    for (email, password, status, said) in [
        ("ada", PASSWORD, 2, "not an e-mail address"),
        (ADA, "", 1, "standard input contains no password"),
        (ADA, "\n", 1, "standard input contains no password"),
        (ADA, "seven77\n", 1, "password too short"),
        (ADA, "password1\n", 1, "the password is on a list of compromised passwords"),
        (ADA, &"x".repeat(129), 1, "password too long"),
    ] {
        let error = fails(&db, status, &["create", email], password).await;
        assert!(error.contains(said), "{error}");
        assert!(password.len() < 2 || !error.contains(password.trim()), "{error}");
    }
    fails(&db, 2, &["create", ADA, "--password", PASSWORD], "").await;
    assert_eq!(count(&db, "users").await, 0);

    succeeds_with(&db, &["create", ADA], PASSWORD).await;
    let error = fails(&db, 1, &["create", "ADA@example.com"], PASSWORD).await;
    assert!(error.contains("a user with this e-mail address already exists"), "{error}");
    assert_eq!(count(&db, "users").await, 1);
}

/// An operator can create the first user of a new service before its first start.
#[tokio::test]
async fn creating_a_user_creates_the_database_and_other_commands_do_not() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}", folder.path().join("data/auth.db").display());
    let output = users_with(&url, &["list"], "").await;
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(error.contains("there is no database yet"), "{error}");
    assert!(!folder.path().join("data").exists());

    let output = users_with(&url, &["create", ADA], PASSWORD).await;
    assert!(output.status.success(), "{output:?}");
    let output = users_with(&url, &["list"], "").await;
    let list = String::from_utf8(output.stdout).unwrap();
    assert!(list.lines().next().unwrap().starts_with("ID"), "{list}");
    assert!(list.contains("  ada@example.com  active  "), "{list}");
}

async fn users_are_listed_page_by_page(db: TestDatabase) {
    assert_eq!(list(&db, &[]).await, [json!(null); 0]);
    let app = TestApp::spawn(&db).await;
    for name in ["ada", "bob", "eve"] {
        app.sign_up(&format!("{name}@example.com")).await;
    }

    let all = list(&db, &[]).await;
    let emails: Vec<_> = all.iter().map(|user| user["email"].as_str().unwrap()).collect();
    assert_eq!(emails, ["ada@example.com", "bob@example.com", "eve@example.com"]);
    let fields = [
        "banExpires",
        "banReason",
        "banned",
        "createdAt",
        "email",
        "emailVerified",
        "id",
        "image",
        "name",
        "updatedAt",
    ];
    assert_eq!(members(&all[0]), fields);
    let first = list(&db, &["--limit", "2"]).await;
    assert_eq!(first, all[..2]);
    let last = first[1]["id"].as_str().unwrap();
    assert_eq!(list(&db, &["--limit", "2", "--after", last]).await, all[2..]);
    let text = succeeds(&db, &["list", "--limit", "2"]).await;
    assert_eq!(text.lines().count(), 4);
    assert!(text.ends_with(&format!("more users: --after {last}\n")), "{text}");
    let text = succeeds(&db, &["list"]).await;
    assert_eq!(text.lines().count(), 4);
    fails(&db, 2, &["list", "--limit", "0"], "").await;
}

async fn a_user_is_shown_by_id_or_address(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    app.use_real_time();
    let ada = app.sign_up(ADA).await.user;
    db.change("UPDATE users SET name = 'A\u{1b}[31mda'").await;

    let shown = show(&db, "ADA@example.com").await;

    assert_eq!(shown, show(&db, ada["id"].as_str().unwrap()).await);
    assert_eq!((&shown["id"], &shown["providers"]), (&ada["id"], &json!(["credential"])));
    assert_eq!((&shown["sessions"], &shown["banned"]), (&json!(1), &json!(false)));
    let text = succeeds(&db, &["show", ADA]).await;
    assert!(text.contains("e-mail       ada@example.com (not verified)\n"), "{text}");
    assert!(text.contains("state        active\n") && !text.contains('\u{1b}'), "{text:?}");
}

async fn a_new_password_ends_all_sessions(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let ada = app.sign_up(ADA).await;
    let bob = app.sign_up("bob@example.com").await;
    app.post("/api/auth/request-password-reset").json(&json!({ "email": ADA })).answer().await;
    let reset = app.mail_to(ADA, "reset-password").await;

    let error = fails(&db, 1, &["set-password", ADA], "short").await;
    assert!(error.contains("password too short"), "{error}");
    assert_eq!(with_bearer(&app, GET_SESSION, &ada.token).await.json()["user"], ada.user);
    succeeds_with(&db, &["set-password", ADA], NEW_PASSWORD).await;

    assert_eq!(with_bearer(&app, GET_SESSION, &ada.token).await.json(), Value::Null);
    assert_eq!(with_bearer(&app, GET_SESSION, &bob.token).await.json()["user"], bob.user);
    let old = app.sign_in_request(ADA, PASSWORD).answer().await;
    old.is_error(401, "INVALID_EMAIL_OR_PASSWORD", "Invalid email or password");
    app.sign_in_request(ADA, NEW_PASSWORD).answer().await.signed_in();
    let body = json!({ "newPassword": PASSWORD, "token": reset.token() });
    let answer = app.post("/api/auth/reset-password").json(&body).answer().await;
    answer.is_error(400, "INVALID_TOKEN", "Invalid token");

    // An imported user may have no password yet.
    db.change("DELETE FROM accounts").await;
    succeeds_with(&db, &["set-password", ADA], PASSWORD).await;
    app.sign_in(ADA).await;
}

async fn a_ban_has_a_reason_and_an_end(db: TestDatabase) {
    succeeds_with(&db, &["create", ADA], PASSWORD).await;
    succeeds(&db, &["disable", ADA]).await;
    let shown = show(&db, ADA).await;
    assert_eq!(
        [&shown["banned"], &shown["banReason"], &shown["banExpires"]],
        [&json!(true), &json!(null), &json!(null)]
    );

    succeeds(&db, &["disable", ADA, "--reason", "spam", "--for", "7d"]).await;
    let shown = show(&db, ADA).await;
    assert_eq!((&shown["banned"], &shown["banReason"]), (&json!(true), &json!("spam")));
    assert!(shown["banExpires"].as_str().unwrap() > shown["updatedAt"].as_str().unwrap());
    let text = succeeds(&db, &["show", ADA]).await;
    assert!(text.contains("state        disabled until 2"), "{text}");
    assert!(text.contains("reason       spam\n"), "{text}");
    db.change("UPDATE users SET ban_expires = '2020-01-01T00:00:00.000000Z'").await;
    let shown = show(&db, ADA).await;
    assert_eq!((&shown["banned"], &shown["banReason"]), (&json!(false), &json!(null)));

    let text = succeeds(&db, &["enable", ADA]).await;
    assert!(text.starts_with("enabled: ada@example.com ("), "{text}");
    succeeds(&db, &["enable", ADA]).await;
    for wrong in [&["--for", "tomorrow"][..], &["--reason", " "]] {
        fails(&db, 2, &[&["disable", ADA], wrong].concat(), "").await;
    }
    assert_eq!(show(&db, ADA).await["banned"], false);
}

async fn sessions_are_listed_and_ended(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    app.use_real_time();
    let ada = app.sign_up(ADA).await;
    app.sign_in(ADA).await;
    let phone = app.sign_in(ADA).await;
    let bob = app.sign_up("bob@example.com").await;
    let id = async |cookie: &str| app.get_session(cookie).await.json()["session"]["id"].take();
    let (first, foreign) = (id(&ada.cookie).await, id(&bob.cookie).await);
    let (first, foreign) = (first.as_str().unwrap(), foreign.as_str().unwrap());

    let listed = lines(&succeeds(&db, &["sessions", ADA, "--json"]).await);
    assert_eq!(listed.len(), 3);
    let fields = ["createdAt", "expiresAt", "id", "ipAddress", "updatedAt", "userAgent", "userId"];
    assert_eq!((members(&listed[0]), &listed[0]["id"]), (fields.to_vec(), &json!(first)));
    let text = succeeds(&db, &["sessions", ADA]).await;
    assert!(!text.contains(&ada.token) && text.contains(first), "{text}");

    let error = fails(&db, 1, &["revoke", ADA, "--session", foreign], "").await;
    assert!(error.contains("the user has no session"), "{error}");
    succeeds(&db, &["revoke", ADA, "--session", first]).await;
    assert_eq!(with_bearer(&app, GET_SESSION, &ada.token).await.json(), Value::Null);
    assert_eq!(with_bearer(&app, GET_SESSION, &phone.token).await.json()["user"], ada.user);
    let ended = succeeds(&db, &["revoke", ADA, "--json"]).await;
    assert_eq!(lines(&ended), [json!({ "userId": ada.user["id"], "endedSessions": 2 })]);
    assert_eq!(succeeds(&db, &["revoke", ADA]).await, "sessions ended: 0\n");
    assert_eq!(with_bearer(&app, GET_SESSION, &bob.token).await.json()["user"], bob.user);
}

async fn a_user_is_deleted_with_confirmation_only(db: TestDatabase) {
    succeeds_with(&db, &["create", ADA], PASSWORD).await;
    succeeds_with(&db, &["create", "bob@example.com"], PASSWORD).await;

    let error = fails(&db, 2, &["delete", ADA], "y\n").await;
    assert!(error.contains("--yes"), "{error}");
    assert_eq!(count(&db, "users").await, 2);
    let deleted = succeeds(&db, &["delete", ADA, "--yes"]).await;

    assert!(deleted.starts_with("deleted: ada@example.com ("), "{deleted}");
    assert_eq!(values(&db, "SELECT email AS value FROM users").await, ["bob@example.com"]);
    assert_eq!(count(&db, "accounts").await, 1);
}

async fn an_unknown_user_is_an_error(db: TestDatabase) {
    for command in
        ["show", "set-password", "disable", "enable", "sessions", "revoke", "delete --yes"]
    {
        let arguments: Vec<_> = command.split(' ').chain(["nobody@example.com"]).collect();
        let error = fails(&db, 1, &arguments, NEW_PASSWORD).await;
        assert!(error.contains("no user has the id or e-mail address"), "{command}: {error}");
        fails(&db, 2, &arguments[..1], "").await;
    }
}

async fn every_change_is_a_security_event(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    app.sign_up(ADA).await;
    let mut seen = 0;
    let mut events = async || {
        let all = values(&db, "SELECT kind AS value FROM security_events ORDER BY place").await;
        let new = all[seen..].to_vec();
        seen = all.len();
        new
    };
    for (arguments, expected) in [
        (&["disable", ADA][..], &["session-revoked", "account-disabled"][..]),
        (&["disable", ADA, "--reason", "spam"], &[]),
        (&["enable", ADA], &["account-enabled"]),
        (&["enable", ADA], &[]),
        (&["revoke", ADA], &["session-revoked", "session-revoked", "session-revoked"]),
        (&["set-password", ADA], &["session-revoked", "session-revoked", "session-revoked"]),
        (&["delete", ADA, "--yes"], &["account-purged"]),
    ] {
        if ["revoke", "set-password"].contains(&arguments[0]) {
            app.sign_in(ADA).await;
            app.sign_in(ADA).await;
        }
        succeeds_with(&db, arguments, NEW_PASSWORD).await;
        assert_eq!(events().await, expected, "{arguments:?}");
    }
}
