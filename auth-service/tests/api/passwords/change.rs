//! Changing and verifying passwords inside a session.

use database::{on_both_engines, testing::TestDatabase};
use serde_json::{Value, json};

use super::{CHANGE, NEW_PASSWORD, RESET, VERIFY, is_password, request_reset, twice_signed_in};
use crate::app::{
    Answer, Answering as _, CLEARED, DAY, GET_SESSION, PASSWORD, SIGN_IN, TestApp, count,
    is_nobody, members, shown, with_bearer,
};

on_both_engines!(auth_service::MIGRATIONS;
    changing_a_password_leaves_all_sessions,
    changing_a_password_may_end_all_other_sessions,
    an_unremembered_session_stays_so_when_the_sessions_are_replaced,
    a_change_of_password_is_refused_in_the_order_of_the_contract,
    only_a_session_changes_or_verifies_a_password,
    a_user_without_a_password_cannot_change_it,
    a_password_is_asked_for_inside_a_session,
    long_passwords_that_end_differently_are_not_interchangeable,
    a_password_may_be_typed_in_every_compatible_way,
);

fn change(current: &str, new: &str) -> Value {
    json!({ "currentPassword": current, "newPassword": new })
}

fn change_and_revoke() -> Value {
    json!({
        "currentPassword": PASSWORD, "newPassword": NEW_PASSWORD, "revokeOtherSessions": true,
    })
}

#[track_caller]
fn is_wrong(answer: &Answer) {
    answer.is_error(400, "INVALID_PASSWORD", "Invalid password");
}

async fn changing_a_password_leaves_all_sessions(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let (ada, other) = twice_signed_in(&app).await;
    app.advance(60);

    for body in [
        change(PASSWORD, PASSWORD),
        json!({
            "currentPassword": PASSWORD, "newPassword": NEW_PASSWORD, "revokeOtherSessions": false,
        }),
    ] {
        let answer = app.post_from_page(&ada.cookie, CHANGE, &body).await;
        // The returned user is the same as before, because it does not include the password.
        answer.is_ok(&json!({ "token": null, "user": ada.user }));
        assert!(answer.cookies().is_empty());
        assert_eq!(answer.header("set-auth-token"), None);
    }

    is_password(&app, NEW_PASSWORD, PASSWORD).await;
    for session in [ada, other] {
        assert_eq!(app.get_session(&session.cookie).await.json()["user"], session.user);
    }
}

async fn changing_a_password_may_end_all_other_sessions(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let (ada, other) = twice_signed_in(&app).await;
    let eve = app.sign_up("eve@example.com").await;

    let answer = app.post_from_page(&ada.cookie, CHANGE, &change_and_revoke()).await;

    assert_eq!(members(&answer.json()), ["token", "user"]);
    let [cookie] = answer.cookies()[..] else { panic!("{:?}", answer.cookies()) };
    assert!(cookie.ends_with("; Max-Age=604800; Path=/; HttpOnly; SameSite=Lax"), "{cookie}");
    assert_eq!(answer.header("access-control-expose-headers"), Some("set-auth-token"));
    let new = answer.signed_in();
    assert_eq!(new.user, ada.user);
    assert_eq!(new.signed_token.split('.').next(), Some(new.token.as_str()));
    for ended in [ada, other] {
        assert_ne!(ended.token, new.token);
        is_nobody(&app.get_session(&ended.cookie).await, &CLEARED);
        is_nobody(&with_bearer(&app, GET_SESSION, &ended.token).await, &CLEARED);
    }
    assert_eq!(app.get_session(&new.cookie).await.json()["user"], new.user);
    assert_eq!(app.get_session(&eve.cookie).await.json()["user"], eve.user);
    assert_eq!(count(&db, "sessions").await, 2);
    is_password(&app, NEW_PASSWORD, PASSWORD).await;
}

async fn an_unremembered_session_stays_so_when_the_sessions_are_replaced(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    app.sign_up("ada@example.com").await;
    let body = json!({ "email": "ada@example.com", "password": PASSWORD, "rememberMe": false });
    let ada = app.post(SIGN_IN).json(&body).answer().await.signed_in();

    let answer = app.post_from_page(&ada.cookie, CHANGE, &change_and_revoke()).await;

    let [session, marker] = answer.cookies()[..] else { panic!("{:?}", answer.cookies()) };
    assert!(session.starts_with("better-auth.session_token="), "{session}");
    assert!(marker.starts_with("better-auth.dont_remember=true."), "{marker}");
    assert!(!format!("{session}{marker}").contains("Max-Age"), "{answer:?}");
    let session = app.get_session(&answer.signed_in().cookie).await.json()["session"].take();
    assert_eq!(session["expiresAt"], shown(DAY));
}

async fn a_change_of_password_is_refused_in_the_order_of_the_contract(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let ada = app.sign_up("ada@example.com").await;
    let long = "x".repeat(129);
    let refused = async |body: Value| app.post_as(&ada, CHANGE, &body).await;
    let missing = |member: &str| {
        format!("[body.{member}] Invalid input: expected string, received undefined")
    };

    let both = format!("{}; {}", missing("newPassword"), missing("currentPassword"));
    refused(json!({})).await.is_error(400, "VALIDATION_ERROR", &both);
    let mistyped = json!({ "newPassword": null, "currentPassword": 1, "revokeOtherSessions": "x" });
    refused(mistyped).await.is_error(
        400,
        "VALIDATION_ERROR",
        "[body.newPassword] Invalid input: expected string, received null; \
         [body.currentPassword] Invalid input: expected string, received number; \
         [body.revokeOtherSessions] Invalid input: expected boolean, received string",
    );
    // The length of the new password is checked before the current password.
    for new in ["", "1234567", "🔑🔑🔑"] {
        let answer = refused(change("wrong horse 42", new)).await;
        answer.is_error(400, "PASSWORD_TOO_SHORT", "Password too short");
    }
    for (current, new) in [("wrong horse 42", long.as_str()), (&long, NEW_PASSWORD)] {
        let answer = refused(change(current, new)).await;
        answer.is_error(400, "PASSWORD_TOO_LONG", "Password too long");
    }
    for wrong in ["wrong horse 42", "", "Correct horse 42", "correct horse 42 "] {
        let answer = refused(change(wrong, NEW_PASSWORD)).await;
        is_wrong(&answer);
        assert!(answer.cookies().is_empty());
    }

    is_password(&app, PASSWORD, NEW_PASSWORD).await;
}

async fn only_a_session_changes_or_verifies_a_password(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    app.sign_up("ada@example.com").await;

    for (path, body) in
        [(CHANGE, change(PASSWORD, NEW_PASSWORD)), (VERIFY, json!({ "password": PASSWORD }))]
    {
        let answer = app.post(path).json(&body).answer().await;
        answer.is_error(401, "UNAUTHORIZED", "Unauthorized");
        let answer = app.post(path).json(&json!({})).answer().await;
        assert_eq!(answer.json()["code"], "VALIDATION_ERROR", "the body is looked at first");
    }

    is_password(&app, PASSWORD, NEW_PASSWORD).await;
}

async fn a_user_without_a_password_cannot_change_it(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let ada = app.sign_up("ada@example.com").await;
    db.change("DELETE FROM accounts").await;

    let answer = app.post_as(&ada, CHANGE, &change(PASSWORD, NEW_PASSWORD)).await;

    answer.is_error(400, "CREDENTIAL_ACCOUNT_NOT_FOUND", "Credential account not found");
    is_wrong(&app.post_as(&ada, VERIFY, &json!({ "password": PASSWORD })).await);
    let sign_in = app.sign_in_request("ada@example.com", PASSWORD).answer().await;
    sign_in.is_error(401, "INVALID_EMAIL_OR_PASSWORD", "Invalid email or password");
}

async fn a_password_is_asked_for_inside_a_session(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let ada = app.sign_up("ada@example.com").await;
    let verify =
        async |password: Value| app.post_as(&ada, VERIFY, &json!({ "password": password })).await;

    let right = verify(json!(PASSWORD)).await;
    right.is_done();
    assert!(right.cookies().is_empty());
    is_wrong(&verify(json!("wrong horse 42")).await);
    is_wrong(&verify(json!("")).await);
    let long = verify(json!("x".repeat(129))).await;
    long.is_error(400, "PASSWORD_TOO_LONG", "Password too long");
    let number = "[body.password] Invalid input: expected string, received number";
    verify(json!(1)).await.is_error(400, "VALIDATION_ERROR", number);
}

async fn long_passwords_that_end_differently_are_not_interchangeable(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let ada = app.sign_up("ada@example.com").await;
    let start = "a".repeat(100);
    let [one, other] = ["1", "2"].map(|end| format!("{start}{end}"));

    app.post_as(&ada, CHANGE, &change(PASSWORD, &one)).await.json();
    is_wrong(&app.post_as(&ada, CHANGE, &change(&other, NEW_PASSWORD)).await);
    is_wrong(&app.post_as(&ada, VERIFY, &json!({ "password": other })).await);
    is_password(&app, &one, &other).await;

    let with_nul = "before\0after the end";
    app.post_as(&ada, CHANGE, &change(&one, with_nul)).await.json();
    is_wrong(&app.post_as(&ada, VERIFY, &json!({ "password": "before\0another end" })).await);
    is_password(&app, with_nul, "before").await;

    let body = json!({ "newPassword": other, "token": request_reset(&app).await.token() });
    app.post(RESET).json(&body).answer().await.is_done();
    is_password(&app, &other, &one).await;
}

async fn a_password_may_be_typed_in_every_compatible_way(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let ada = app.sign_up("ada@example.com").await;
    // Spellings of one password: Å as the Ångström sign, as one letter, and as a letter with a
    // combining ring; ½ as one or three characters.
    let spellings = ["\u{212b}ngstr\u{f6}m \u{bd}", "\u{c5}ngstr\u{f6}m 1\u{2044}2"];
    let apart = "A\u{30a}ngstro\u{308}m 1\u{2044}2";

    app.post_as(&ada, CHANGE, &change(PASSWORD, apart)).await.json();

    for spelling in spellings {
        is_password(&app, spelling, PASSWORD).await;
        app.post_as(&ada, VERIFY, &json!({ "password": spelling })).await.is_done();
    }
}
