//! `--update`: an import adds data that an earlier import lacked.

use database::{on_both_engines, testing::TestDatabase};
use serde_json::json;

use super::{
    ADA_ID, OTHERS, SCRYPT, add_user, better_auth, everything, file, imported, imported_csv,
};
use crate::app::{Answering as _, PASSWORD, TestApp, count, values};

on_both_engines!(auth_service::MIGRATIONS;
    missing_values_are_filled_in,
    values_set_by_the_user_are_kept,
    accounts_added_in_the_source_are_imported,
    a_stranger_with_the_address_is_not_verified,
    a_dry_run_updates_nothing,
    updating_twice_changes_nothing,
);

async fn updated(db: &TestDatabase, csv: &str) -> String {
    let file = file(csv);
    imported(db, &["--from", "csv", file.path().to_str().unwrap(), "--update"]).await
}

async fn missing_values_are_filled_in(db: TestDatabase) {
    imported_csv(&db, "email,password_hash\nada@example.com,ada\nbob@example.com,\n").await;
    let csv = format!(
        "email,name,image,email_verified,password_hash\n\
         ada@example.com,Ada,https://example.com/ada.png,true,{SCRYPT}\n\
         bob@example.com,Bob,,false,{}\n",
        OTHERS[0]
    );
    let without = imported_csv(&db, &csv).await;
    assert!(without.contains("2 users already existed, 0 skipped"), "{without}");
    assert_eq!(count(&db, "accounts").await, 0);

    let report = updated(&db, &csv).await;

    assert!(report.contains("0 users imported; 2 passwords"), "{report}");
    assert!(report.contains("2 users already existed (2 updated), 0 skipped"), "{report}");
    let app = TestApp::spawn(&db).await;
    let ada = app.sign_in("ada@example.com").await.user;
    assert_eq!((&ada["name"], &ada["emailVerified"]), (&json!("Ada"), &json!(true)));
    assert_eq!(ada["image"], "https://example.com/ada.png");
    let bob = app.sign_in("bob@example.com").await.user;
    assert_eq!((&bob["name"], &bob["emailVerified"]), (&json!("Bob"), &json!(false)));
}

async fn values_set_by_the_user_are_kept(db: TestDatabase) {
    let csv = format!("email,password_hash\nada@example.com,{SCRYPT}\n");
    imported_csv(&db, &csv).await;
    let app = TestApp::spawn(&db).await;
    let ada = app.sign_in("ada@example.com").await;
    let body = json!({ "currentPassword": PASSWORD, "newPassword": "a new password" });
    assert_eq!(app.post_as(&ada, "/api/auth/change-password", &body).await.status, 200);
    let body = json!({ "name": "Countess", "image": "https://example.com/own.png" });
    app.post_as(&ada, "/api/auth/update-user", &body).await.is_done();
    // The user has cleared the image on purpose.
    app.post_as(&ada, "/api/auth/update-user", &json!({ "image": null })).await.is_done();
    let before = everything(&db).await;

    let csv = format!(
        "email,name,image,email_verified,password_hash\n\
         ada@example.com,Ada,https://example.com/ada.png,true,{SCRYPT}\n"
    );
    let report = updated(&db, &csv).await;

    assert!(report.contains("1 users already existed, 0 skipped"), "{report}");
    assert!(report.contains("line 2: stays unverified"), "{report}");
    assert_eq!(everything(&db).await, before);
    app.sign_in_request("ada@example.com", "a new password").answer().await.signed_in();
}

async fn accounts_added_in_the_source_are_imported(db: TestDatabase) {
    let Some(source) = better_auth(db.engine).await else { return };
    add_user(&source, ADA_ID, "ada@example.com").await;
    source.change("UPDATE account SET password = NULL").await;
    let url = source.url();
    let report = imported(&db, &["--from", "better-auth", &url]).await;
    assert!(report.contains("1 users imported; 0 passwords"), "{report}");
    source.change(&format!("UPDATE account SET password = '{SCRYPT}'")).await;
    let google = format!(
        "INSERT INTO account VALUES ('g', 'ada at google', 'google', '{ADA_ID}', NULL, NULL, NULL)"
    );
    source.change(&google).await;

    let report = imported(&db, &["--from", "better-auth", &url, "--update"]).await;

    assert!(report.contains("0 users imported; 1 passwords, 1 other"), "{report}");
    let providers = "SELECT provider_id AS value FROM accounts ORDER BY provider_id";
    assert_eq!(values(&db, providers).await, ["credential", "google"]);
    TestApp::spawn(&db).await.sign_in("ada@example.com").await;
}

/// A stranger signed up with this address before it was imported.
async fn a_stranger_with_the_address_is_not_verified(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    app.sign_up("ada@example.com").await;
    let csv = format!("email,email_verified,password_hash\nada@example.com,true,{SCRYPT}\n");

    let report = updated(&db, &csv).await;

    assert!(
        report.contains("stays unverified: the user has a password that is not from"),
        "{report}"
    );
    assert_eq!(app.sign_in("ada@example.com").await.user["emailVerified"], false);
}

async fn a_dry_run_updates_nothing(db: TestDatabase) {
    imported_csv(&db, "email\nada@example.com\n").await;
    let before = everything(&db).await;
    let csv = file(format!("email,password_hash\nada@example.com,{SCRYPT}\n"));
    let csv = csv.path().to_str().unwrap();

    let report = imported(&db, &["--from", "csv", csv, "--update", "--dry-run"]).await;

    assert!(report.contains("1 users already existed (1 updated)"), "{report}");
    assert_eq!(everything(&db).await, before);
}

async fn updating_twice_changes_nothing(db: TestDatabase) {
    imported_csv(&db, "email\nada@example.com\n").await;
    let csv = format!("email,name,email_verified,password_hash\nada@example.com,Ada,1,{SCRYPT}\n");
    updated(&db, &csv).await;
    let before = everything(&db).await;

    let report = updated(&db, &csv).await;

    assert!(report.contains("1 users already existed, 0 skipped"), "{report}");
    assert_eq!(everything(&db).await, before);
}
