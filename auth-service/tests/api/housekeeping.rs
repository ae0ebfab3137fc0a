//! What has expired does not stay for ever.

use service_kit::{on_both_engines, testing::TestDatabase};

use crate::{
    app::{Answering as _, TestApp, count},
    mailbox::eventually,
};

on_both_engines!(auth_service::MIGRATIONS;
    what_has_expired_is_deleted,
);

/// Before the moment at which every test begins.
const LONG_AGO: &str = "2025-01-01T00:00:00.000000Z";

async fn what_has_expired_is_deleted(db: TestDatabase) {
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
        ("signing_keys", "expires_at"),
    ] {
        db.change(&format!("UPDATE {table} SET {column} = '{LONG_AGO}'")).await;
    }

    // Housekeeping begins with the start.
    let app = TestApp::spawn(&db).await;
    let ada = app.sign_in("ada@example.com").await;
    app.token(&ada).await;

    for table in ["verification_tokens", "attempts"] {
        eventually(&format!("an empty table of {table}"), async || {
            (count(&db, table).await == 0).then_some(())
        })
        .await;
    }
    eventually("one session", async || (count(&db, "sessions").await == 1).then_some(())).await;
    assert_eq!(count(&db, "signing_keys").await, 2, "the next one is counted from the newest");
    drop(app);

    let app = TestApp::spawn(&db).await;
    eventually("one key", async || (count(&db, "signing_keys").await == 1).then_some(())).await;
    assert_eq!(app.get_session(&ada.cookie).await.json()["user"], ada.user);
}
