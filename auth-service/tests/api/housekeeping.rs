//! Expired rows are deleted.

use database::{on_both_engines, testing::TestDatabase};

use crate::{
    app::{Answering as _, TestApp, count, values},
    mailbox::eventually,
};

on_both_engines!(auth_service::MIGRATIONS;
    expired_rows_are_deleted,
);

/// A time before the start of every test.
const LONG_AGO: &str = "2025-01-01T00:00:00.000000Z";

async fn expired_rows_are_deleted(db: TestDatabase) {
    let app = TestApp::spawn_with(&db, |config| {
        config.jwt_rotation_interval = Some(std::time::Duration::from_hours(24));
        config.rate_limit = true;
    })
    .await;
    app.sign_up("ada@example.com").await;
    let body = serde_json::json!({ "email": "ada@example.com" });
    app.post("/api/auth/request-password-reset").json(&body).answer().await;
    app.mail_to("ada@example.com", "reset-password").await;
    drop(app);
    for (table, column) in [
        ("sessions", "expires_at"),
        ("verification_tokens", "expires_at"),
        ("attempts", "forget_at"),
        ("sign_in_networks", "seen_at"),
        ("signing_keys", "expires_at"),
    ] {
        db.change(&format!("UPDATE {table} SET {column} = '{LONG_AGO}'")).await;
    }

    // Housekeeping runs at startup.
    let app = TestApp::spawn(&db).await;
    let ada = app.sign_in("ada@example.com").await;
    app.token(&ada).await;

    for table in ["verification_tokens", "attempts"] {
        eventually(&format!("an empty table of {table}"), async || {
            (count(&db, table).await == 0).then_some(())
        })
        .await;
    }
    let one_network = async || (count(&db, "sign_in_networks").await == 1).then_some(());
    eventually("one network, just seen", one_network).await;
    eventually("one session", async || (count(&db, "sessions").await == 1).then_some(())).await;
    eventually("one key", async || (count(&db, "signing_keys").await == 1).then_some(())).await;
    let generation = "SELECT CAST(generation AS text) AS value FROM signing_keys";
    assert_eq!(values(&db, generation).await, ["2"]);
    assert_eq!(app.get_session(&ada.cookie).await.json()["user"], ada.user);
}
