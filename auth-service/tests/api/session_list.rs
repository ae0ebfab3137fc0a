//! The sessions of a user: listed, and revoked one by one or all at once.

use database::{on_both_engines, testing::TestDatabase};
use serde_json::{Value, json};

use crate::app::{
    Answer, Answering as _, CLEARED, DAY, GET_SESSION, PASSWORD, SIGN_IN, START_SHOWN, SignedIn,
    TestApp, count, is_nobody, members, shown, values, with_bearer, with_cookie,
};

on_both_engines!(auth_service::MIGRATIONS;
    the_list_shows_the_live_sessions_of_the_caller_with_their_tokens,
    the_list_needs_a_session,
    the_list_needs_a_fresh_session,
    freshness_can_be_switched_off,
    a_listed_token_can_be_revoked,
    own_foreign_and_unknown_tokens_get_the_same_response,
    revoking_the_current_session_clears_the_cookies,
    revoking_all_sessions_ends_the_current_one_too,
    revoking_the_others_keeps_the_current_one,
    revoking_needs_a_session_but_looks_at_the_body_first,
    stored_tokens_cannot_be_read_without_the_secret,
);

const LIST: &str = "/api/auth/list-sessions";
const REVOKE: &str = "/api/auth/revoke-session";
const REVOKE_ALL: &str = "/api/auth/revoke-sessions";
const REVOKE_OTHERS: &str = "/api/auth/revoke-other-sessions";

async fn list(app: &TestApp, who: &SignedIn) -> Answer {
    with_bearer(app, LIST, &who.token).await
}

/// Returns the session tokens in a response of `list-sessions`, in the same order.
fn tokens(list: &Answer) -> Vec<String> {
    assert_eq!(list.status, 200, "{list:?}");
    assert_eq!(list.header("content-type"), Some("application/json"));
    let sessions = list.json().as_array().unwrap().clone();
    sessions.iter().map(|session| session["token"].as_str().unwrap().to_owned()).collect()
}

async fn is_live(app: &TestApp, who: &SignedIn) -> bool {
    with_bearer(app, GET_SESSION, &who.token).await.body != "null"
}

async fn the_list_shows_the_live_sessions_of_the_caller_with_their_tokens(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let first = app.sign_up("ada@example.com").await;
    let eve = app.sign_up("eve@example.com").await;
    app.advance(1);
    let body = json!({ "email": "ada@example.com", "password": PASSWORD, "rememberMe": false });
    let short = app.post(SIGN_IN).json(&body).answer().await.signed_in();
    app.advance(1);
    let phone = app
        .sign_in_request("ada@example.com", PASSWORD)
        .header("user-agent", "Phone/1.0")
        .header("x-forwarded-for", "192.0.2.7")
        .answer()
        .await
        .signed_in();

    let listed = list(&app, &phone).await;
    assert!(listed.cookies().is_empty());
    assert_eq!(tokens(&listed), [first.token.as_str(), short.token.as_str(), phone.token.as_str()]);
    let sessions = listed.json();
    for session in sessions.as_array().unwrap() {
        assert_eq!(
            members(session),
            [
                "createdAt",
                "expiresAt",
                "id",
                "ipAddress",
                "token",
                "updatedAt",
                "userAgent",
                "userId"
            ]
        );
        assert_eq!(session["userId"], phone.user["id"]);
    }
    assert_eq!(sessions[0]["createdAt"], START_SHOWN);
    assert_eq!(sessions[1]["expiresAt"], shown(DAY + 1));
    assert_eq!(sessions[2]["expiresAt"], shown(7 * DAY + 2));
    assert_eq!(sessions[2]["userAgent"], "Phone/1.0");
    assert_eq!(sessions[2]["ipAddress"], "192.0.2.7");
    let current = with_bearer(&app, GET_SESSION, &phone.token).await.json();
    assert_eq!(sessions[2], current["session"]);
    assert_eq!(tokens(&list(&app, &eve).await), [eve.token]);

    // The shorter session has expired.
    app.advance(DAY - 1);
    let phone = app.sign_in("ada@example.com").await;
    assert_eq!(tokens(&list(&app, &phone).await).len(), 3);
    assert!(!tokens(&list(&app, &phone).await).contains(&short.token));
}

async fn the_list_needs_a_session(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;

    app.get(LIST).answer().await.is_error(401, "UNAUTHORIZED", "Unauthorized");
    let unknown = with_bearer(&app, LIST, "unknown").await;
    unknown.is_error(401, "UNAUTHORIZED", "Unauthorized");
    assert_eq!(unknown.cookies(), CLEARED);
}

async fn the_list_needs_a_fresh_session(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    app.round_time();
    let ada = app.sign_up("ada@example.com").await;

    app.advance(DAY - 1);
    assert_eq!(tokens(&list(&app, &ada).await), [ada.token.as_str()]);
    app.advance(1);
    // This request also renews the session, which does not make it fresh again.
    let refused = list(&app, &ada).await;
    refused.is_error(403, "SESSION_NOT_FRESH", "Session is not fresh");
    assert_eq!(refused.header("set-auth-token"), Some(ada.signed_token.as_str()));
    list(&app, &ada).await.is_error(403, "SESSION_NOT_FRESH", "Session is not fresh");
    let again = app.sign_in("ada@example.com").await;
    assert_eq!(tokens(&list(&app, &again).await).len(), 2);
}

async fn freshness_can_be_switched_off(db: TestDatabase) {
    let app =
        TestApp::spawn_with(&db, |config| config.session_fresh_age = std::time::Duration::ZERO)
            .await;
    let ada = app.sign_up("ada@example.com").await;

    app.advance(5 * DAY);

    assert_eq!(tokens(&list(&app, &ada).await), [ada.token]);
}

async fn a_listed_token_can_be_revoked(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let lost = app.sign_up("ada@example.com").await;
    let ada = app.sign_in("ada@example.com").await;
    let other = tokens(&list(&app, &ada).await).remove(0);

    let answer = app.post_as(&ada, REVOKE, &json!({ "token": other })).await;

    answer.is_done();
    assert!(answer.cookies().is_empty());
    assert!(!is_live(&app, &lost).await);
    assert!(is_live(&app, &ada).await);
}

async fn own_foreign_and_unknown_tokens_get_the_same_response(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let ada = app.sign_up("ada@example.com").await;
    let eve = app.sign_up("eve@example.com").await;
    let own = app.sign_in("ada@example.com").await;

    for token in [own.token.as_str(), &eve.token, "unknown", "", "nul\0"] {
        app.post_as(&ada, REVOKE, &json!({ "token": token })).await.is_done();
    }

    assert!(!is_live(&app, &own).await);
    assert!(is_live(&app, &eve).await);
    assert!(is_live(&app, &ada).await);
}

async fn revoking_the_current_session_clears_the_cookies(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let ada = app.sign_up("ada@example.com").await;

    let answer = app.post_from_page(&ada.cookie, REVOKE, &json!({ "token": ada.token })).await;

    answer.is_done();
    assert_eq!(answer.cookies(), CLEARED);
    is_nobody(&app.get_session(&ada.cookie).await, &CLEARED);
}

async fn revoking_all_sessions_ends_the_current_one_too(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let ada = app.sign_up("ada@example.com").await;
    let other = app.sign_in("ada@example.com").await;
    let eve = app.sign_up("eve@example.com").await;

    // Better Auth also accepts this request without a body.
    let request = app.post(REVOKE_ALL).bearer_auth(&ada.token);
    let answer = request.answer().await;

    answer.is_done();
    assert_eq!(answer.cookies(), CLEARED);
    assert!(!is_live(&app, &ada).await);
    assert!(!is_live(&app, &other).await);
    assert!(is_live(&app, &eve).await);
}

async fn revoking_the_others_keeps_the_current_one(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let ada = app.sign_up("ada@example.com").await;
    let other = app.sign_in("ada@example.com").await;
    let eve = app.sign_up("eve@example.com").await;

    let answer = app.post_as(&ada, REVOKE_OTHERS, &json!({})).await;

    answer.is_done();
    assert!(answer.cookies().is_empty());
    assert!(is_live(&app, &ada).await);
    assert!(!is_live(&app, &other).await);
    assert!(is_live(&app, &eve).await);
}

async fn revoking_needs_a_session_but_looks_at_the_body_first(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;

    for path in [REVOKE, REVOKE_ALL, REVOKE_OTHERS] {
        let answer = app.post(path).json(&json!({ "token": "x" })).answer().await;
        answer.is_error(401, "UNAUTHORIZED", "Unauthorized");
    }
    let expected = |received: &str| {
        format!("[body.token] Invalid input: expected string, received {received}")
    };
    for (token, received) in [(json!(1), "number"), (Value::Null, "null"), (json!([]), "array")] {
        let answer = app.post(REVOKE).json(&json!({ "token": token })).answer().await;
        answer.is_error(400, "VALIDATION_ERROR", &expected(received));
    }
    let answer = app.post(REVOKE).answer().await;
    let message = "[body] Invalid input: expected object, received undefined";
    answer.is_error(400, "VALIDATION_ERROR", message);
}

async fn stored_tokens_cannot_be_read_without_the_secret(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let ada = app.sign_up("ada@example.com").await;
    app.sign_up("eve@example.com").await;
    drop(app);
    let app = TestApp::spawn(&db).await;
    assert_eq!(tokens(&list(&app, &ada).await), [ada.token.as_str()]);

    // An encrypted token can be decrypted in its own row only.
    let others = "(SELECT sealed_token FROM sessions ORDER BY created_at DESC, id DESC LIMIT 1)";
    db.change(&format!("UPDATE sessions SET sealed_token = {others}")).await;

    assert_eq!(list(&app, &ada).await.status, 500);
    assert_eq!(with_cookie(&app, GET_SESSION, &ada.cookie).await.json()["user"], ada.user);
    assert_eq!(count(&db, "sessions").await, 2);
    let columns = values(&db, "SELECT user_agent || ip_address || id AS value FROM sessions").await;
    assert!(columns.iter().all(|text| !text.contains(&ada.token)));
}
