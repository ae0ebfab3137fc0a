//! The audit log, as `auth-service audit` shows it to an operator.

mod command;
mod deletion;
mod operators;

use auth_service::config::Config;
use database::{on_both_engines, testing::TestDatabase};
use serde_json::{Value, json};

use crate::{
    app::{
        Answer, Answering as _, BASE_URL, PASSWORD, SIGN_OUT, SIGN_UP, TestApp, count, shown,
        values,
    },
    secrets::process,
};

on_both_engines!(auth_service::MIGRATIONS;
    what_users_do_is_recorded,
    what_did_not_happen_is_not_recorded,
    equal_failures_share_an_entry_for_an_hour,
    an_unknown_address_is_not_stored,
    every_reason_for_a_failed_sign_in_is_recorded,
    a_client_cannot_forge_its_address,
    metrics_count_the_entries,
);

const ADA: &str = "ada@example.com";
const WRONG: &str = "wrong horse 42";
const NEW_PASSWORD: &str = "another horse 42";
const CLIENT: &str = "192.0.2.7";

/// Starts a service that trusts a local proxy, so that tests can choose the addresses of clients.
async fn spawn(db: &TestDatabase) -> TestApp {
    TestApp::spawn_with(db, behind_a_proxy).await
}

fn behind_a_proxy(config: &mut Config) {
    config.trusted_proxies = vec!["127.0.0.1".parse().unwrap()];
}

/// Returns the output of `auth-service audit`.
async fn audit_text(db: &TestDatabase, options: &[&str]) -> String {
    let output = process(&db.url(), &[]).arg("audit").args(options).output().await.unwrap();
    assert!(output.status.success(), "{options:?}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// Returns the entries that the options select, oldest first.
async fn audit(db: &TestDatabase, options: &[&str]) -> Vec<Value> {
    let text = audit_text(db, &[&["--json"], options].concat()).await;
    let entries = text.lines().map(|line| serde_json::from_str(line).unwrap());
    let mut entries: Vec<_> = entries.collect();
    entries.reverse();
    entries
}

/// Returns the action, outcome, actor and detail of each entry, joined by spaces, oldest first.
async fn summaries(db: &TestDatabase) -> Vec<String> {
    let summary = |entry: &Value| {
        let text = |field: &str| entry[field].as_str().unwrap_or("-").to_owned();
        ["action", "outcome", "actor", "detail"].map(text).join(" ")
    };
    audit(db, &[]).await.iter().map(summary).collect()
}

fn id(user: &Value) -> &str {
    user["id"].as_str().unwrap()
}

async fn post(app: &TestApp, path: &str, token: &str, body: Value) -> Answer {
    let request = app.post(path).bearer_auth(token).json(&body);
    let request = request.header("x-forwarded-for", CLIENT).header("user-agent", "Test/1.0");
    let answer = request.answer().await;
    assert_eq!(answer.status, 200, "{path}: {answer:?}");
    answer
}

async fn what_users_do_is_recorded(db: TestDatabase) {
    let app = spawn(&db).await;
    let body = json!({ "name": "Ada", "email": ADA, "password": PASSWORD });
    let ada = post(&app, SIGN_UP, "", body).await.signed_in();
    let session = app.get_session(&ada.cookie).await.json()["session"]["id"].take();
    app.advance(60);
    let other = app.sign_in(ADA).await;
    post(&app, "/api/auth/revoke-session", &ada.token, json!({ "token": other.token })).await;
    app.sign_in(ADA).await;
    app.sign_in(ADA).await;
    post(&app, "/api/auth/revoke-other-sessions", &ada.token, json!({})).await;
    let body = json!({ "newPassword": NEW_PASSWORD, "currentPassword": PASSWORD });
    post(&app, "/api/auth/change-password", &ada.token, body).await;
    app.post("/api/auth/request-password-reset").json(&json!({ "email": ADA })).answer().await;
    let reset = app.mail_to(ADA, "reset-password").await;
    let body = json!({ "newPassword": PASSWORD, "token": reset.token() });
    app.post("/api/auth/reset-password").json(&body).answer().await.is_done();
    let body = json!({ "newEmail": "new@example.com" });
    post(&app, "/api/auth/change-email", &ada.token, body).await;
    let change = app.mail_to("new@example.com", "change-email").await;
    app.open(change.link()).answer().await.leads_to("/");
    post(&app, SIGN_OUT, &ada.token, json!({})).await;

    let entries = audit(&db, &[]).await;
    assert_eq!(
        summaries(&db).await,
        [
            "sign-up success user -",
            "sign-in success user -",
            "revoke-sessions success user -",
            "sign-in success user -",
            "sign-in success user -",
            "revoke-sessions success user sessions ended: 2",
            "change-password success user -",
            "reset-password success user -",
            "change-email success user -",
            "sign-out success user -",
        ]
    );
    for entry in &entries {
        assert_eq!((&entry["userId"], &entry["count"]), (&ada.user["id"], &json!(1)), "{entry}");
    }
    let (first, last) = (&entries[0], &entries[9]);
    for (field, value) in [
        ("sessionId", session.clone()),
        ("ipAddress", json!(CLIENT)),
        ("userAgent", json!("Test/1.0")),
        ("createdAt", json!(shown(0))),
        ("lastAt", json!(shown(0))),
    ] {
        assert_eq!(first[field], value, "{first}");
    }
    assert_eq!((&last["sessionId"], &last["createdAt"]), (&session, &json!(shown(60))));
    assert_eq!(entries[1]["sessionId"], entries[2]["sessionId"]);
    let table = audit_text(&db, &[]).await;
    for secret in [PASSWORD, NEW_PASSWORD, ADA, "new@example.com", &ada.token, reset.token()] {
        assert!(!table.contains(secret), "{secret}: {table}");
        assert!(!format!("{entries:?}").contains(secret), "{secret}: {entries:?}");
    }
}

async fn what_did_not_happen_is_not_recorded(db: TestDatabase) {
    let app = TestApp::spawn_with(&db, |config| {
        config.features.change_email_without_verification = true;
    })
    .await;
    let ada = app.sign_up(ADA).await;
    let bob = app.sign_up("bob@example.com").await;
    assert_eq!(app.sign_up_request(ADA).answer().await.status, 422);
    let body = json!({ "token": bob.token });
    app.post_as(&ada, "/api/auth/revoke-session", &body).await.is_done();
    app.post_as(&ada, "/api/auth/revoke-other-sessions", &json!({})).await.is_done();
    app.post(SIGN_OUT).bearer_auth("a token of nobody").json(&json!({})).answer().await;
    let body = json!({ "newEmail": "bob@example.com" });
    app.post_as(&ada, "/api/auth/change-email", &body).await.is_done();
    let body = json!({ "newPassword": NEW_PASSWORD, "currentPassword": WRONG });
    assert_eq!(app.post_as(&ada, "/api/auth/change-password", &body).await.status, 400);
    let body = json!({ "newPassword": NEW_PASSWORD, "token": "unknown" });
    assert_eq!(app.post("/api/auth/reset-password").json(&body).answer().await.status, 400);
    app.get_session(&ada.cookie).await;
    app.token(&ada).await;

    assert_eq!(summaries(&db).await, ["sign-up success user -"; 2]);
}

async fn fail(app: &TestApp, client: &str, email: &str) {
    let request = app.sign_in_request(email, WRONG).header("x-forwarded-for", client);
    let answer = request.answer().await;
    answer.is_error(401, "INVALID_EMAIL_OR_PASSWORD", "Invalid email or password");
}

async fn equal_failures_share_an_entry_for_an_hour(db: TestDatabase) {
    let app = spawn(&db).await;
    let ada = app.sign_up(ADA).await;
    for seconds in [60, 3540, 0] {
        fail(&app, CLIENT, ADA).await;
        app.advance(seconds);
    }
    fail(&app, "192.0.2.8", ADA).await;

    let failures = audit(&db, &["--action", "sign-in"]).await;
    let counted = |entry: &Value| {
        let text = |field: &str| entry[field].as_str().unwrap().to_owned();
        (text("ipAddress"), entry["count"].as_i64().unwrap(), text("createdAt"), text("lastAt"))
    };
    let counted: Vec<_> = failures.iter().map(counted).collect();
    assert_eq!(
        counted,
        [
            (CLIENT.to_owned(), 2, shown(0), shown(60)),
            (CLIENT.to_owned(), 1, shown(3600), shown(3600)),
            ("192.0.2.8".to_owned(), 1, shown(3600), shown(3600)),
        ]
    );
    for entry in &failures {
        assert_eq!(
            (&entry["outcome"], &entry["userId"], &entry["detail"]),
            (&json!("failure"), &ada.user["id"], &json!("wrong password")),
        );
    }
}

async fn an_unknown_address_is_not_stored(db: TestDatabase) {
    let app = spawn(&db).await;
    for name in ["nobody", "correct.horse.battery.staple"] {
        fail(&app, CLIENT, &format!("{name}@example.com")).await;
    }

    let entries = audit(&db, &[]).await;
    assert_eq!(entries.len(), 1, "{entries:?}");
    let (entry, null) = (&entries[0], json!(null));
    assert_eq!((&entry["userId"], &entry["count"]), (&null, &json!(2)), "{entry}");
    assert_eq!(entry["detail"], "unknown user");
    assert!(!entry.to_string().contains("example.com"), "{entry}");
    let stored = "SELECT coalesce(user_id, '') || coalesce(detail, '') || coalesce(user_agent, '') \
                  AS value FROM audit_entries";
    assert_eq!(values(&db, stored).await, ["unknown user"]);
}

async fn every_reason_for_a_failed_sign_in_is_recorded(db: TestDatabase) {
    let app = TestApp::spawn_with(&db, |config| {
        config.features.require_email_verification = true;
    })
    .await;
    app.sign_up_request(ADA).answer().await;
    assert_eq!(app.sign_in_request(ADA, PASSWORD).answer().await.status, 403);
    db.change("UPDATE users SET email_verified = true, is_active = false").await;
    assert_eq!(app.sign_in_request(ADA, PASSWORD).answer().await.status, 403);
    db.change("DELETE FROM accounts").await;
    assert_eq!(app.sign_in_request(ADA, PASSWORD).answer().await.status, 401);

    assert_eq!(
        summaries(&db).await,
        [
            "sign-up success user -",
            "sign-in failure user address not verified",
            "sign-in failure user disabled user",
            "sign-in failure user unknown user",
        ]
    );
}

async fn a_client_cannot_forge_its_address(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let request = app.sign_up_request(ADA).header("x-forwarded-for", CLIENT);
    request.header("origin", BASE_URL).answer().await.signed_in();

    assert_eq!(audit(&db, &[]).await[0]["ipAddress"], "127.0.0.1");
}

async fn metrics_count_the_entries(db: TestDatabase) {
    let app = TestApp::spawn_with(&db, |config| {
        config.server.metrics.metrics_address = Some("127.0.0.1:0".parse().unwrap());
    })
    .await;
    let ada = app.sign_up(ADA).await;
    app.sign_in(ADA).await;
    for _ in 0..3 {
        app.sign_in_request(ADA, WRONG).answer().await;
    }
    let body = json!({ "password": PASSWORD });
    assert_eq!(app.post_as(&ada, "/api/auth/delete-user", &body).await.status, 200);

    let scrape = app.scrape().await;
    for (action, outcome, expected) in [
        ("sign-up", "success", 1.0),
        ("sign-in", "success", 1.0),
        ("sign-in", "failure", 3.0),
        ("delete-user", "success", 1.0),
        ("sign-out", "success", 0.0),
    ] {
        let series = format!("audit_events_total{{action=\"{action}\",outcome=\"{outcome}\"}}");
        assert_eq!(scrape.find(&series), Some(expected), "{series}: {scrape:?}");
    }
    assert_eq!(count(&db, "audit_entries").await, 4);
}
