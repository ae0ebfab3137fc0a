//! What users do with themselves: update-user, list-accounts, delete-user.

use serde_json::{Value, json};
use service_kit::{on_both_engines, testing::TestDatabase};

use crate::app::{
    Answer, CLEARED, DAY, GET_SESSION, PASSWORD, SIGN_IN, START_SHOWN, Send as _, SignedIn,
    TestApp, count, is_nobody, shown, values, with_bearer,
};

on_both_engines!(auth_service::MIGRATIONS;
    an_update_is_seen_in_all_sessions_at_once,
    an_update_sends_the_cookie_again,
    an_update_respects_who_is_not_remembered,
    a_picture_can_be_removed,
    an_update_needs_something_to_update,
    an_update_does_not_change_the_address,
    an_update_takes_nothing_else,
    an_update_is_read_before_the_session,
    accounts_are_listed,
    a_user_with_a_fresh_session_can_leave,
    nothing_of_a_user_who_left_stays,
    an_older_session_needs_the_password,
    an_older_session_needs_no_password_where_sessions_stay_fresh,
    a_wrong_password_deletes_nobody,
    a_deletion_can_be_confirmed_by_mail,
    a_link_deletes_its_own_user_only,
    a_link_that_deletes_is_good_for_a_day_and_once,
    a_link_may_be_opened_by_the_page_itself,
    a_link_needs_a_token_and_a_trusted_target,
    deletions_can_be_switched_off,
    deleting_needs_a_body_and_a_session,
);

const ADA: &str = "ada@example.com";
const UPDATE: &str = "/api/auth/update-user";
const ACCOUNTS: &str = "/api/auth/list-accounts";
const DELETE: &str = "/api/auth/delete-user";

async fn user_of(app: &TestApp, who: &SignedIn) -> Value {
    with_bearer(app, GET_SESSION, &who.token).await.json()["user"].take()
}

#[track_caller]
fn is_deleted(answer: &Answer) {
    answer.is_ok(&json!({ "success": true, "message": "User deleted" }));
    assert_eq!(answer.cookies(), CLEARED);
}

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

async fn an_update_respects_who_is_not_remembered(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    app.sign_up(ADA).await;
    let body = json!({ "email": ADA, "password": PASSWORD, "rememberMe": false });
    let sign_in = app.post(SIGN_IN).json(&body).answer().await;
    let [_, marker] = sign_in.cookies()[..] else { panic!("{:?}", sign_in.cookies()) };
    assert!(marker.starts_with("better-auth.dont_remember=true."), "{marker}");
    let cookie = sign_in.signed_in().cookie;

    let answer = app.post_from_page(&cookie, UPDATE, &json!({ "name": "A" })).await;
    assert_eq!(answer.cookies(), sign_in.cookies());

    // A marker that is not signed is none.
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

async fn an_update_takes_nothing_else(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let ada = app.sign_up(ADA).await;

    let body = json!({
        "name": "Ada", "id": "x", "emailVerified": true, "role": "admin",
        "createdAt": "2000-01-01T00:00:00.000Z", "updatedAt": "2000-01-01T00:00:00.000Z"
    });
    app.post_as(&ada, UPDATE, &body).await.is_done();

    assert_eq!(user_of(&app, &ada).await, ada.user);
}

async fn an_update_is_read_before_the_session(db: TestDatabase) {
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
    app.get(ACCOUNTS).answer().await.is_error(401, "UNAUTHORIZED", "Unauthorized");
}

async fn a_user_with_a_fresh_session_can_leave(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let ada = app.sign_up(ADA).await;
    let phone = app.sign_in(ADA).await;
    let eve = app.sign_up("eve@example.com").await;
    app.advance(DAY - 1);

    let answer = app.post_from_page(&phone.cookie, DELETE, &json!({})).await;

    is_deleted(&answer);
    for who in [&ada, &phone] {
        is_nobody(&app.get_session(&who.cookie).await, &CLEARED);
    }
    assert_eq!(app.get_session(&eve.cookie).await.json()["user"], eve.user);
    let gone = app.sign_in_request(ADA, PASSWORD).answer().await;
    gone.is_error(401, "INVALID_EMAIL_OR_PASSWORD", "Invalid email or password");
    let again = app.sign_up(ADA).await;
    assert_ne!(again.user["id"], ada.user["id"]);
}

async fn nothing_of_a_user_who_left_stays(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let ada = app.sign_up(ADA).await;
    app.post("/api/auth/request-password-reset").json(&json!({ "email": ADA })).answer().await;
    let reset = app.mail_to(ADA, "reset-password").await;
    assert_eq!(count(&db, "verification_tokens").await, 1);

    is_deleted(&app.post_as(&ada, DELETE, &json!({})).await);

    for table in ["users", "accounts", "sessions", "verification_tokens", "mails"] {
        assert_eq!(count(&db, table).await, 0, "{table}");
    }
    let body = json!({ "newPassword": "a new password", "token": reset.token() });
    let answer = app.post("/api/auth/reset-password").json(&body).answer().await;
    answer.is_error(400, "INVALID_TOKEN", "Invalid token");
}

async fn an_older_session_needs_the_password(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let ada = app.sign_up(ADA).await;
    app.advance(DAY);

    for body in [json!({}), json!({ "password": "" })] {
        let answer = app.post_as(&ada, DELETE, &body).await;
        let message = "Session expired. Re-authenticate to perform this action.";
        answer.is_error(400, "SESSION_EXPIRED", message);
    }
    is_deleted(&app.post_as(&ada, DELETE, &json!({ "password": PASSWORD })).await);
    assert_eq!(count(&db, "users").await, 0);
}

async fn an_older_session_needs_no_password_where_sessions_stay_fresh(db: TestDatabase) {
    let app =
        TestApp::spawn_with(&db, |config| config.session_fresh_age = std::time::Duration::ZERO)
            .await;
    let ada = app.sign_up(ADA).await;
    app.advance(5 * DAY);

    is_deleted(&app.post_as(&ada, DELETE, &json!({})).await);
}

async fn a_wrong_password_deletes_nobody(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let ada = app.sign_up(ADA).await;
    let delete = async |body: Value| app.post_as(&ada, DELETE, &body).await;

    let wrong = json!({ "password": "wrong horse 42" });
    delete(wrong).await.is_error(400, "INVALID_PASSWORD", "Invalid password");
    let long = json!({ "password": "x".repeat(129) });
    delete(long).await.is_error(400, "PASSWORD_TOO_LONG", "Password too long");
    let token = json!({ "token": "unknown" });
    delete(token).await.is_error(404, "INVALID_TOKEN", "Invalid token");
    let both = json!({ "password": PASSWORD, "token": "unknown" });
    delete(both).await.is_error(404, "INVALID_TOKEN", "Invalid token");
    assert_eq!(user_of(&app, &ada).await, ada.user);

    db.change("UPDATE accounts SET password_hash = NULL").await;
    let none = delete(json!({ "password": PASSWORD })).await;
    none.is_error(400, "CREDENTIAL_ACCOUNT_NOT_FOUND", "Credential account not found");
}

/// A service that deletes nobody without a mailed link.
async fn confirming(db: &TestDatabase) -> TestApp {
    TestApp::spawn_with(db, |config| config.features.confirm_delete_user = true).await
}

/// Asks for the link and takes it out of the mail.
async fn delete_link(app: &TestApp, who: &SignedIn, body: &Value) -> String {
    let answer = app.post_as(who, DELETE, body).await;
    answer.is_ok(&json!({ "success": true, "message": "Verification email sent" }));
    assert!(answer.cookies().is_empty());
    app.mail_to(who.user["email"].as_str().unwrap(), "delete-user").await.link().to_owned()
}

async fn a_deletion_can_be_confirmed_by_mail(db: TestDatabase) {
    let app = confirming(&db).await;
    let ada = app.sign_up(ADA).await;

    // A password does not take the place of the mail.
    for body in [json!({}), json!({ "password": PASSWORD })] {
        let link = delete_link(&app, &ada, &body).await;
        assert!(link.starts_with("http://localhost:3000/api/auth/delete-user/callback?token="));
        assert!(link.ends_with("&callbackURL=%2F"), "{link}");
        let token = crate::mailbox::token_of(&link);
        assert_eq!(token.len(), 32);
        assert!(token.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit()), "{token}");
    }
    let link = delete_link(&app, &ada, &json!({ "callbackURL": "/bye?a=1" })).await;
    assert!(link.ends_with("&callbackURL=%2Fbye%3Fa%3D1"), "{link}");
    assert_eq!(user_of(&app, &ada).await, ada.user);

    let answer = app.open(&link).header("cookie", &ada.cookie).answer().await;

    answer.leads_to("/bye?a=1");
    assert_eq!(answer.cookies(), CLEARED);
    assert_eq!(count(&db, "users").await, 0);
}

async fn a_link_deletes_its_own_user_only(db: TestDatabase) {
    let app = confirming(&db).await;
    let ada = app.sign_up(ADA).await;
    let eve = app.sign_up("eve@example.com").await;
    let link = delete_link(&app, &ada, &json!({})).await;

    let answer = app.open(&link).answer().await;
    answer.is_error(404, "FAILED_TO_GET_USER_INFO", "Failed to get user info");
    let body = json!({ "token": crate::mailbox::token_of(&link) });
    for answer in [
        app.open(&link).header("cookie", &eve.cookie).answer().await,
        app.post_as(&eve, DELETE, &body).await,
    ] {
        answer.is_error(404, "INVALID_TOKEN", "Invalid token");
        assert!(answer.cookies().is_empty());
    }
    assert_eq!(count(&db, "users").await, 2);

    app.open(&link).header("cookie", &ada.cookie).answer().await.leads_to("/");
    assert_eq!(values(&db, "SELECT email AS value FROM users").await, ["eve@example.com"]);
}

async fn a_link_that_deletes_is_good_for_a_day_and_once(db: TestDatabase) {
    let app = confirming(&db).await;
    let ada = app.sign_up(ADA).await;
    let old = delete_link(&app, &ada, &json!({})).await;
    app.advance(DAY);
    let ada = app.sign_in(ADA).await;

    let answer = app.open(&old).bearer_auth(&ada.token).answer().await;
    answer.is_error(404, "INVALID_TOKEN", "Invalid token");
    let new = delete_link(&app, &ada, &json!({})).await;
    app.advance(DAY - 1);
    app.open(&new).bearer_auth(&ada.token).answer().await.leads_to("/");
    let again = app.sign_up(ADA).await;
    let answer = app.open(&new).bearer_auth(&again.token).answer().await;
    answer.is_error(404, "INVALID_TOKEN", "Invalid token");
}

async fn a_link_may_be_opened_by_the_page_itself(db: TestDatabase) {
    let app = confirming(&db).await;
    let ada = app.sign_up(ADA).await;
    let eve = app.sign_up("eve@example.com").await;
    let token_of = |link: &str| crate::mailbox::token_of(link).to_owned();

    let token = token_of(&delete_link(&app, &ada, &json!({})).await);
    let path = format!("{DELETE}/callback?token={token}");
    is_deleted(&app.get(&path).header("cookie", &ada.cookie).answer().await);
    let token = token_of(&delete_link(&app, &eve, &json!({})).await);
    is_deleted(&app.post_as(&eve, DELETE, &json!({ "token": token })).await);
    assert_eq!(count(&db, "users").await, 0);
}

async fn a_link_needs_a_token_and_a_trusted_target(db: TestDatabase) {
    let app = confirming(&db).await;
    let ada = app.sign_up(ADA).await;
    let callback = async |query: &str| {
        with_bearer(&app, &format!("{DELETE}/callback{query}"), &ada.token).await
    };

    let message = "[query.token] Invalid input: expected string, received undefined";
    for query in ["", "?callbackURL=%2F", "?callbackURL=https%3A%2F%2Fevil.example"] {
        callback(query).await.is_error(400, "VALIDATION_ERROR", message);
    }
    let answer = callback("?token=x&callbackURL=https%3A%2F%2Fevil.example").await;
    answer.is_error(403, "INVALID_CALLBACK_URL", "Invalid callbackURL");
    let answer = callback("?token=x&callbackURL=%2Fbye").await;
    answer.is_error(404, "INVALID_TOKEN", "Invalid token");
    let body = json!({ "callbackURL": "https://evil.example" });
    let answer = app.post_as(&ada, DELETE, &body).await;
    answer.is_error(403, "INVALID_CALLBACK_URL", "Invalid callbackURL");
}

async fn deletions_can_be_switched_off(db: TestDatabase) {
    let app = TestApp::spawn_with(&db, |config| config.features.delete_user = false).await;
    let ada = app.sign_up(ADA).await;

    for body in [json!({}), json!({ "password": PASSWORD }), json!({ "password": "wrong one 42" })]
    {
        let answer = app.post_as(&ada, DELETE, &body).await;
        assert_eq!((answer.status, answer.body.as_str()), (404, ""));
        let answer = app.post(DELETE).json(&body).answer().await;
        answer.is_error(401, "UNAUTHORIZED", "Unauthorized");
    }
    let answer = app.post_as(&ada, DELETE, &json!({ "password": 1 })).await;
    assert_eq!(answer.json()["code"], "VALIDATION_ERROR");
    let callback = app.get(&format!("{DELETE}/callback?token=x"));
    for request in [callback.try_clone().unwrap(), callback.bearer_auth(&ada.token)] {
        request.answer().await.is_error(404, "NOT_FOUND", "Not found");
    }
    assert_eq!(user_of(&app, &ada).await, ada.user);
}

async fn deleting_needs_a_body_and_a_session(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let ada = app.sign_up(ADA).await;

    let answer = app.post(DELETE).bearer_auth(&ada.token).answer().await;
    let message = "[body] Invalid input: expected object, received undefined";
    answer.is_error(400, "VALIDATION_ERROR", message);
    let answer = app.post_as(&ada, DELETE, &json!({ "password": 1, "token": 2 })).await;
    let message = "[body.password] Invalid input: expected string, received number; \
                   [body.token] Invalid input: expected string, received number";
    answer.is_error(400, "VALIDATION_ERROR", message);
    let answer = app.post(DELETE).json(&json!({})).answer().await;
    answer.is_error(401, "UNAUTHORIZED", "Unauthorized");
    assert_eq!(count(&db, "users").await, 1);
}
