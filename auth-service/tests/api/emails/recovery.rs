//! Mailed links become invalid when the password or the address changes, or when the session that
//! requested them ends. The old address is notified of a change.

use std::fs;

use database::{on_both_engines, testing::TestDatabase};
use serde_json::json;

use super::{CHANGE, change, is_refused, link, open_bare, user, verification};
use crate::{
    app::{Answering as _, PASSWORD, SIGN_OUT, SignedIn, TestApp, count},
    mailbox::{Mail, token_of},
};

on_both_engines!(auth_service::MIGRATIONS;
    a_reset_invalidates_a_change_of_address_requested_in_a_stolen_session,
    a_new_password_invalidates_every_link,
    a_reset_invalidates_every_link,
    a_new_password_withdraws_pending_mails,
    a_new_address_invalidates_every_mailed_link,
    a_link_expires_with_the_session_that_requested_it,
    the_old_address_is_notified_of_a_change,
    deleting_the_account_does_not_withdraw_the_notice_to_the_old_address,
);

const NEW_PASSWORD: &str = "battery staple 43";

async fn reset_mail(app: &TestApp, email: &str) -> Mail {
    let body = json!({ "email": email });
    app.post("/api/auth/request-password-reset").json(&body).answer().await.json();
    app.mail_to(email, "reset-password").await
}

async fn reset(app: &TestApp, token: &str) -> u16 {
    let body = json!({ "token": token, "newPassword": NEW_PASSWORD });
    app.post("/api/auth/reset-password").json(&body).answer().await.status
}

async fn change_password(app: &TestApp, who: &SignedIn) {
    let body = json!({ "currentPassword": PASSWORD, "newPassword": NEW_PASSWORD });
    let answer = app.post_as(who, "/api/auth/change-password", &body).await;
    assert_eq!(answer.status, 200, "{answer:?}");
}

async fn is_void(app: &TestApp, link: &str) {
    is_refused(app, token_of(link), "", "INVALID_TOKEN", "Invalid token").await;
}

async fn a_reset_invalidates_a_change_of_address_requested_in_a_stolen_session(db: TestDatabase) {
    for revokes in [true, false] {
        let app = TestApp::spawn_with(&db, |config| {
            config.features.revoke_sessions_on_password_reset = revokes;
        })
        .await;
        let email = format!("ada-{revokes}@example.com");
        let stolen = app.sign_up(&email).await;
        let link = change(&app, &stolen, "thief@example.com").await;
        app.advance(60);

        let mail = reset_mail(&app, &email).await;
        assert_eq!(reset(&app, mail.token()).await, 200);

        is_void(&app, &link).await;
        let ada = app.sign_in_request(&email, NEW_PASSWORD).answer().await.signed_in();
        assert_eq!(ada.user["email"], email.as_str());
    }
}

async fn a_new_password_invalidates_every_link(db: TestDatabase) {
    let app = TestApp::spawn_with(&db, |config| {
        config.features.confirm_delete_user = true;
        config.features.auto_sign_in_after_verification = true;
    })
    .await;
    let ada = app.sign_up("ada@example.com").await;
    let verify = verification(&app, "ada@example.com").await;
    let change = change(&app, &ada, "new@example.com").await;
    let reset_mail = reset_mail(&app, "ada@example.com").await;
    app.post_as(&ada, "/api/auth/delete-user", &json!({})).await.json();
    let delete = app.mail_to("ada@example.com", "delete-user").await;
    app.advance(60);

    change_password(&app, &ada).await;

    is_void(&app, &change).await;
    assert_eq!(reset(&app, reset_mail.token()).await, 400);
    let opened = app.open(delete.link()).bearer_auth(&ada.token).answer().await;
    opened.is_error(404, "INVALID_TOKEN", "Invalid token");
    assert_eq!(count(&db, "verification_tokens").await, 0);
    is_void(&app, &verify).await;
    assert_eq!(user(&app, &ada).await, ada.user);
    open_bare(&app, &verification(&app, "ada@example.com").await).await.is_ok(&json!({
        "status": true,
        "user": null,
    }));
}

async fn a_reset_invalidates_every_link(db: TestDatabase) {
    let app = TestApp::spawn_with(&db, |config| config.features.confirm_delete_user = true).await;
    let ada = app.sign_up("ada@example.com").await;
    let verify = verification(&app, "ada@example.com").await;
    let change = change(&app, &ada, "new@example.com").await;
    let (first, second) =
        (reset_mail(&app, "ada@example.com").await, reset_mail(&app, "ada@example.com").await);
    app.post_as(&ada, "/api/auth/delete-user", &json!({})).await.json();
    let delete = app.mail_to("ada@example.com", "delete-user").await;
    app.advance(60);

    assert_eq!(reset(&app, first.token()).await, 200);

    for link in [&verify, &change] {
        is_void(&app, link).await;
    }
    assert_eq!(reset(&app, second.token()).await, 400);
    let opened = app.open(delete.link()).bearer_auth(&ada.token).answer().await;
    opened.is_error(404, "INVALID_TOKEN", "Invalid token");
    assert_eq!(user(&app, &ada).await, ada.user);
}

async fn a_new_password_withdraws_pending_mails(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let ada = app.sign_up("ada@example.com").await;
    fs::remove_dir_all(app.mail_dir.path()).unwrap();
    fs::write(app.mail_dir.path(), "in the way").unwrap();
    app.post_as(&ada, CHANGE, &json!({ "newEmail": "new@example.com" })).await.is_done();
    assert_eq!(count(&db, "mails").await, 2);

    change_password(&app, &ada).await;

    // The e-mail with the link was withdrawn, but not the notice of the requested change. A notice
    // of the new password was added.
    assert_eq!(count(&db, "mails").await, 2);
    fs::remove_file(app.mail_dir.path()).unwrap();
    app.advance(60);
    let told = ["change-email-notice to ada@example.com", "password-changed to ada@example.com"];
    assert_eq!(app.other_mails(&db).await, told);
}

async fn a_new_address_invalidates_every_mailed_link(db: TestDatabase) {
    let app = TestApp::spawn_with(&db, |config| config.features.confirm_delete_user = true).await;
    let ada = app.sign_up("ada@example.com").await;
    let reset_mail = reset_mail(&app, "ada@example.com").await;
    app.post_as(&ada, "/api/auth/delete-user", &json!({})).await.json();
    let delete = app.mail_to("ada@example.com", "delete-user").await;

    let verify = verification(&app, "ada@example.com").await;

    let link = change(&app, &ada, "new@example.com").await;
    assert_eq!(open_bare(&app, &link).await.status, 200);

    let opened = open_bare(&app, &verify).await;
    opened.is_error(401, "USER_NOT_FOUND", "User not found");
    assert_eq!(reset(&app, reset_mail.token()).await, 400);
    let opened = app.open(delete.link()).bearer_auth(&ada.token).answer().await;
    opened.is_error(404, "INVALID_TOKEN", "Invalid token");
    app.sign_in("new@example.com").await;
}

async fn a_link_expires_with_the_session_that_requested_it(db: TestDatabase) {
    let app = TestApp::spawn_with(&db, |config| config.features.confirm_delete_user = true).await;
    let ada = app.sign_up("ada@example.com").await;
    let thief = app.sign_in("ada@example.com").await;
    let of_thief = change(&app, &thief, "thief@example.com").await;
    app.post_as(&thief, "/api/auth/delete-user", &json!({})).await.json();
    let delete = app.mail_to("ada@example.com", "delete-user").await;
    let own = change(&app, &ada, "new@example.com").await;

    app.post_as(&ada, "/api/auth/revoke-other-sessions", &json!({})).await.is_done();

    is_void(&app, &of_thief).await;
    let opened = app.open(delete.link()).bearer_auth(&ada.token).answer().await;
    opened.is_error(404, "INVALID_TOKEN", "Invalid token");
    app.post(SIGN_OUT).bearer_auth(&ada.token).answer().await.json();
    is_void(&app, &own).await;
    app.sign_in("ada@example.com").await;
}

async fn the_old_address_is_notified_of_a_change(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let ada = app.sign_up("ada@example.com").await;

    let mailed = change(&app, &ada, "new@example.com").await;
    let asked = app.mail_to("ada@example.com", "change-email-notice").await;
    assert!(asked.text.contains("from ada@example.com to new@example.com"), "{asked:?}");
    assert!(!asked.source.contains("token="), "{asked:?}");
    open_bare(&app, &mailed).await;

    let changed = app.mail_to("ada@example.com", "email-changed").await;
    assert!(changed.text.contains("from ada@example.com to new@example.com"), "{changed:?}");
    assert!(!changed.source.contains("token="), "{changed:?}");
    assert_eq!(app.other_mails(&db).await, [""; 0]);
}

async fn deleting_the_account_does_not_withdraw_the_notice_to_the_old_address(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let ada = app.sign_up("ada@example.com").await;
    let mailed = link_to_new(&app, &ada).await;
    // Waits for this e-mail, because the worker would create the folder again if it wrote the
    // e-mail later.
    app.mail_to("ada@example.com", "change-email-notice").await;
    fs::remove_dir_all(app.mail_dir.path()).unwrap();
    fs::write(app.mail_dir.path(), "in the way").unwrap();
    open_bare(&app, &mailed).await;

    assert_eq!(app.post_as(&ada, "/api/auth/delete-user", &json!({})).await.status, 200);

    fs::remove_file(app.mail_dir.path()).unwrap();
    app.advance(60);
    app.mail_to("ada@example.com", "email-changed").await;
}

async fn link_to_new(app: &TestApp, ada: &SignedIn) -> String {
    let body = json!({ "newEmail": "new@example.com" });
    app.post_as(ada, CHANGE, &body).await.is_done();
    link(app, "new@example.com", "change-email").await
}
