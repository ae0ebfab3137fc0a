//! Notices by e-mail about changes and sign-ins that may be the work of somebody else.

use std::process::Stdio;

use auth_service::config::Config;
use database::{on_both_engines, testing::TestDatabase};
use serde_json::json;
use tokio::io::AsyncWriteExt as _;

use crate::{
    app::{Answer, Answering as _, DAY, PASSWORD, SIGN_OUT, SignedIn, TestApp, count, values},
    mailbox::eventually,
    secrets::process,
};

on_both_engines!(auth_service::MIGRATIONS;
    a_new_password_is_reported,
    an_operator_who_sets_a_password_has_it_reported,
    a_sign_in_from_a_new_network_is_reported,
    the_first_sign_in_is_not_reported,
    the_last_network_of_a_user_is_remembered,
    sign_ins_are_not_reported_by_default,
);

const ADA: &str = "ada@example.com";
const NEW_PASSWORD: &str = "another horse 42";
const TO_ADA: &str = "new-sign-in to ada@example.com";

async fn a_new_password_is_reported(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let ada = app.sign_up(ADA).await;
    let body = json!({ "newPassword": NEW_PASSWORD, "currentPassword": PASSWORD });
    assert_eq!(app.post_as(&ada, "/api/auth/change-password", &body).await.status, 200);
    let told = app.mail_to(ADA, "password-changed").await;
    for part in [&told.text, &told.html] {
        assert!(part.contains("2026-01-02 03:00 UTC") && part.contains(ADA), "{told:?}");
    }
    assert!(!told.source.contains("token=") && !told.source.contains(NEW_PASSWORD), "{told:?}");

    app.post("/api/auth/request-password-reset").json(&json!({ "email": ADA })).answer().await;
    let reset = app.mail_to(ADA, "reset-password").await;
    let body = json!({ "newPassword": PASSWORD, "token": reset.token() });
    app.post("/api/auth/reset-password").json(&body).answer().await.is_done();
    app.mail_to(ADA, "password-changed").await;

    let wrong = json!({ "newPassword": NEW_PASSWORD, "currentPassword": "wrong horse 42" });
    assert_eq!(app.post_as(&ada, "/api/auth/change-password", &wrong).await.status, 400);
    assert_eq!(app.other_mails(&db).await, [""; 0]);
}

async fn an_operator_who_sets_a_password_has_it_reported(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    app.use_real_time();
    app.sign_up(ADA).await;
    let mut process = process(&db.url(), &[]);
    let command = process.args(["users", "set-password", ADA]).stdin(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(NEW_PASSWORD.as_bytes()).await.unwrap();
    assert!(child.wait().await.unwrap().success());

    app.use_real_time();
    app.mail_to(ADA, "password-changed").await;
}

/// Starts a service that reports sign-ins from new networks. It trusts a local proxy, so that tests
/// can choose the addresses of clients.
async fn notifying(db: &TestDatabase) -> TestApp {
    TestApp::spawn_with(db, |config| {
        behind_a_proxy(config);
        config.features.notify_new_network = Some(true);
    })
    .await
}

fn behind_a_proxy(config: &mut Config) {
    config.trusted_proxies = vec!["127.0.0.1".parse().unwrap()];
}

async fn sign_in(app: &TestApp, client: &str, password: &str) -> Answer {
    app.sign_in_request(ADA, password).header("x-forwarded-for", client).answer().await
}

async fn sign_up(app: &TestApp, client: &str) -> SignedIn {
    let request = app.sign_up_request(ADA).header("x-forwarded-for", client);
    request.answer().await.signed_in()
}

async fn a_sign_in_from_a_new_network_is_reported(db: TestDatabase) {
    let app = notifying(&db).await;
    sign_up(&app, "192.0.2.1").await;
    sign_in(&app, "192.0.2.1", PASSWORD).await.signed_in();
    assert_eq!(sign_in(&app, "203.0.113.9", "wrong horse 42").await.status, 401);
    assert_eq!(app.other_mails(&db).await, [""; 0]);

    let thief = sign_in(&app, "203.0.113.9", PASSWORD).await;
    assert_eq!(thief.cookies().len(), 1, "the response is the same as ever: {thief:?}");
    let told = app.mail_to(ADA, "new-sign-in").await;
    for part in [&told.text, &told.html] {
        assert!(part.contains("2026-01-02 03:00 UTC") && part.contains("203.0.113.9"), "{told:?}");
    }
    assert!(!told.source.contains("token="), "{told:?}");
    // Only the first sign-in from each network is reported.
    sign_in(&app, "203.0.113.9", PASSWORD).await.signed_in();
    sign_in(&app, "2001:db8:1:2:3:4:5:6", PASSWORD).await.signed_in();
    sign_in(&app, "2001:db8:1:2:6:5:4:3", PASSWORD).await.signed_in();
    assert_eq!(app.other_mails(&db).await, [TO_ADA]);

    // Signing out at once does not withdraw the notice.
    std::fs::remove_dir_all(app.mail_dir.path()).unwrap();
    std::fs::write(app.mail_dir.path(), "in the way").unwrap();
    let quick = sign_in(&app, "198.51.100.1", PASSWORD).await.signed_in();
    app.post_as(&quick, SIGN_OUT, &json!({})).await;
    drop(app);
    let app = notifying(&db).await;
    app.advance(600);
    let told = app.mail_to(ADA, "new-sign-in").await;
    assert!(told.text.contains("2026-01-02 03:00 UTC from a network"), "{told:?}");
}

async fn the_first_sign_in_is_not_reported(db: TestDatabase) {
    let app = TestApp::spawn_with(&db, |config| {
        behind_a_proxy(config);
        config.features.notify_new_network = Some(true);
        config.features.require_email_verification = true;
    })
    .await;
    app.sign_up_request(ADA).header("x-forwarded-for", "192.0.2.1").answer().await;
    app.mail_to(ADA, "verify-email").await;
    db.change("UPDATE users SET email_verified = true").await;

    sign_in(&app, "203.0.113.9", PASSWORD).await.signed_in();
    assert_eq!(app.other_mails(&db).await, [""; 0]);
    sign_in(&app, "192.0.2.1", PASSWORD).await.signed_in();
    assert_eq!(app.other_mails(&db).await, [TO_ADA]);
}

async fn the_last_network_of_a_user_is_remembered(db: TestDatabase) {
    let app = notifying(&db).await;
    sign_up(&app, "192.0.2.1").await;
    app.advance(60);
    sign_in(&app, "192.0.2.2", PASSWORD).await.signed_in();
    assert_eq!(app.other_mails(&db).await, [TO_ADA]);
    drop(app);
    for (seen_at, which) in [
        ("2025-01-01", "= (SELECT min(seen_at) FROM sign_in_networks)"),
        ("2025-02-01", "> '2025-06-01T00:00:00.000000Z'"),
    ] {
        db.change(&format!(
            "UPDATE sign_in_networks SET seen_at = '{seen_at}T00:00:00.000000Z' \
             WHERE seen_at {which}"
        ))
        .await;
    }

    // Housekeeping runs at startup.
    let app = notifying(&db).await;
    eventually("one network", async || (count(&db, "sign_in_networks").await == 1).then_some(()))
        .await;
    app.advance(300 * DAY);
    sign_in(&app, "192.0.2.2", PASSWORD).await.signed_in();
    assert_eq!(app.other_mails(&db).await, [""; 0]);
    sign_in(&app, "192.0.2.1", PASSWORD).await.signed_in();
    assert_eq!(app.other_mails(&db).await, [TO_ADA]);
}

async fn sign_ins_are_not_reported_by_default(db: TestDatabase) {
    let app = TestApp::spawn_with(&db, behind_a_proxy).await;
    sign_up(&app, "192.0.2.1").await;
    sign_in(&app, "203.0.113.9", PASSWORD).await.signed_in();
    assert_eq!(app.other_mails(&db).await, [""; 0]);
    drop(app);

    // With a mail server, sign-ins are reported by default.
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let app = TestApp::spawn_with(&db, |config| {
        behind_a_proxy(config);
        config.mail.smtp_url = Some(format!("smtp://{nobody}").parse().unwrap());
    })
    .await;
    sign_in(&app, "198.51.100.1", PASSWORD).await.signed_in();
    assert_eq!(values(&db, "SELECT kind AS value FROM mails").await, ["new-sign-in"]);
}
