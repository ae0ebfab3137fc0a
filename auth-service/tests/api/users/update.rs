//! The endpoints `update-user` and `list-accounts`.

use database::{on_both_engines, testing::TestDatabase};
use serde_json::{Value, json};

use super::{ACCOUNTS, ADA, UPDATE, user_of};
use crate::app::{
    Answering as _, PASSWORD, SIGN_IN, START_SHOWN, TestApp, shown, values, with_bearer,
};

on_both_engines!(auth_service::MIGRATIONS;
    an_update_is_seen_in_all_sessions_at_once,
    an_update_sends_the_cookie_again,
    an_update_keeps_a_session_unremembered,
    a_picture_can_be_removed,
    an_update_needs_something_to_update,
    an_update_does_not_change_the_address,
    an_update_ignores_other_fields,
    an_update_is_validated_before_the_session,
    accounts_are_listed,
);

async fn an_update_is_seen_in_all_sessions_at_once(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let ada = app.sign_up(ADA).await;
    let phone = app.sign_in(ADA).await;
    app.advance(5);

    let body = json!({ "name": "Ada Lovelace", "image": "https://example.com/ada.png" });
    app.post_as(&ada, UPDATE, &body).await.is_done();

    let user = user_of(&app, &phone).await;
    assert_eq!(user["name"], "Ada Lovelace");
    assert_eq!(user["image"], "https://example.com/ada.png");
    assert_eq!(user["updatedAt"], shown(5));
    assert_eq!(user["createdAt"], START_SHOWN);
    app.post_as(&ada, UPDATE, &json!({ "name": "" })).await.is_done();
    let user = user_of(&app, &ada).await;
    assert_eq!(
        (&user["name"], &user["image"]),
        (&json!(""), &json!("https://example.com/ada.png"))
    );
}

async fn an_update_sends_the_cookie_again(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let sign_up = app.sign_up_request(ADA).answer().await;
    let ada = sign_up.signed_in();

    let answer = app.post_from_page(&ada.cookie, UPDATE, &json!({ "name": "A" })).await;

    answer.is_done();
    assert_eq!(answer.cookies(), sign_up.cookies());
    assert_eq!(answer.header("set-auth-token"), Some(ada.signed_token.as_str()));
    assert_eq!(answer.header("access-control-expose-headers"), Some("set-auth-token"));
}

async fn an_update_keeps_a_session_unremembered(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    app.sign_up(ADA).await;
    let body = json!({ "email": ADA, "password": PASSWORD, "rememberMe": false });
    let sign_in = app.post(SIGN_IN).json(&body).answer().await;
    let [_, marker] = sign_in.cookies()[..] else { panic!("{:?}", sign_in.cookies()) };
    assert!(marker.starts_with("better-auth.dont_remember=true."), "{marker}");
    let cookie = sign_in.signed_in().cookie;

    let answer = app.post_from_page(&cookie, UPDATE, &json!({ "name": "A" })).await;
    assert_eq!(answer.cookies(), sign_in.cookies());

    // A `dont_remember` cookie with a wrong signature is ignored.
    let unsigned = cookie.replace("=true.", "=true.x");
    let answer = app.post_from_page(&unsigned, UPDATE, &json!({ "name": "A" })).await;
    let [session] = answer.cookies()[..] else { panic!("{:?}", answer.cookies()) };
    assert!(session.contains("; Max-Age=604800;"), "{session}");
}

async fn a_picture_can_be_removed(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let ada = app.sign_up(ADA).await;
    app.post_as(&ada, UPDATE, &json!({ "image": "https://example.com/a.png" })).await.is_done();

    app.post_as(&ada, UPDATE, &json!({ "image": null })).await.is_done();

    let user = user_of(&app, &ada).await;
    assert_eq!((&user["image"], &user["name"]), (&Value::Null, &ada.user["name"]));
}

async fn an_update_needs_something_to_update(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let ada = app.sign_up(ADA).await;

    for body in
        [json!({}), json!({ "role": "admin" }), json!({ "email": null }), json!({ "email": "" })]
    {
        let answer = app.post_as(&ada, UPDATE, &body).await;
        answer.is_codeless_error(400, "No fields to update");
    }
}

async fn an_update_does_not_change_the_address(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let ada = app.sign_up(ADA).await;

    for email in [json!("eve@example.com"), json!(1), json!(true), json!({}), json!([])] {
        let answer = app.post_as(&ada, UPDATE, &json!({ "name": "Eve", "email": email })).await;
        answer.is_error(400, "EMAIL_CAN_NOT_BE_UPDATED", "Email can not be updated");
    }
    app.post_as(&ada, UPDATE, &json!({ "name": "Ada", "email": "" })).await.is_done();
    assert_eq!(user_of(&app, &ada).await["email"], ADA);
}

async fn an_update_ignores_other_fields(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let ada = app.sign_up(ADA).await;

    let body = json!({
        "name": "Ada", "id": "x", "emailVerified": true, "role": "admin",
        "createdAt": "2000-01-01T00:00:00.000Z", "updatedAt": "2000-01-01T00:00:00.000Z"
    });
    app.post_as(&ada, UPDATE, &body).await.is_done();

    assert_eq!(user_of(&app, &ada).await, ada.user);
}

async fn an_update_is_validated_before_the_session(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let ada = app.sign_up(ADA).await;

    for (body, received) in [("", "undefined"), ("null", "null"), ("[]", "array"), ("1", "number")]
    {
        let request = app.post(UPDATE).header("content-type", "application/json").body(body);
        let message = format!("[body] Invalid input: expected record, received {received}");
        request.answer().await.is_error(400, "VALIDATION_ERROR", &message);
    }
    for (member, value, received) in [
        ("name", json!(null), "null"),
        ("name", json!(1), "number"),
        ("image", json!({}), "object"),
    ] {
        let answer = app.post_as(&ada, UPDATE, &json!({ member: value })).await;
        let message =
            format!("[body.{member}] Invalid input: expected string, received {received}");
        answer.is_error(400, "VALIDATION_ERROR", &message);
    }
    let answer = app.post_as(&ada, UPDATE, &json!({ "name": "a\0b" })).await;
    answer.is_a_clean_refusal();
    let answer = app.post(UPDATE).json(&json!({})).answer().await;
    answer.is_error(401, "UNAUTHORIZED", "Unauthorized");
}

async fn accounts_are_listed(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let ada = app.sign_up(ADA).await;
    app.sign_up("eve@example.com").await;

    let answer = with_bearer(&app, ACCOUNTS, &ada.token).await;

    let id = values(&db, "SELECT id AS value FROM accounts ORDER BY id").await.remove(0);
    answer.is_ok(&json!([{
        "id": id,
        "providerId": "credential",
        "accountId": ada.user["id"],
        "userId": ada.user["id"],
        "createdAt": START_SHOWN,
        "updatedAt": START_SHOWN,
        "scopes": []
    }]));
    assert!(answer.cookies().is_empty());
    app.get(ACCOUNTS).answer().await.is_error(401, "UNAUTHORIZED", "Unauthorized");
}
