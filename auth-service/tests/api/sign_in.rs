//! `POST /api/auth/sign-in/email`.

use database::{on_both_engines, testing::TestDatabase};
use serde_json::{Value, json};

use crate::app::{
    Answer, Answering as _, BASE_URL, PASSWORD, SIGN_IN, SIGN_UP, TestApp, count, members,
};

on_both_engines!(auth_service::MIGRATIONS;
    the_right_password_starts_a_session,
    a_callback_url_is_handed_back_for_the_client_to_follow,
    a_wrong_password_and_an_unknown_address_get_the_same_response,
    a_wrong_password_starts_no_session,
    passwords_that_share_their_first_72_bytes_are_different,
    a_nul_does_not_end_a_password,
    a_password_is_not_modified,
    an_address_is_known_in_any_letter_case,
    a_malformed_address_is_an_invalid_email,
    an_invalid_sign_in_returns_every_error,
    signing_in_again_is_another_session,
    a_later_remembered_sign_in_clears_the_dont_remember_cookie,
    a_clients_own_session_is_never_adopted,
    other_providers_are_not_found,
);

async fn the_right_password_starts_a_session(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let signed_up = app.sign_up("ada@example.com").await;

    let answer = app.sign_in_request("ada@example.com", PASSWORD).answer().await;

    assert_eq!(answer.status, 200);
    let body = answer.json();
    assert_eq!(members(&body), ["redirect", "token", "user"]);
    assert_eq!(body["redirect"], false);
    assert_eq!(body["user"], signed_up.user);
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert_eq!(answer.header("access-control-expose-headers"), Some("set-auth-token"));
    assert_eq!(answer.header("location"), None);
    let signed_in = answer.signed_in();
    assert!(signed_in.signed_token.starts_with(&format!("{}.", signed_in.token)));
    let [cookie] = answer.cookies()[..] else { panic!("{:?}", answer.cookies()) };
    assert!(cookie.starts_with(&format!("better-auth.session_token={}.", signed_in.token)));
    assert!(cookie.ends_with("%3D; Max-Age=604800; Path=/; HttpOnly; SameSite=Lax"), "{cookie}");
    assert_eq!(app.get_session(&signed_in.cookie).await.json()["user"], signed_up.user);
}

async fn a_callback_url_is_handed_back_for_the_client_to_follow(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    app.sign_up("ada@example.com").await;
    let sign_in = async |callback: &str| {
        let body =
            json!({ "email": "ada@example.com", "password": PASSWORD, "callbackURL": callback });
        app.post(SIGN_IN).json(&body).answer().await
    };

    let answer = sign_in("/dashboard?tab=1").await;
    let body = answer.json();
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("location"), Some("/dashboard?tab=1"));
    assert_eq!((&body["redirect"], &body["url"]), (&json!(true), &json!("/dashboard?tab=1")));

    let answer = sign_in("").await;
    assert_eq!(answer.header("location"), None);
    let body = answer.json();
    assert_eq!((&body["redirect"], &body["url"]), (&json!(false), &json!("")));
    let without = app.sign_in_request("ada@example.com", PASSWORD).answer().await;
    assert_eq!(members(&without.json()), ["redirect", "token", "user"]);
}

async fn a_wrong_password_and_an_unknown_address_get_the_same_response(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    app.sign_up("ada@example.com").await;
    let parts = |answer: &Answer| {
        let headers: Vec<_> = answer
            .stable_headers()
            .iter()
            .map(|(name, value)| format!("{name}: {value}"))
            .collect();
        (answer.status, headers, answer.body.clone())
    };

    for length in [0, 5, 8, 16, 72, 73, 128, 129, 200] {
        let password = "x".repeat(length);
        let wrong = app.sign_in_request("ada@example.com", &password).answer().await;
        let unknown = app.sign_in_request("eve@example.com", &password).answer().await;

        assert_eq!(parts(&wrong), parts(&unknown), "{length}");
        if length <= 128 {
            wrong.is_error(401, "INVALID_EMAIL_OR_PASSWORD", "Invalid email or password");
        } else {
            wrong.is_error(400, "PASSWORD_TOO_LONG", "Password too long");
        }
    }
}

async fn a_wrong_password_starts_no_session(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    app.sign_up("ada@example.com").await;

    for email in ["ada@example.com", "eve@example.com"] {
        let answer = app.sign_in_request(email, "wrong horse 42").answer().await;
        assert_eq!(answer.status, 401);
        assert!(answer.cookies().is_empty());
        assert_eq!(answer.header("set-auth-token"), None);
    }
    assert_eq!(count(&db, "sessions").await, 1);
}

/// Signs up with one password, and returns whether sign-in with the other password succeeds.
async fn is_the_same_password(app: &TestApp, email: &str, password: &str, other: &str) -> bool {
    let body = json!({ "name": "Ada", "email": email, "password": password });
    app.post(SIGN_UP).json(&body).answer().await.signed_in();
    app.sign_in_request(email, password).answer().await.signed_in();
    match app.sign_in_request(email, other).answer().await.status {
        200 => true,
        401 => false,
        status => panic!("{status}"),
    }
}

async fn passwords_that_share_their_first_72_bytes_are_different(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let same = "a".repeat(72);
    let same_in_bytes = "é".repeat(36);

    for (i, shared) in [&same, &same_in_bytes].into_iter().enumerate() {
        let email = format!("ada{i}@example.com");
        let (password, other) = (format!("{shared}1"), format!("{shared}2"));
        assert!(!is_the_same_password(&app, &email, &password, &other).await, "{shared}");
        assert_eq!(app.sign_in_request(&email, shared).answer().await.status, 401);
    }
}

async fn a_nul_does_not_end_a_password(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;

    for (i, (password, other)) in [
        ("correct\0horse", "correct\0house"),
        ("correct horse\0", "correct horse"),
        ("\0correct horse", "\0wrong horse"),
    ]
    .into_iter()
    .enumerate()
    {
        let email = format!("ada{i}@example.com");
        assert!(!is_the_same_password(&app, &email, password, other).await, "{password:?}");
    }
}

async fn a_password_is_not_modified(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;

    for (i, (password, other)) in [
        ("Correct Horse", "correct horse"),
        ("correct horse ", "correct horse"),
        (" correct horse", "correct horse"),
    ]
    .into_iter()
    .enumerate()
    {
        let email = format!("ada{i}@example.com");
        assert!(!is_the_same_password(&app, &email, password, other).await, "{password:?}");
    }
}

async fn an_address_is_known_in_any_letter_case(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let user = app.sign_up("Ada@example.com").await.user;

    assert_eq!(app.sign_in("ada@EXAMPLE.com").await.user, user);
}

async fn a_malformed_address_is_an_invalid_email(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    app.sign_up("ada@example.com").await;

    for email in
        ["", "ada", "a@localhost", "ada@example.com ", "ada@example.com\0", "ада@example.com"]
    {
        let answer = app.sign_in_request(email, PASSWORD).answer().await;
        answer.is_error(400, "INVALID_EMAIL", "Invalid email");
    }
}

async fn an_invalid_sign_in_returns_every_error(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;

    for (body, message) in [
        (
            json!({}),
            "[body.email] Invalid input: expected string, received undefined; \
             [body.password] Invalid input: expected string, received undefined",
        ),
        (
            json!({ "email": ["ada@example.com"], "password": { "$ne": "" }, "rememberMe": 1 }),
            "[body.email] Invalid input: expected string, received array; \
             [body.password] Invalid input: expected string, received object; \
             [body.rememberMe] Invalid input: expected boolean, received number",
        ),
        (
            json!({ "email": "ada@example.com", "password": null }),
            "[body.password] Invalid input: expected string, received null",
        ),
    ] {
        let answer = app.post(SIGN_IN).json(&body).answer().await;
        answer.is_error(400, "VALIDATION_ERROR", message);
    }
}

async fn signing_in_again_is_another_session(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let first = app.sign_up("ada@example.com").await;

    let second = app.sign_in("ada@example.com").await;

    assert_ne!(first.token, second.token);
    for signed_in in [first, second] {
        let session = app.get_session(&signed_in.cookie).await.json();
        assert_eq!(session["session"]["token"], signed_in.token);
    }
}

async fn a_later_remembered_sign_in_clears_the_dont_remember_cookie(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    app.sign_up("ada@example.com").await;
    let forgetful =
        json!({ "email": "ada@example.com", "password": PASSWORD, "rememberMe": false });
    let forgotten = app.post(SIGN_IN).json(&forgetful).answer().await;
    assert_eq!(forgotten.cookies().len(), 2);

    let answer = app
        .sign_in_request("ada@example.com", PASSWORD)
        .header("cookie", forgotten.signed_in().cookie)
        .header("origin", BASE_URL)
        .answer()
        .await;

    let [session, marker] = answer.cookies()[..] else { panic!("{:?}", answer.cookies()) };
    assert!(session.contains("; Max-Age=604800;"), "{session}");
    assert_eq!(marker, "better-auth.dont_remember=; Max-Age=0; Path=/; HttpOnly; SameSite=Lax");
}

async fn a_clients_own_session_is_never_adopted(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let attacker = app.sign_up("eve@example.com").await;
    app.sign_up("ada@example.com").await;

    let victim = app
        .sign_in_request("ada@example.com", PASSWORD)
        .header("cookie", &attacker.cookie)
        .header("origin", BASE_URL)
        .bearer_auth(&attacker.token)
        .answer()
        .await
        .signed_in();

    assert_ne!(victim.token, attacker.token);
    let seen = app.get_session(&attacker.cookie).await.json();
    assert_eq!(seen["user"]["email"], "eve@example.com");
}

async fn other_providers_are_not_found(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let social =
        async |body: Value| app.post("/api/auth/sign-in/social").json(&body).answer().await;

    let answer = social(json!({ "provider": "github" })).await;
    answer.is_error(404, "PROVIDER_NOT_FOUND", "Provider not found");
    for body in [json!({}), json!({ "provider": 1 })] {
        let answer = social(body).await;
        answer.is_error(400, "VALIDATION_ERROR", "[body.provider] Invalid input");
    }
}
