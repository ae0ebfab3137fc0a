//! Better Auth's endpoints for additional session fields, which are not supported, and for accounts
//! at other providers, which exist only if they were imported.

use database::{on_both_engines, testing::TestDatabase};
use serde_json::{Value, json};

use crate::app::{Answer, Answering as _, BASE_URL, DAY, FRONT_END, SignedIn, TestApp, count};

on_both_engines!(auth_service::MIGRATIONS;
    a_session_has_no_fields_to_update,
    an_imported_account_can_be_unlinked,
    the_last_account_cannot_be_unlinked,
    an_account_of_another_user_is_not_found,
    unlinking_needs_a_fresh_session,
    no_provider_can_be_linked,
    an_account_has_no_tokens_of_a_provider,
    account_info_is_refused_without_a_provider,
    a_callback_leads_to_the_error_page,
    a_callback_by_post_redirects_to_the_same_by_get,
);

const UPDATE_SESSION: &str = "/api/auth/update-session";
const UNLINK: &str = "/api/auth/unlink-account";
const LINK: &str = "/api/auth/link-social";
const TOKENS: [&str; 2] = ["/api/auth/get-access-token", "/api/auth/refresh-token"];
const INFO: &str = "/api/auth/account-info";
const CALLBACK: &str = "/api/auth/callback/github";

/// Inserts a user's account at another provider, as an import does.
async fn add_account(db: &TestDatabase, user: &SignedIn, id: &str) {
    let user_id = user.user["id"].as_str().unwrap();
    let time = "'2026-01-02T03:00:00.123000Z'";
    db.change(&format!(
        "INSERT INTO accounts (id, user_id, provider_id, account_id, created_at, updated_at) \
         VALUES ('{id}', '{user_id}', 'google', 'at google {id}', {time}, {time})"
    ))
    .await;
}

async fn accounts(app: &TestApp, user: &SignedIn) -> Vec<Value> {
    let answer = app.get("/api/auth/list-accounts").header("cookie", &user.cookie).answer().await;
    answer.json().as_array().unwrap().clone()
}

async fn info(app: &TestApp, user: &SignedIn, query: &str) -> Answer {
    app.get(&format!("{INFO}{query}")).header("cookie", &user.cookie).answer().await
}

async fn a_session_has_no_fields_to_update(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let ada = app.sign_up("ada@example.com").await;

    let anonymous = app.post(UPDATE_SESSION).json(&json!({ "theme": "dark" })).answer().await;
    anonymous.is_error(401, "UNAUTHORIZED", "Unauthorized");
    for body in [json!({}), json!({ "theme": "dark" }), json!({ "expiresAt": "2030-01-01" })] {
        let answer = app.post_as(&ada, UPDATE_SESSION, &body).await;
        answer.is_codeless_error(400, "No fields to update");
    }
    let message = "[body] Invalid input: expected record, received array";
    app.post_as(&ada, UPDATE_SESSION, &json!([])).await.is_error(400, "VALIDATION_ERROR", message);
}

async fn an_imported_account_can_be_unlinked(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let ada = app.sign_up("ada@example.com").await;
    add_account(&db, &ada, "imported").await;
    assert_eq!(accounts(&app, &ada).await.len(), 2);

    app.post_as(&ada, UNLINK, &json!({ "accountId": "imported" })).await.is_done();

    let left = accounts(&app, &ada).await;
    assert_eq!((left.len(), &left[0]["providerId"]), (1, &json!("credential")));
    app.sign_in("ada@example.com").await;
}

async fn the_last_account_cannot_be_unlinked(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let ada = app.sign_up("ada@example.com").await;
    let body = json!({ "accountId": accounts(&app, &ada).await[0]["id"] });

    app.post(UNLINK).json(&body).answer().await.is_error(401, "UNAUTHORIZED", "Unauthorized");
    let answer = app.post_as(&ada, UNLINK, &body).await;
    answer.is_error(400, "FAILED_TO_UNLINK_LAST_ACCOUNT", "You can't unlink your last account");
    for (body, received) in [(json!({}), "undefined"), (json!({ "accountId": 1 }), "number")] {
        let answer = app.post_as(&ada, UNLINK, &body).await;
        let message =
            format!("[body.accountId] Invalid input: expected string, received {received}");
        answer.is_error(400, "VALIDATION_ERROR", &message);
    }

    assert_eq!(count(&db, "accounts").await, 1);
}

async fn an_account_of_another_user_is_not_found(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let ada = app.sign_up("ada@example.com").await;
    let bob = app.sign_up("bob@example.com").await;
    add_account(&db, &ada, "of ada").await;
    add_account(&db, &bob, "of bob").await;

    for id in ["of bob", "of nobody", ""] {
        let body = json!({ "accountId": id });
        for path in [UNLINK].into_iter().chain(TOKENS) {
            let answer = app.post_as(&ada, path, &body).await;
            answer.is_error(400, "ACCOUNT_NOT_FOUND", "Account not found");
        }
    }
    let answer = info(&app, &ada, "?accountId=of%20bob").await;
    answer.is_error(400, "ACCOUNT_NOT_FOUND", "Account not found");

    assert_eq!(count(&db, "accounts").await, 4);
}

async fn unlinking_needs_a_fresh_session(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let ada = app.sign_up("ada@example.com").await;
    add_account(&db, &ada, "imported").await;
    app.advance(DAY);

    let answer = app.post_as(&ada, UNLINK, &json!({ "accountId": "imported" })).await;

    answer.is_error(403, "SESSION_NOT_FRESH", "Session is not fresh");
    assert_eq!(count(&db, "accounts").await, 2);
}

async fn no_provider_can_be_linked(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let ada = app.sign_up("ada@example.com").await;
    let body = json!({ "provider": "github" });

    app.post(LINK).json(&body).answer().await.is_error(401, "UNAUTHORIZED", "Unauthorized");
    let answer = app.post_as(&ada, LINK, &body).await;
    answer.is_error(404, "PROVIDER_NOT_FOUND", "Provider not found");
    let answer = app.post_as(&ada, LINK, &json!({ "provider": 1 })).await;
    answer.is_error(400, "VALIDATION_ERROR", "[body.provider] Invalid input");
    let body = json!({ "provider": "github", "callbackURL": "http://evil.example" });
    let answer = app.post_as(&ada, LINK, &body).await;
    answer.is_error(403, "INVALID_CALLBACK_URL", "Invalid callbackURL");
}

async fn an_account_has_no_tokens_of_a_provider(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let ada = app.sign_up("ada@example.com").await;
    add_account(&db, &ada, "imported").await;

    for path in TOKENS {
        let anonymous = app.post(path).json(&json!({ "accountId": "imported" })).answer().await;
        assert_eq!((anonymous.status, anonymous.body.as_str()), (401, ""));
        let answer = app.post_as(&ada, path, &json!({ "accountId": "imported" })).await;
        answer.is_error(400, "PROVIDER_NOT_SUPPORTED", "Provider google is not supported.");
        let answer = app.post_as(&ada, path, &json!({ "useAccountCookie": true })).await;
        answer.is_error(400, "ACCOUNT_NOT_FOUND", "Account not found");
        for body in [
            json!({}),
            json!({ "accountId": 1 }),
            json!({ "accountId": "imported", "useAccountCookie": true }),
            json!({ "useAccountCookie": false }),
            json!({ "accountId": "imported", "userId": 1 }),
        ] {
            let answer = app.post_as(&ada, path, &body).await;
            answer.is_error(400, "VALIDATION_ERROR", "[body] Invalid input");
        }
        let body = json!({ "accountId": "imported", "x": 1 });
        let answer = app.post_as(&ada, path, &body).await;
        answer.is_error(400, "VALIDATION_ERROR", "[body] Unrecognized key: \"x\"");
    }
}

async fn account_info_is_refused_without_a_provider(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let ada = app.sign_up("ada@example.com").await;
    add_account(&db, &ada, "imported").await;

    let anonymous = app.get(&format!("{INFO}?accountId=imported")).answer().await;
    assert_eq!((anonymous.status, anonymous.body.as_str()), (401, ""));
    let message = "Account is not associated with a configured social provider.";
    info(&app, &ada, "?accountId=imported").await.is_error(400, "PROVIDER_NOT_CONFIGURED", message);
    for query in ["", "?accountId=imported&accountId=imported", "?userId=x"] {
        let answer = info(&app, &ada, query).await;
        answer.is_error(400, "VALIDATION_ERROR", "[query] Invalid input");
    }
}

async fn a_callback_leads_to_the_error_page(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;

    for (query, error) in [
        ("", "state_not_found"),
        ("?code=x", "state_not_found"),
        ("?code=x&state=", "state_not_found"),
        ("?error=access_denied&error_description=No", "state_not_found"),
        ("?code=x&state=y", "state_mismatch"),
        ("?code=a%00b&state=%00", "state_mismatch"),
    ] {
        let answer = app.get(&format!("{CALLBACK}{query}")).answer().await;
        answer.leads_to(&format!("{BASE_URL}/api/auth/error?error={error}"));
    }
    let answer = app.get(&format!("{CALLBACK}?code=x&code=y")).answer().await;
    let message = "[query.code] Invalid input: expected string, received array";
    answer.is_error(400, "VALIDATION_ERROR", message);
}

async fn a_callback_by_post_redirects_to_the_same_by_get(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let target = format!("{BASE_URL}{CALLBACK}?code=a+%26b&state=y");

    let form = app.post(CALLBACK).body("code=a+%26b&state=y&x=unknown");
    let form = form.header("content-type", "application/x-www-form-urlencoded");
    form.answer().await.leads_to(&target);
    let body = json!({ "code": "a &b", "state": "y" });
    app.post(CALLBACK).json(&body).answer().await.leads_to(&target);
    // The values are not stored, so NUL is harmless.
    let with_nul = "?code=a%00b&state=%00";
    let answer = app.post(&format!("{CALLBACK}{with_nul}")).answer().await;
    answer.leads_to(&format!("{BASE_URL}{CALLBACK}{with_nul}"));
    let foreign = app.post("/api/auth/callback/a%0d%0a%22b").header("origin", FRONT_END);
    let foreign = foreign.json(&json!({ "state": "y" })).answer().await;
    foreign.leads_to(&format!("{BASE_URL}/api/auth/callback/a%0D%0A%22b?state=y"));
}
