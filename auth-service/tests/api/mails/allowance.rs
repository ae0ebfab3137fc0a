//! The limit on e-mails per recipient, and which requests count towards it.

use database::{on_both_engines, testing::TestDatabase};
use serde_json::json;

use super::{RESET, SEND, tries};
use crate::{
    app::{Answer, Answering as _, TestApp, values},
    mailbox::{eventually, mail_files},
};

on_both_engines!(auth_service::MIGRATIONS;
    a_recipient_gets_ten_mails_and_later_ones_are_deferred,
    requests_that_mail_nothing_do_not_use_up_an_allowance,
    kinds_of_mail_do_not_share_an_allowance,
    a_reset_is_mailed_within_ten_minutes_whatever_others_request,
);

const TO_ADA: &str = "reset-password to ada@example.com";

/// Starts a service that enforces rate limits and trusts a local proxy, so that each request can
/// come from a different client. Signs up two users.
async fn limited(db: &TestDatabase) -> TestApp {
    let app = TestApp::spawn_with(db, |config| {
        config.rate_limit = true;
        config.trusted_proxies = vec!["127.0.0.1".parse().unwrap()];
    })
    .await;
    for (i, email) in ["ada@example.com", "other@example.com"].into_iter().enumerate() {
        let sign_up = app.sign_up_request(email).header("x-forwarded-for", format!("10.0.0.{i}"));
        sign_up.answer().await.signed_in();
    }
    app
}

async fn ask(app: &TestApp, path: &str, client: usize, email: &str) -> Answer {
    let request = app.post(path).header("x-forwarded-for", format!("192.0.2.{client}"));
    request.json(&json!({ "email": email })).answer().await
}

/// Waits until `number` e-mails have been sent and `tries` returns `waiting`, and deletes the sent
/// e-mails.
async fn sent(app: &TestApp, db: &TestDatabase, number: usize, waiting: &[&str]) {
    let settled = async || {
        let is_sent = mail_files(app.mail_dir.path()).len() == number;
        (is_sent && tries(db).await == waiting).then_some(())
    };
    eventually(&format!("{number} mails"), settled).await;
    for file in mail_files(app.mail_dir.path()) {
        std::fs::remove_file(file).unwrap();
    }
}

async fn a_recipient_gets_ten_mails_and_later_ones_are_deferred(db: TestDatabase) {
    let app = limited(&db).await;

    let first = ask(&app, RESET, 0, "nobody@example.com").await;
    for client in 1..15 {
        let answer = ask(&app, RESET, client, "ada@example.com").await;
        assert_eq!((answer.status, &answer.body), (200, &first.body), "nobody is told");
        assert_eq!(answer.stable_headers(), first.stable_headers());
    }
    // Of the e-mails above the limit, only one stays in the outbox.
    sent(&app, &db, 10, &["ada@example.com: 0"]).await;

    ask(&app, RESET, 15, "other@example.com").await;
    app.advance(59);
    sent(&app, &db, 1, &["ada@example.com: 0"]).await;
    app.advance(1);
    assert_eq!(app.other_mails(&db).await, [TO_ADA]);
}

async fn requests_that_mail_nothing_do_not_use_up_an_allowance(db: TestDatabase) {
    let app = limited(&db).await;
    db.change("UPDATE users SET email_verified = true").await;

    for client in 0..15 {
        ask(&app, SEND, client, "ada@example.com").await.is_done();
    }
    assert_eq!(app.other_mails(&db).await, [""; 0]);
    db.change("UPDATE users SET email_verified = false").await;

    ask(&app, SEND, 16, "ada@example.com").await.is_done();
    assert_eq!(app.other_mails(&db).await, ["verify-email to ada@example.com"]);
}

async fn kinds_of_mail_do_not_share_an_allowance(db: TestDatabase) {
    let app = limited(&db).await;

    for client in 0..12 {
        ask(&app, SEND, client, "ada@example.com").await.is_done();
    }
    sent(&app, &db, 10, &["ada@example.com: 0"]).await;
    ask(&app, RESET, 13, "ada@example.com").await;
    sent(&app, &db, 1, &["ada@example.com: 0"]).await;
}

async fn a_reset_is_mailed_within_ten_minutes_whatever_others_request(db: TestDatabase) {
    let app = limited(&db).await;

    for client in 0..11 {
        ask(&app, RESET, client, "ada@example.com").await;
    }
    sent(&app, &db, 10, &["ada@example.com: 0"]).await;
    for minutes in [1, 2, 4, 8, 10, 10] {
        app.advance(minutes * 60);
        assert_eq!(app.other_mails(&db).await, [TO_ADA], "after {minutes} minutes");
        ask(&app, RESET, 20, "ada@example.com").await;
        // The clock must not advance before the worker has deferred the e-mail.
        let deferred = "SELECT id AS value FROM mails WHERE due_at > created_at AND attempts = 0";
        eventually("a deferred mail", async || {
            (values(&db, deferred).await.len() == 1).then_some(())
        })
        .await;
    }
}
