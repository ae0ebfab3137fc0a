//! Account deletion, at once or by a mailed link.

use database::{on_both_engines, testing::TestDatabase};
use serde_json::{Value, json};

use super::{ADA, DELETE, user_of};
use crate::app::{
    Answer, Answering as _, CLEARED, DAY, PASSWORD, SignedIn, TestApp, count, is_nobody, values,
    with_bearer,
};

on_both_engines!(auth_service::MIGRATIONS;
    a_user_with_a_fresh_session_can_delete_the_account,
    deleting_a_user_deletes_all_its_data,
    an_older_session_needs_the_password,
    an_older_session_needs_no_password_where_sessions_stay_fresh,
    a_wrong_password_does_not_delete_the_user,
    a_deletion_can_be_confirmed_by_mail,
    a_link_deletes_its_own_user_only,
    a_mailed_token_is_valid_for_one_purpose,
    a_deletion_link_is_valid_for_a_day_and_once,
    a_link_may_be_opened_by_the_page_itself,
    a_link_needs_a_token_and_a_trusted_target,
    deletions_can_be_switched_off,
    deleting_needs_a_body_and_a_session,
);

#[track_caller]
fn is_deleted(answer: &Answer) {
    answer.is_ok(&json!({ "success": true, "message": "User deleted" }));
    assert_eq!(answer.cookies(), CLEARED);
}

async fn a_user_with_a_fresh_session_can_delete_the_account(db: TestDatabase) {
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

async fn deleting_a_user_deletes_all_its_data(db: TestDatabase) {
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

async fn a_wrong_password_does_not_delete_the_user(db: TestDatabase) {
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

/// Starts a service that requires confirmation by a mailed link before a user is deleted.
async fn confirming(db: &TestDatabase) -> TestApp {
    TestApp::spawn_with(db, |config| config.features.confirm_delete_user = true).await
}

/// Requests a deletion, and returns the link in the e-mail.
async fn delete_link(app: &TestApp, who: &SignedIn, body: &Value) -> String {
    let answer = app.post_as(who, DELETE, body).await;
    answer.is_ok(&json!({ "success": true, "message": "Verification email sent" }));
    assert!(answer.cookies().is_empty());
    app.mail_to(who.user["email"].as_str().unwrap(), "delete-user").await.link().to_owned()
}

async fn a_deletion_can_be_confirmed_by_mail(db: TestDatabase) {
    let app = confirming(&db).await;
    let ada = app.sign_up(ADA).await;

    // The link is required even if the request contains the password.
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

async fn a_mailed_token_is_valid_for_one_purpose(db: TestDatabase) {
    let app = confirming(&db).await;
    let ada = app.sign_up(ADA).await;
    app.post("/api/auth/request-password-reset").json(&json!({ "email": ADA })).answer().await;
    let for_reset = app.mail_to(ADA, "reset-password").await.token().to_owned();
    let link = delete_link(&app, &ada, &json!({})).await;

    let answer = app.post_as(&ada, DELETE, &json!({ "token": for_reset })).await;
    answer.is_error(404, "INVALID_TOKEN", "Invalid token");
    let body = json!({ "newPassword": "a new password", "token": crate::mailbox::token_of(&link) });
    let answer = app.post("/api/auth/reset-password").json(&body).answer().await;
    answer.is_error(400, "INVALID_TOKEN", "Invalid token");

    assert_eq!(user_of(&app, &ada).await, ada.user);
    app.sign_in(ADA).await;
}

async fn a_deletion_link_is_valid_for_a_day_and_once(db: TestDatabase) {
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
