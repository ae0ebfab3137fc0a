//! Pending e-mails: stored, retried, sent once.

use std::fs;

use database::{on_both_engines, testing::TestDatabase};
use serde_json::json;

use super::{all_confirmations, ask_for_reset, ask_in_vain, is_good, reset_mail, tries};
use crate::app::{TestApp, values};

on_both_engines!(auth_service::MIGRATIONS;
    the_outbox_contains_no_secrets,
    a_mail_that_cannot_be_written_waits_a_minute,
    a_deferred_mail_contains_a_new_link,
    a_mail_survives_a_restart,
    a_mail_that_cannot_be_written_for_days_is_discarded,
    a_mail_is_not_sent_to_a_later_owner_of_the_address,
    replicas_send_each_mail_once,
);

/// Makes the mail directory unusable until [`mend_folder`] is called.
fn break_folder(app: &TestApp) {
    fs::remove_dir_all(app.mail_dir.path()).unwrap();
    fs::write(app.mail_dir.path(), "in the way").unwrap();
}

fn mend_folder(app: &TestApp) {
    fs::remove_file(app.mail_dir.path()).unwrap();
}

async fn waiting(db: &TestDatabase) -> TestApp {
    let app = TestApp::spawn(db).await;
    for email in ["ada@example.com", "next@example.com", "other@example.com"] {
        app.sign_up(email).await;
    }
    break_folder(&app);
    ask_in_vain(&app, db, "ada@example.com").await;
    app
}

async fn the_outbox_contains_no_secrets(db: TestDatabase) {
    let app = TestApp::spawn_with(&db, all_confirmations).await;
    let ada = app.sign_up("ada@example.com").await;
    app.sign_up("next@example.com").await;
    break_folder(&app);
    app.post_as(&ada, "/api/auth/delete-user", &json!({})).await.json();
    let change = json!({ "newEmail": "new@example.com", "callbackURL": "/moved" });
    app.post_as(&ada, "/api/auth/change-email", &change).await.is_done();
    ask_in_vain(&app, &db, "next@example.com").await;

    let rows = values(
        &db,
        "SELECT id || '|' || kind || '|' || coalesce(user_id, '') || '|' || email || '|' || \
         coalesce(new_email, '') || '|' || callback_url AS value FROM mails ORDER BY id",
    )
    .await;

    mend_folder(&app);
    let columns = db.columns("mails").await;
    let names: Vec<_> = columns.iter().map(|column| column.split(' ').next().unwrap()).collect();
    let all = "attempts callback_url created_at due_at email id kind new_email session_id user_id";
    assert_eq!(names.join(" "), all, "a new column needs a look at what it holds");
    let id = ada.user["id"].as_str().unwrap();
    for (row, content) in rows.iter().zip([
        format!("delete-user|{id}|ada@example.com||"),
        format!("change-email-notice|{id}|ada@example.com|new@example.com|"),
        format!("change-email|{id}|ada@example.com|new@example.com|/moved"),
        "reset-password||next@example.com||".to_owned(),
    ]) {
        assert_eq!(row.split_once('|').map(|(_, content)| content), Some(content.as_str()));
    }
    assert!(rows.len() >= 4, "{rows:?}");
}

async fn a_mail_that_cannot_be_written_waits_a_minute(db: TestDatabase) {
    let app = waiting(&db).await;
    mend_folder(&app);

    // Two more e-mails are sent, so the worker has read the outbox in the meantime.
    app.advance(59);
    reset_mail(&app, "other@example.com").await;
    reset_mail(&app, "other@example.com").await;
    assert_eq!(tries(&db).await[0], "ada@example.com: 1");

    app.advance(1);
    let mail = app.mail_to("ada@example.com", "reset-password").await;
    assert!(is_good(&app, &mail).await);
    assert_eq!(app.other_mails(&db).await, ["reset-password to next@example.com"]);
}

async fn a_deferred_mail_contains_a_new_link(db: TestDatabase) {
    let app = waiting(&db).await;
    app.advance(7200);
    mend_folder(&app);

    let mail = app.mail_to("ada@example.com", "reset-password").await;

    app.advance(3000);
    assert!(is_good(&app, &mail).await);
}

async fn a_mail_survives_a_restart(db: TestDatabase) {
    let before = waiting(&db).await;
    mend_folder(&before);
    drop(before);

    let after = TestApp::spawn(&db).await;
    after.advance(60);

    let mail = after.mail_to("ada@example.com", "reset-password").await;
    assert!(is_good(&after, &mail).await);
}

async fn a_mail_that_cannot_be_written_for_days_is_discarded(db: TestDatabase) {
    let app = waiting(&db).await;
    mend_folder(&app);

    app.advance(3 * 24 * 60 * 60 + 1);

    let mailed = app.other_mails(&db).await;
    assert!(!mailed.contains(&"reset-password to ada@example.com".to_owned()), "{mailed:?}");
}

async fn a_mail_is_not_sent_to_a_later_owner_of_the_address(db: TestDatabase) {
    let app = TestApp::spawn_with(&db, all_confirmations).await;
    let ada = app.sign_up("ada@example.com").await;
    app.sign_up("next@example.com").await;
    break_folder(&app);
    app.post_as(&ada, "/api/auth/delete-user", &json!({})).await.json();
    let change = json!({ "newEmail": "new@example.com" });
    app.post_as(&ada, "/api/auth/change-email", &change).await.is_done();
    ask_in_vain(&app, &db, "next@example.com").await;
    let id = ada.user["id"].as_str().unwrap();
    db.change(&format!("DELETE FROM users WHERE id = '{id}'")).await;
    app.sign_up("ada@example.com").await;
    mend_folder(&app);

    app.advance(60);

    let mut mailed = app.other_mails(&db).await;
    mailed.dedup();
    assert_eq!(mailed, ["reset-password to next@example.com"]);
}

async fn replicas_send_each_mail_once(db: TestDatabase) {
    let mut replicas = Vec::new();
    for _ in 0..3 {
        replicas.push(TestApp::spawn(&db).await);
    }
    replicas[0].sign_up("ada@example.com").await;

    for i in 0..24 {
        ask_for_reset(&replicas[i % 3], "ada@example.com").await;
    }

    let mut mailed = Vec::new();
    for app in &replicas {
        mailed.extend(app.other_mails(&db).await);
    }
    assert_eq!(mailed, ["reset-password to ada@example.com"; 24]);
}
