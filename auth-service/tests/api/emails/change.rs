//! Changing an address by mailed links.

use database::{on_both_engines, testing::TestDatabase};
use serde_json::{Value, json};

use super::{CHANGE, VERIFY, change, is_refused, link, open_bare, user, verification};
use crate::{
    app::{Answering as _, BASE_URL, PASSWORD, TestApp, count, shown},
    mailbox::token_of,
};

on_both_engines!(auth_service::MIGRATIONS;
    a_mailed_link_changes_an_address,
    a_change_of_address_may_be_opened_without_a_session_or_by_bearer,
    a_change_of_address_works_once_and_invalidates_other_links,
    another_users_session_cannot_confirm_a_change_of_address,
    a_change_to_an_address_taken_meanwhile_has_no_effect,
    a_change_of_address_is_refused_in_the_order_of_the_contract,
    a_change_to_a_taken_address_looks_like_any_other,
    deleting_a_user_deletes_its_pending_mails,
    changing_addresses_can_be_switched_off,
    an_address_that_was_never_verified_may_change_at_once_if_so_configured,
    the_old_address_confirms_a_change_if_so_configured,
);

async fn a_mailed_link_changes_an_address(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let ada = app.sign_up("ada@example.com").await;
    let other = app.sign_in("ada@example.com").await;

    let body = json!({ "newEmail": "Countess@Example.com", "callbackURL": "/moved?a=1" });
    app.post_as(&ada, CHANGE, &body).await.is_done();
    let link = link(&app, "countess@example.com", "change-email").await;
    assert!(link.starts_with(&format!("{BASE_URL}{VERIFY}/confirm?token=")), "{link}");
    assert!(link.ends_with("&callbackURL=%2Fmoved%3Fa%3D1"), "{link}");
    assert_eq!(user(&app, &ada).await, ada.user, "nothing has changed so far");
    app.advance(60);

    let opened = app.open(&link).header("cookie", &ada.cookie).answer().await;

    opened.leads_to("/moved?a=1");
    assert_eq!(opened.cookies().len(), 1, "the cookie is sent again");
    assert!(opened.cookies()[0].contains("; Max-Age=604800;"), "{opened:?}");
    assert_eq!(opened.header("set-auth-token"), Some(ada.signed_token.as_str()));
    let mut changed = ada.user.clone();
    changed["email"] = json!("countess@example.com");
    changed["updatedAt"] = json!(shown(60));
    for session in [&ada, &other] {
        assert_eq!(user(&app, session).await, changed);
    }
    let old = app.sign_in_request("ada@example.com", PASSWORD).answer().await;
    old.is_error(401, "INVALID_EMAIL_OR_PASSWORD", "Invalid email or password");
    assert_eq!(app.sign_in("countess@example.com").await.user, changed);
    app.sign_up("ada@example.com").await;
}

async fn a_change_of_address_may_be_opened_without_a_session_or_by_bearer(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let ada = app.sign_up("ada@example.com").await;
    open_bare(&app, &verification(&app, "ada@example.com").await).await;

    let opened = open_bare(&app, &change(&app, &ada, "second@example.com").await).await;
    assert!(opened.cookies().is_empty());
    let verified = user(&app, &ada).await;
    assert_eq!(
        (&verified["email"], &verified["emailVerified"]),
        (&json!("second@example.com"), &json!(true))
    );
    opened.is_ok(&json!({ "status": true, "user": verified }));

    let opened = app.open(&change(&app, &ada, "third@example.com").await).answer().await;
    opened.leads_to("/moved?a=1");
    assert!(opened.cookies().is_empty());

    let link = change(&app, &ada, "fourth@example.com").await;
    let opened = app.open(&link).bearer_auth(&ada.token).answer().await;
    opened.leads_to("/moved?a=1");
    assert_eq!(opened.header("set-auth-token"), Some(ada.signed_token.as_str()));
    assert_eq!(user(&app, &ada).await["email"], "fourth@example.com");
}

async fn a_change_of_address_works_once_and_invalidates_other_links(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let ada = app.sign_up("ada@example.com").await;
    let first = change(&app, &ada, "first@example.com").await;
    let second = change(&app, &ada, "second@example.com").await;

    assert_eq!(open_bare(&app, &second).await.status, 200);

    for link in [first, second] {
        is_refused(&app, token_of(&link), "", "INVALID_TOKEN", "Invalid token").await;
    }
    assert_eq!(user(&app, &ada).await["email"], "second@example.com");
}

async fn another_users_session_cannot_confirm_a_change_of_address(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let ada = app.sign_up("ada@example.com").await;
    let eve = app.sign_up("eve@example.com").await;
    let link = change(&app, &ada, "new@example.com").await;

    is_refused(&app, token_of(&link), &eve.cookie, "INVALID_USER", "Invalid user").await;

    assert_eq!(user(&app, &ada).await, ada.user);
    assert_eq!(user(&app, &eve).await, eve.user);
    assert_eq!(open_bare(&app, &link).await.status, 200, "the link is as good as before");
}

async fn a_change_to_an_address_taken_meanwhile_has_no_effect(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let ada = app.sign_up("ada@example.com").await;
    let link = change(&app, &ada, "new@example.com").await;
    let faster = app.sign_up("new@example.com").await;

    is_refused(&app, token_of(&link), "", "INVALID_TOKEN", "Invalid token").await;

    for who in [ada, faster] {
        assert_eq!(user(&app, &who).await, who.user);
    }
}

async fn a_change_of_address_is_refused_in_the_order_of_the_contract(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let ada = app.sign_up("ada@example.com").await;
    let ask = async |body: Value| app.post_as(&ada, CHANGE, &body).await;

    let anonymous = async |body: Value| app.post(CHANGE).json(&body).answer().await;
    let missing = "[body.newEmail] Invalid input: expected string, received undefined";
    anonymous(json!({})).await.is_error(400, "VALIDATION_ERROR", missing);
    let answer = anonymous(json!({ "newEmail": "new@example.com" })).await;
    answer.is_error(401, "UNAUTHORIZED", "Unauthorized");
    for (body, message) in [
        (json!({ "newEmail": "ada" }), "[body.newEmail] Invalid email address"),
        (
            json!({ "newEmail": 1 }),
            "[body.newEmail] Invalid input: expected string, received number",
        ),
        (
            json!({ "newEmail": "new@example.com", "callbackURL": null }),
            "[body.callbackURL] Invalid input: expected string, received null",
        ),
    ] {
        ask(body).await.is_error(400, "VALIDATION_ERROR", message);
    }
    let foreign = json!({ "newEmail": "new@example.com", "callbackURL": "//evil.example" });
    ask(foreign).await.is_error(403, "INVALID_CALLBACK_URL", "Invalid callbackURL");
    for same in ["ada@example.com", "ADA@Example.COM"] {
        ask(json!({ "newEmail": same })).await.is_codeless_error(400, "Email is the same");
    }
    assert_eq!(app.other_mails(&db).await, [""; 0]);
}

async fn a_change_to_a_taken_address_looks_like_any_other(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let ada = app.sign_up("ada@example.com").await;
    app.sign_up("bob@example.com").await;

    let free = app.post_as(&ada, CHANGE, &json!({ "newEmail": "new@example.com" })).await;
    let taken = app.post_as(&ada, CHANGE, &json!({ "newEmail": "BOB@example.com" })).await;

    for answer in [&free, &taken] {
        answer.is_done();
        assert_eq!(answer.stable_headers(), free.stable_headers());
    }
    let notice = "change-email-notice to ada@example.com";
    let mailed = app.other_mails(&db).await;
    assert_eq!(mailed, [notice, "change-email to new@example.com", notice]);
}

async fn deleting_a_user_deletes_its_pending_mails(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let eve = app.sign_up("ada@example.com").await;
    // E-mails cannot be delivered while a file takes the place of the directory.
    std::fs::remove_dir(app.mail_dir.path()).unwrap();
    std::fs::write(app.mail_dir.path(), "").unwrap();
    app.post_as(&eve, CHANGE, &json!({ "newEmail": "eve@example.com" })).await.is_done();
    assert_eq!(count(&db, "mails").await, 2);

    assert_eq!(app.post_as(&eve, "/api/auth/delete-user", &json!({})).await.status, 200);
    app.sign_up("ada@example.com").await;

    assert_eq!(count(&db, "mails").await, 0);
}

async fn changing_addresses_can_be_switched_off(db: TestDatabase) {
    let app = TestApp::spawn_with(&db, |config| config.features.change_email = false).await;
    let ada = app.sign_up("ada@example.com").await;

    for new in ["new@example.com", "ada@example.com"] {
        let answer = app.post_as(&ada, CHANGE, &json!({ "newEmail": new })).await;
        answer.is_error(400, "CHANGE_EMAIL_DISABLED", "Change email is disabled");
    }
    let malformed = app.post_as(&ada, CHANGE, &json!({})).await;
    assert_eq!(malformed.json()["code"], "VALIDATION_ERROR");
    let body = json!({ "newEmail": "new@example.com" });
    let anonymous = app.post(CHANGE).json(&body).answer().await;
    anonymous.is_error(401, "UNAUTHORIZED", "Unauthorized");
    assert_eq!(app.other_mails(&db).await, [""; 0]);
}

async fn an_address_that_was_never_verified_may_change_at_once_if_so_configured(db: TestDatabase) {
    let app = TestApp::spawn_with(&db, |config| {
        config.features.change_email_without_verification = true;
    })
    .await;
    let ada = app.sign_up("ada@example.com").await;
    app.sign_up("taken@example.com").await;
    let ask = async |body: Value| app.post_from_page(&ada.cookie, CHANGE, &body).await;

    let taken = ask(json!({ "newEmail": "taken@example.com" })).await;
    taken.is_done();
    assert_eq!(user(&app, &ada).await, ada.user);

    let changed = ask(json!({ "newEmail": "new@example.com", "callbackURL": "/in" })).await;
    changed.is_done();
    assert_eq!(changed.header("set-auth-token"), Some(ada.signed_token.as_str()));
    assert_eq!(changed.cookies().len(), 1, "the cookie is sent again");
    assert_eq!(user(&app, &ada).await["email"], "new@example.com");
    // A single verification e-mail is sent, to the new address.
    let verification = link(&app, "new@example.com", "verify-email").await;
    assert_eq!(app.other_mails(&db).await, ["email-changed to ada@example.com"]);
    app.open(&verification).answer().await.leads_to("/in");

    let verified = ask(json!({ "newEmail": "newer@example.com" })).await;
    verified.is_done();
    assert!(verified.cookies().is_empty());
    let user = user(&app, &ada).await;
    assert_eq!((&user["email"], &user["emailVerified"]), (&json!("new@example.com"), &json!(true)));
    let mailed = app.other_mails(&db).await;
    let notice = "change-email-notice to new@example.com";
    assert_eq!(mailed, [notice, "change-email to newer@example.com"]);
}

async fn the_old_address_confirms_a_change_if_so_configured(db: TestDatabase) {
    let app = TestApp::spawn_with(&db, |config| config.features.confirm_change_email = true).await;
    let ada = app.sign_up("ada@example.com").await;
    let eve = app.sign_up("eve@example.com").await;

    // While the old address is unverified, a change need not be confirmed from that address.
    let direct = change(&app, &ada, "second@example.com").await;
    assert_eq!(open_bare(&app, &direct).await.status, 200);
    open_bare(&app, &verification(&app, "second@example.com").await).await;
    let told = ["change-email-notice to ada@example.com", "email-changed to ada@example.com"];
    assert_eq!(app.other_mails(&db).await, told);

    let body = json!({ "newEmail": "third@example.com", "callbackURL": "/moved" });
    app.post_as(&ada, CHANGE, &body).await.is_done();
    let confirmation = link(&app, "second@example.com", "confirm-change-email").await;
    assert!(confirmation.ends_with("&callbackURL=%2Fmoved"), "{confirmation}");
    let token = token_of(&confirmation);
    is_refused(&app, token, &eve.cookie, "INVALID_USER", "Invalid user").await;
    assert_eq!(app.other_mails(&db).await, [""; 0], "the new address waits for the old one");

    app.open(&confirmation).answer().await.leads_to("/moved");
    assert_eq!(user(&app, &ada).await["email"], "second@example.com");
    let mailed = link(&app, "third@example.com", "change-email").await;
    assert!(mailed.ends_with("&callbackURL=%2Fmoved"), "{mailed}");
    // The link can be opened again, which sends the e-mail again.
    open_bare(&app, &confirmation).await.is_done();
    let again = link(&app, "third@example.com", "change-email").await;
    assert!(again.ends_with("&callbackURL=%2F"), "{again}");

    app.open(&mailed).answer().await.leads_to("/moved");
    let user = user(&app, &ada).await;
    assert_eq!(
        (&user["email"], &user["emailVerified"]),
        (&json!("third@example.com"), &json!(true))
    );
    is_refused(&app, token, "", "INVALID_TOKEN", "Invalid token").await;

    let taken = app.post_as(&ada, CHANGE, &json!({ "newEmail": "eve@example.com" })).await;
    taken.is_done();
    assert_eq!(app.other_mails(&db).await, ["email-changed to second@example.com"]);
}
