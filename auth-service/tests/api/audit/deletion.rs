//! Deletion from the audit log: nothing identifies a deleted user, and old entries are removed.

use std::time::Duration;

use database::{on_both_engines, testing::TestDatabase};
use serde_json::{Value, json};

use super::{ADA, CLIENT, audit, fail, id, post, spawn, summaries};
use crate::{
    app::{PASSWORD, SIGN_UP, TestApp, count, values},
    mailbox::eventually,
    secrets::process,
};

on_both_engines!(auth_service::MIGRATIONS;
    entries_about_a_deleted_user_are_anonymous,
    entries_are_deleted_after_the_retention_time,
    entries_are_kept_without_a_retention_time,
);

async fn entries_about_a_deleted_user_are_anonymous(db: TestDatabase) {
    let app = spawn(&db).await;
    let body = json!({ "name": "Ada", "email": ADA, "password": PASSWORD });
    let ada = post(&app, SIGN_UP, "", body).await.signed_in();
    fail(&app, CLIENT, ADA).await;
    let bob = app.sign_up("bob@example.com").await;
    let delete = json!({ "password": PASSWORD });
    post(&app, "/api/auth/delete-user", &ada.token, delete).await;

    let entries = audit(&db, &[]).await;
    let of_bob = |entry: &&Value| entry["userId"] == bob.user["id"];
    assert_eq!(entries.iter().filter(of_bob).count(), 1);
    let of_ada: Vec<_> = entries.iter().filter(|entry| !of_bob(entry)).collect();
    let actions: Vec<_> = of_ada.iter().map(|entry| entry["action"].as_str().unwrap()).collect();
    assert_eq!(actions, ["sign-up", "sign-in", "delete-user"]);
    let pseudonym = of_ada[0]["userId"].as_str().unwrap();
    assert!(pseudonym.starts_with("deleted-") && !pseudonym.contains(id(&ada.user)));
    for entry in &of_ada {
        assert_eq!(entry["userId"], pseudonym, "{entry}");
        for field in ["sessionId", "ipAddress", "userAgent"] {
            assert!(entry[field].is_null(), "{entry}");
        }
    }
    assert_eq!(audit(&db, &["--user", pseudonym]).await.len(), 3);
    assert!(audit(&db, &["--user", id(&ada.user)]).await.is_empty());

    // An operator deletes the other user.
    let mut command = process(&db.url(), &[]);
    let command = command.args(["users", "delete", "--yes", "bob@example.com"]);
    assert!(command.output().await.unwrap().status.success());
    assert_eq!(*summaries(&db).await.last().unwrap(), "delete-user success operator -");
    let ids = "SELECT DISTINCT user_id AS value FROM audit_entries WHERE user_id LIKE 'deleted-%'";
    assert_eq!(values(&db, ids).await.len(), 2);
    assert_eq!(values(&db, &ids.replace("LIKE", "NOT LIKE")).await, [""; 0]);
}

/// Starts a service with this retention time, on a database with one entry from December 2025 and
/// one from January 2026.
async fn with_old_entries(db: &TestDatabase, retention: Duration) -> TestApp {
    let app = TestApp::spawn(db).await;
    app.sign_up(ADA).await;
    app.sign_in(ADA).await;
    drop(app);
    db.change(
        "UPDATE audit_entries SET created_at = '2025-12-03T02:59:59.000000Z' \
         WHERE action = 'sign-up'",
    )
    .await;
    // Housekeeping runs at startup.
    TestApp::spawn_with(db, |config| config.audit_retention = retention).await
}

async fn entries_are_deleted_after_the_retention_time(db: TestDatabase) {
    let app = with_old_entries(&db, Duration::from_hours(24 * 30)).await;
    eventually("the end of an entry", async || {
        (count(&db, "audit_entries").await == 1).then_some(())
    })
    .await;
    assert_eq!(summaries(&db).await, ["sign-in success user -"]);
    drop(app);
}

async fn entries_are_kept_without_a_retention_time(db: TestDatabase) {
    drop(TestApp::spawn(&db).await);
    // Housekeeping deletes this expired key after it has handled the audit log.
    db.change(
        "INSERT INTO signing_keys \
         (generation, id, public_key, sealed_private_key, created_at, expires_at) \
         SELECT 0, 'retired', public_key, sealed_private_key, created_at, \
         '2025-01-01T00:00:00.000000Z' FROM signing_keys",
    )
    .await;
    let app = with_old_entries(&db, Duration::ZERO).await;
    eventually("one key", async || (count(&db, "signing_keys").await == 1).then_some(())).await;
    drop(app);
    assert_eq!(count(&db, "audit_entries").await, 2);
}
