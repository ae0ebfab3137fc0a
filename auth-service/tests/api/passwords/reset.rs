//! Password reset by a mailed link.

use database::{on_both_engines, testing::TestDatabase};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::{NEW_PASSWORD, REQUEST_RESET, RESET, is_password, request_reset, twice_signed_in};
use crate::app::{Answer, Answering as _, BASE_URL, CLEARED, PASSWORD, TestApp, is_nobody};

on_both_engines!(auth_service::MIGRATIONS;
    a_forgotten_password_is_reset_by_a_mailed_link,
    a_reset_request_gets_the_same_response_for_every_address,
    a_request_for_a_reset_has_an_address_and_a_trusted_target,
    using_a_reset_link_invalidates_the_others,
    concurrent_requests_use_a_reset_link_once,
    a_reset_link_is_valid_for_an_hour,
    a_reset_token_survives_a_password_of_the_wrong_length,
    a_reset_token_may_come_in_the_query,
    a_reset_link_leads_to_trusted_places_only,
    a_reset_makes_a_password_for_a_user_without_one,
    deleting_a_user_invalidates_its_reset_links,
    a_reset_ends_all_sessions_if_so_configured,
    resetting_passwords_can_be_switched_off,
);

#[track_caller]
fn is_no_token(answer: &Answer) {
    answer.is_error(400, "INVALID_TOKEN", "Invalid token");
}

async fn reset(app: &TestApp, token: &str, new: &str) -> Answer {
    app.post(RESET).json(&json!({ "token": token, "newPassword": new })).answer().await
}

async fn a_forgotten_password_is_reset_by_a_mailed_link(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let ada = app.sign_up("ada@example.com").await;

    let mail = request_reset(&app).await;
    let (path, query) = mail.link().split_once('?').unwrap();
    let token = path.strip_prefix(&format!("{BASE_URL}/api/auth/reset-password/")).unwrap();
    assert_eq!(token.len(), 24);
    assert!(token.chars().all(|c| c.is_ascii_alphanumeric()), "{token}");
    assert_eq!(query, "callbackURL=%2Freset%3Fx%3D1");

    // Opening the link does not consume the token.
    for _ in 0..2 {
        let opened = app.open(mail.link()).answer().await;
        opened.leads_to(&format!("{BASE_URL}/reset?x=1&token={token}"));
        assert!(opened.cookies().is_empty());
    }
    is_password(&app, PASSWORD, NEW_PASSWORD).await;

    let answer = reset(&app, token, NEW_PASSWORD).await;
    answer.is_done();
    assert!(answer.cookies().is_empty());
    is_password(&app, NEW_PASSWORD, PASSWORD).await;
    is_no_token(&reset(&app, token, PASSWORD).await);
    let opened = app.open(mail.link()).answer().await;
    opened.leads_to(&format!("{BASE_URL}/reset?x=1&error=INVALID_TOKEN"));
    // The session continues, and the reset does not verify the address.
    assert_eq!(app.get_session(&ada.cookie).await.json()["user"], ada.user);
}

async fn a_reset_request_gets_the_same_response_for_every_address(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let ada = app.sign_up("ada@example.com").await;
    let ask =
        async |email: &str| app.post(REQUEST_RESET).json(&json!({ "email": email })).answer().await;

    let known = ask("ada@example.com").await;
    let unknown = ask("nobody@example.com").await;
    let shouted = ask("ADA@Example.com").await;
    let by_herself = app.post_as(&ada, REQUEST_RESET, &json!({ "email": "ada@example.com" })).await;

    for answer in [&known, &unknown, &shouted, &by_herself] {
        answer.is_ok(&json!({
            "status": true,
            "message": "If this email exists in our system, check your email for the reset link",
        }));
        assert_eq!(answer.stable_headers(), known.stable_headers());
    }
    let link = app.mail_to("ada@example.com", "reset-password").await.link().to_owned();
    assert!(link.ends_with("?callbackURL="), "{link}");
    assert_eq!(app.other_mails(&db).await, ["reset-password to ada@example.com"; 2]);
}

async fn a_request_for_a_reset_has_an_address_and_a_trusted_target(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    app.sign_up("ada@example.com").await;
    let ask = async |body: Value| app.post(REQUEST_RESET).json(&body).answer().await;

    for (body, message) in [
        (json!({}), "[body.email] Invalid input: expected string, received undefined"),
        (json!({ "email": "ada" }), "[body.email] Invalid email address"),
        (json!({ "email": 1 }), "[body.email] Invalid input: expected string, received number"),
        (
            json!({ "email": "ada@example.com", "redirectTo": null }),
            "[body.redirectTo] Invalid input: expected string, received null",
        ),
    ] {
        ask(body).await.is_error(400, "VALIDATION_ERROR", message);
    }
    let foreign = json!({ "email": "ada@example.com", "redirectTo": "https://evil.example/" });
    ask(foreign).await.is_error(403, "INVALID_REDIRECT_URL", "Invalid redirectURL");
    // The redirect target is checked before the schema.
    let both = json!({ "redirectTo": "//evil.example" });
    ask(both).await.is_error(403, "INVALID_REDIRECT_URL", "Invalid redirectURL");
    assert_eq!(app.other_mails(&db).await, [""; 0]);
}

async fn using_a_reset_link_invalidates_the_others(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    app.sign_up("ada@example.com").await;
    let (first, second) = (request_reset(&app).await, request_reset(&app).await);
    assert_ne!(first.token(), second.token());

    for mail in [&first, &second] {
        let target = format!("{BASE_URL}/reset?x=1&token={}", mail.token());
        app.open(mail.link()).answer().await.leads_to(&target);
    }
    reset(&app, second.token(), NEW_PASSWORD).await.is_done();

    is_password(&app, NEW_PASSWORD, PASSWORD).await;
    for used in [first, second] {
        is_no_token(&reset(&app, used.token(), PASSWORD).await);
    }
}

async fn concurrent_requests_use_a_reset_link_once(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    app.sign_up("ada@example.com").await;
    let mail = request_reset(&app).await;
    let mut race = JoinSet::new();
    for i in 0..10 {
        let password = format!("of contestant {i}");
        let body = json!({ "token": mail.token(), "newPassword": password });
        let request = app.post(RESET).json(&body).answer();
        race.spawn_local(async move { (request.await, password) });
    }

    let mut winners = Vec::new();
    for (answer, password) in race.join_all().await {
        if answer.status == 200 {
            winners.push(password);
        } else {
            is_no_token(&answer);
        }
    }

    let [winner] = &winners[..] else { panic!("{winners:?}") };
    is_password(&app, winner, PASSWORD).await;
}

async fn a_reset_link_is_valid_for_an_hour(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    app.sign_up("ada@example.com").await;
    let late = request_reset(&app).await;
    app.advance(1);
    let early = request_reset(&app).await;

    app.advance(3599);
    let opened = app.open(late.link()).answer().await;
    opened.leads_to(&format!("{BASE_URL}/reset?x=1&error=INVALID_TOKEN"));
    is_no_token(&reset(&app, late.token(), PASSWORD).await);
    app.advance_millis(-1);
    let opened = app.open(early.link()).answer().await;
    opened.leads_to(&format!("{BASE_URL}/reset?x=1&token={}", early.token()));
    reset(&app, early.token(), NEW_PASSWORD).await.is_done();
    is_password(&app, NEW_PASSWORD, PASSWORD).await;
}

async fn a_reset_token_survives_a_password_of_the_wrong_length(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    app.sign_up("ada@example.com").await;
    let mail = request_reset(&app).await;

    // A missing token is reported before the length of the password is checked. An unknown token
    // is reported only afterwards.
    for body in [json!({ "newPassword": "short" }), json!({ "newPassword": "short", "token": "" })]
    {
        is_no_token(&app.post(RESET).json(&body).answer().await);
    }
    is_no_token(&reset(&app, "unknown", NEW_PASSWORD).await);
    for token in ["unknown", mail.token()] {
        let short = reset(&app, token, "1234567").await;
        short.is_error(400, "PASSWORD_TOO_SHORT", "Password too short");
        let long = reset(&app, token, &"x".repeat(129)).await;
        long.is_error(400, "PASSWORD_TOO_LONG", "Password too long");
    }
    for (body, message) in [
        (json!({}), "[body.newPassword] Invalid input: expected string, received undefined"),
        (
            json!({ "newPassword": 1, "token": 2 }),
            "[body.newPassword] Invalid input: expected string, received number; \
             [body.token] Invalid input: expected string, received number",
        ),
    ] {
        let answer = app.post(RESET).json(&body).answer().await;
        answer.is_error(400, "VALIDATION_ERROR", message);
    }
    is_password(&app, PASSWORD, NEW_PASSWORD).await;

    reset(&app, mail.token(), NEW_PASSWORD).await.is_done();
    is_password(&app, NEW_PASSWORD, PASSWORD).await;
}

async fn a_reset_token_may_come_in_the_query(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    app.sign_up("ada@example.com").await;
    let mail = request_reset(&app).await;
    let send = async |query: &str, body: Value| {
        app.post(&format!("{RESET}?{query}")).json(&body).answer().await
    };
    let query = format!("token={}", mail.token());

    let both = json!({ "token": "unknown", "newPassword": NEW_PASSWORD });
    is_no_token(&send(&query, both).await);
    let two = send("token=a&token=b", json!({ "newPassword": NEW_PASSWORD })).await;
    let message = "[query.token] Invalid input: expected string, received array";
    two.is_error(400, "VALIDATION_ERROR", message);
    let empty = json!({ "token": "", "newPassword": NEW_PASSWORD });
    send(&query, empty).await.is_done();

    is_password(&app, NEW_PASSWORD, PASSWORD).await;
}

async fn a_reset_link_leads_to_trusted_places_only(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    app.sign_up("ada@example.com").await;
    let mail = request_reset(&app).await;
    let (path, _) = mail.link().split_once('?').unwrap();
    let unknown = format!("{BASE_URL}/api/auth/reset-password/unknown");
    let open = async |path: &str, query: &str| app.open(&format!("{path}?{query}")).answer().await;

    for (target, before, after) in [
        ("%2Freset", "http://localhost:3000/reset?", ""),
        ("%2Freset%3Fx%3D1", "http://localhost:3000/reset?x=1&", ""),
        ("%2Freset%23top", "http://localhost:3000/reset?", "#top"),
        ("http%3A%2F%2Flocalhost%3A5173%2Freset", "http://localhost:5173/reset?", ""),
        ("http%3A%2F%2Flocalhost%3A3000", "http://localhost:3000/?", ""),
    ] {
        let query = format!("callbackURL={target}");
        let good = format!("{before}token={}{after}", mail.token());
        open(path, &query).await.leads_to(&good);
        let bad = format!("{before}error=INVALID_TOKEN{after}");
        open(&unknown, &query).await.leads_to(&bad);
    }
    for path in [path, &unknown] {
        let error_page = format!("{BASE_URL}/api/auth/error?error=INVALID_TOKEN");
        open(path, "callbackURL=").await.leads_to(&error_page);
        for query in ["", "callback=%2Freset"] {
            let message = "[query.callbackURL] Invalid input: expected string, received undefined";
            open(path, query).await.is_error(400, "VALIDATION_ERROR", message);
        }
        for target in ["https%3A%2F%2Fevil.example", "%2F%2Fevil.example", "reset", "%2F%5Cevil"] {
            let answer = open(path, &format!("callbackURL={target}")).await;
            answer.is_error(403, "INVALID_CALLBACK_URL", "Invalid callbackURL");
            assert_eq!(answer.header("location"), None);
        }
    }
}

async fn a_reset_makes_a_password_for_a_user_without_one(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    app.sign_up("ada@example.com").await;
    db.change("DELETE FROM accounts").await;

    reset(&app, request_reset(&app).await.token(), NEW_PASSWORD).await.is_done();

    is_password(&app, NEW_PASSWORD, PASSWORD).await;
}

async fn deleting_a_user_invalidates_its_reset_links(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    app.sign_up("ada@example.com").await;
    let mail = request_reset(&app).await;
    db.change("DELETE FROM users").await;
    app.sign_up("ada@example.com").await;

    let answer = reset(&app, mail.token(), NEW_PASSWORD).await;

    assert_eq!(answer.status, 400, "{answer:?}");
    is_password(&app, PASSWORD, NEW_PASSWORD).await;
}

async fn a_reset_ends_all_sessions_if_so_configured(db: TestDatabase) {
    let app = TestApp::spawn_with(&db, |config| {
        config.features.revoke_sessions_on_password_reset = true;
    })
    .await;
    let (ada, other) = twice_signed_in(&app).await;
    let eve = app.sign_up("eve@example.com").await;

    reset(&app, request_reset(&app).await.token(), NEW_PASSWORD).await.is_done();

    for ended in [ada, other] {
        is_nobody(&app.get_session(&ended.cookie).await, &CLEARED);
    }
    assert_eq!(app.get_session(&eve.cookie).await.json()["user"], eve.user);
    is_password(&app, NEW_PASSWORD, PASSWORD).await;
}

async fn resetting_passwords_can_be_switched_off(db: TestDatabase) {
    let app = TestApp::spawn_with(&db, |config| config.features.password_reset = false).await;
    app.sign_up("ada@example.com").await;

    let body = json!({ "email": "ada@example.com" });
    let answer = app.post(REQUEST_RESET).json(&body).answer().await;

    answer.is_error(400, "RESET_PASSWORD_DISABLED", "Reset password isn't enabled");
    is_no_token(&reset(&app, "unknown", NEW_PASSWORD).await);
    assert_eq!(app.other_mails(&db).await, [""; 0]);
}
