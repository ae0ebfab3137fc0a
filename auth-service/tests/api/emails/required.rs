//! Required verification, and e-mails that are sent automatically.

use database::{on_both_engines, testing::TestDatabase};
use serde_json::{Value, json};

use super::{SEND, is_unverified, link, open_bare};
use crate::app::{
    Answering as _, PASSWORD, SIGN_IN, SIGN_UP, START_SHOWN, TestApp, count, members, shown,
};

on_both_engines!(auth_service::MIGRATIONS;
    an_address_must_be_verified_if_so_configured,
    a_taken_address_cannot_be_told_from_a_free_one_where_verification_is_required,
    a_verification_mail_goes_out_at_sign_up_if_so_configured,
    a_verification_mail_goes_out_at_a_refused_sign_in_if_so_configured,
);

fn sign_up_body(name: &str, email: &str) -> Value {
    json!({ "name": name, "email": email, "password": PASSWORD, "callbackURL": "/in" })
}

async fn an_address_must_be_verified_if_so_configured(db: TestDatabase) {
    let app =
        TestApp::spawn_with(&db, |config| config.features.require_email_verification = true).await;

    let answer = app.post(SIGN_UP).json(&sign_up_body("Ada", "Ada@Example.com")).answer().await;

    let body = answer.json();
    assert_eq!((answer.status, members(&body)), (200, vec!["token", "user"]));
    assert_eq!(body["token"], Value::Null);
    let mut ada = body["user"].clone();
    let id = ada["id"].as_str().unwrap();
    assert_eq!(
        ada,
        json!({
            "id": id, "name": "Ada", "email": "ada@example.com", "emailVerified": false,
            "image": null, "createdAt": START_SHOWN, "updatedAt": START_SHOWN,
        })
    );
    assert!(answer.cookies().is_empty());
    assert_eq!(answer.header("set-auth-token"), None);
    assert_eq!(count(&db, "sessions").await, 0);
    let wrong = app.sign_in_request("ada@example.com", "wrong horse 42").answer().await;
    wrong.is_error(401, "INVALID_EMAIL_OR_PASSWORD", "Invalid email or password");
    let refused = app.sign_in_request("ada@example.com", PASSWORD).answer().await;
    is_unverified(&refused);
    assert!(refused.cookies().is_empty());
    // A reset proves access to the mailbox, but does not verify the address.
    let reset = json!({ "email": "ada@example.com" });
    app.post("/api/auth/request-password-reset").json(&reset).answer().await;
    let mail = app.mail_to("ada@example.com", "reset-password").await;
    let reset = json!({ "token": mail.token(), "newPassword": PASSWORD });
    app.post("/api/auth/reset-password").json(&reset).answer().await.is_done();
    app.mail_to("ada@example.com", "password-changed").await;
    is_unverified(&app.sign_in_request("ada@example.com", PASSWORD).answer().await);

    // The reset has invalidated the link that was sent at sign-up.
    let at_sign_up = link(&app, "ada@example.com", "verify-email").await;
    app.open(&at_sign_up).answer().await.leads_to("/in?error=INVALID_TOKEN");
    let body = json!({ "email": "ada@example.com", "callbackURL": "/in" });
    app.post(SEND).json(&body).answer().await.is_done();
    let link = link(&app, "ada@example.com", "verify-email").await;
    let opened = app.open(&link).answer().await;
    opened.leads_to("/in");
    assert!(opened.cookies().is_empty());
    ada["emailVerified"] = json!(true);
    assert_eq!(app.sign_in("ada@example.com").await.user, ada);
    assert_eq!(app.other_mails(&db).await, [""; 0], "no mail at a refused sign-in");
}

async fn a_taken_address_cannot_be_told_from_a_free_one_where_verification_is_required(
    db: TestDatabase,
) {
    let app =
        TestApp::spawn_with(&db, |config| config.features.require_email_verification = true).await;
    let sign_up = async |name: &str, email: &str| {
        let mut body = sign_up_body(name, email);
        body["image"] = json!("p.png");
        app.post(SIGN_UP).json(&body).answer().await
    };
    let free = sign_up("Ada", "ada@example.com").await;
    let link = link(&app, "ada@example.com", "verify-email").await;

    let taken = sign_up("Eve", "ADA@example.com").await;
    open_bare(&app, &link).await;
    app.advance(60);
    let taken_and_verified = sign_up("Eve", "ada@example.com").await;

    for (duplicate, moment) in [(taken, 0), (taken_and_verified, 60)] {
        assert_eq!(duplicate.stable_headers(), free.stable_headers());
        let body = duplicate.json();
        assert_eq!((duplicate.status, &body["token"]), (200, &Value::Null));
        let id = body["user"]["id"].as_str().unwrap();
        assert_ne!(free.json()["user"]["id"], id);
        assert_eq!(id.len(), free.json()["user"]["id"].as_str().unwrap().len());
        assert_eq!(
            body["user"],
            json!({
                "id": id, "name": "Eve", "email": "ada@example.com", "emailVerified": false,
                "image": "p.png", "createdAt": shown(moment), "updatedAt": shown(moment),
            })
        );
    }
    assert_eq!(app.sign_in("ada@example.com").await.user["name"], "Ada");
    assert_eq!(count(&db, "users").await, 1);
    assert_eq!(app.other_mails(&db).await, [""; 0]);
}

async fn a_verification_mail_goes_out_at_sign_up_if_so_configured(db: TestDatabase) {
    let mut mailed = Vec::new();
    for (i, sends) in [None, Some(true), Some(false)].into_iter().enumerate() {
        let app = TestApp::spawn_with(&db, |config| {
            config.features.send_verification_on_sign_up = sends;
        })
        .await;
        let body = sign_up_body("Ada", &format!("ada{i}@example.com"));
        app.post(SIGN_UP).json(&body).answer().await.signed_in();
        if sends == Some(true) {
            let link = link(&app, "ada1@example.com", "verify-email").await;
            app.open(&link).answer().await.leads_to("/in");
        }
        mailed.extend(app.other_mails(&db).await);
    }
    assert_eq!(mailed, [""; 0]);

    let app = TestApp::spawn_with(&db, |config| {
        config.features.require_email_verification = true;
        config.features.send_verification_on_sign_up = Some(false);
    })
    .await;
    app.sign_up_request("eve@example.com").answer().await;
    assert_eq!(app.other_mails(&db).await, [""; 0]);
}

async fn a_verification_mail_goes_out_at_a_refused_sign_in_if_so_configured(db: TestDatabase) {
    let app = TestApp::spawn_with(&db, |config| {
        config.features.require_email_verification = true;
        config.features.send_verification_on_sign_in = true;
    })
    .await;
    app.sign_up_request("ada@example.com").answer().await;
    assert_eq!(app.other_mails(&db).await, ["verify-email to ada@example.com"]);
    let body = json!({ "email": "ada@example.com", "password": PASSWORD, "callbackURL": "/in" });
    let sign_in = async || app.post(SIGN_IN).json(&body).answer().await;

    app.sign_in_request("ada@example.com", "wrong horse 42").answer().await;
    app.sign_in_request("nobody@example.com", PASSWORD).answer().await;
    assert_eq!(app.other_mails(&db).await, [""; 0]);

    is_unverified(&sign_in().await);
    let link = link(&app, "ada@example.com", "verify-email").await;
    app.open(&link).answer().await.leads_to("/in");
    sign_in().await.signed_in();
    assert_eq!(app.other_mails(&db).await, [""; 0]);
}
