//! Sessions without cookies: bearer tokens, unsigned and signed.

use database::{on_both_engines, testing::TestDatabase};
use serde_json::Value;

use crate::app::{Answering as _, CLEARED, GET_SESSION, TOKEN, TestApp, is_nobody, with_bearer};

on_both_engines!(auth_service::MIGRATIONS;
    a_bearer_may_be_the_token_or_the_signed_token,
    a_bearer_with_a_wrong_signature_is_ignored_and_the_cookie_counts,
    an_accepted_bearer_replaces_the_cookie_even_when_it_is_unknown,
    a_jwt_is_no_session,
    signatures_can_be_required,
);

async fn a_bearer_may_be_the_token_or_the_signed_token(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let ada = app.sign_up("ada@example.com").await;
    let encoded = ada.cookie.split_once('=').unwrap().1;

    for authorization in [
        format!("Bearer {}", ada.token),
        format!("bearer {}", ada.token),
        format!("BEARER {}", ada.signed_token),
        format!("Bearer {encoded}"),
    ] {
        let answer = app.get(GET_SESSION).header("authorization", &authorization).answer().await;
        assert_eq!(answer.json()["user"], ada.user, "{authorization}");
        assert!(answer.cookies().is_empty());
    }
    for authorization in [
        format!("Basic {}", ada.token),
        format!("Bearer{}", ada.token),
        ada.token.clone(),
        "Bearer".to_owned(),
        "Bearer ".to_owned(),
        format!("Bearer .{}", ada.token),
    ] {
        let answer = app.get(GET_SESSION).header("authorization", &authorization).answer().await;
        is_nobody(&answer, &[]);
    }
}

async fn a_bearer_with_a_wrong_signature_is_ignored_and_the_cookie_counts(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let ada = app.sign_up("ada@example.com").await;
    let eve = app.sign_up("eve@example.com").await;
    let (_, foreign) = eve.signed_token.rsplit_once('.').unwrap();
    let forged = format!("{}.{foreign}", ada.token);

    is_nobody(&with_bearer(&app, GET_SESSION, &forged).await, &[]);
    let request = app.get(GET_SESSION).bearer_auth(&forged).header("cookie", &eve.cookie);
    assert_eq!(request.answer().await.json()["user"], eve.user);
}

async fn an_accepted_bearer_replaces_the_cookie_even_when_it_is_unknown(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let ada = app.sign_up("ada@example.com").await;
    let eve = app.sign_up("eve@example.com").await;

    let request = app.get(GET_SESSION).bearer_auth(&eve.token).header("cookie", &ada.cookie);
    assert_eq!(request.answer().await.json()["user"], eve.user);

    let request = app.get(GET_SESSION).bearer_auth("unknown").header("cookie", &ada.cookie);
    is_nobody(&request.answer().await, &CLEARED);
    let request = app.get(TOKEN).bearer_auth("unknown").header("cookie", &ada.cookie);
    let answer = request.answer().await;
    answer.is_error(401, "UNAUTHORIZED", "Unauthorized");
    assert_eq!(answer.cookies(), CLEARED);
}

async fn a_jwt_is_no_session(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let ada = app.sign_up("ada@example.com").await;
    let jwt = app.token(&ada).await;

    is_nobody(&with_bearer(&app, GET_SESSION, &jwt).await, &[]);
    with_bearer(&app, TOKEN, &jwt).await.is_error(401, "UNAUTHORIZED", "Unauthorized");
    let cookie = format!("better-auth.session_token={jwt}");
    is_nobody(&app.get_session(&cookie).await, &[]);
    let request = app.get(GET_SESSION).bearer_auth(&jwt).header("cookie", &ada.cookie);
    let body: Value = request.answer().await.json();
    assert_eq!(body["user"], ada.user, "it is ignored like any wrong signature");
}

async fn signatures_can_be_required(db: TestDatabase) {
    let app = TestApp::spawn_with(&db, |config| config.bearer_require_signature = true).await;
    let ada = app.sign_up("ada@example.com").await;

    is_nobody(&with_bearer(&app, GET_SESSION, &ada.token).await, &[]);
    let signed = with_bearer(&app, GET_SESSION, &ada.signed_token).await;
    assert_eq!(signed.json()["user"], ada.user);
}
