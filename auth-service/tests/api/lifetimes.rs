//! Session lifetimes, renewal and freshness.

use database::{on_both_engines, testing::TestDatabase};
use serde_json::json;

use crate::app::{
    Answering as _, CLEARED, DAY, GET_SESSION, PASSWORD, SIGN_IN, START_SHOWN, SignedIn, TOKEN,
    TestApp, count, is_nobody, shown, with_bearer, with_cookie,
};

on_both_engines!(auth_service::MIGRATIONS;
    a_session_ends_after_seven_days_and_its_row_is_deleted,
    a_session_is_extended_a_day_after_it_was_last_extended,
    every_authenticated_request_extends_a_session_by_cookie_or_bearer,
    disable_refresh_leaves_a_session_as_it_is,
    an_unremembered_session_lasts_a_day_and_is_never_extended,
    an_unremembered_session_is_extended_when_a_bearer_uses_it,
    an_unremembered_session_lasts_no_longer_than_others,
    configured_lifetimes_are_kept_to,
    only_the_list_and_a_deletion_need_a_fresh_session,
    an_unsigned_dont_remember_cookie_has_no_effect,
);

async fn a_session_ends_after_seven_days_and_its_row_is_deleted(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let ada = app.sign_up("ada@example.com").await;
    let unchanged = format!("{GET_SESSION}?disableRefresh=1");

    app.advance(7 * DAY - 1);
    assert_eq!(with_cookie(&app, &unchanged, &ada.cookie).await.json()["user"], ada.user);

    app.advance(1);
    assert_eq!(count(&db, "sessions").await, 1);
    is_nobody(&app.get_session(&ada.cookie).await, &CLEARED);
    assert_eq!(count(&db, "sessions").await, 0);
}

async fn a_session_is_extended_a_day_after_it_was_last_extended(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    app.round_time();
    let sign_up = app.sign_up_request("ada@example.com").answer().await;
    let ada = sign_up.signed_in();

    app.advance(DAY - 1);
    let young = app.get_session(&ada.cookie).await;
    assert!(young.cookies().is_empty());
    assert_eq!(young.header("set-auth-token"), None);
    assert_eq!(young.json()["session"]["expiresAt"], shown(7 * DAY));

    app.advance(1);
    let renewed = app.get_session(&ada.cookie).await;
    assert_eq!(renewed.cookies(), sign_up.cookies(), "the same token, the same lifetime");
    assert_eq!(renewed.header("set-auth-token"), Some(ada.signed_token.as_str()));
    assert_eq!(
        renewed.header("access-control-expose-headers"),
        Some("set-auth-jwt, set-auth-token")
    );
    let session = renewed.json()["session"].take();
    assert_eq!(session["token"], ada.token);
    assert_eq!(session["createdAt"], START_SHOWN);
    assert_eq!(session["updatedAt"], shown(DAY));
    assert_eq!(session["expiresAt"], shown(8 * DAY));

    let again = app.get_session(&ada.cookie).await;
    assert!(again.cookies().is_empty());
    assert_eq!(again.json()["session"], session);

    // A session that is used every day never expires.
    for _ in 0..30 {
        app.advance(DAY);
        assert_eq!(app.get_session(&ada.cookie).await.cookies(), sign_up.cookies());
    }
}

async fn every_authenticated_request_extends_a_session_by_cookie_or_bearer(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let ada = app.sign_up("ada@example.com").await;

    app.advance(DAY);
    let answer = with_cookie(&app, TOKEN, &ada.cookie).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.cookies().len(), 1);
    assert_eq!(answer.header("set-auth-token"), Some(ada.signed_token.as_str()));
    assert_eq!(answer.header("access-control-expose-headers"), Some("set-auth-token"));

    for path in [TOKEN, GET_SESSION] {
        app.advance(DAY);
        let answer = with_bearer(&app, path, &ada.token).await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.cookies().len(), 1, "{path}");
        assert_eq!(answer.header("set-auth-token"), Some(ada.signed_token.as_str()));
    }
    let session = app.get_session(&ada.cookie).await.json()["session"].take();
    assert_eq!(session["expiresAt"], shown(10 * DAY));
}

async fn disable_refresh_leaves_a_session_as_it_is(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let ada = app.sign_up("ada@example.com").await;
    app.advance(2 * DAY);

    for value in ["true", "1", "false", "%00"] {
        let path = format!("{GET_SESSION}?x=y&disableRefresh={value}");
        let answer = with_cookie(&app, &path, &ada.cookie).await;
        assert!(answer.cookies().is_empty(), "{value}");
        assert_eq!(answer.json()["session"]["expiresAt"], shown(7 * DAY));
    }
    let path = format!("{GET_SESSION}?disableRefresh=");
    let answer = with_cookie(&app, &path, &ada.cookie).await;
    assert_eq!(answer.cookies().len(), 1, "an empty text does not count");
}

async fn unremembered(app: &TestApp) -> SignedIn {
    app.sign_up("ada@example.com").await;
    let body = json!({ "email": "ada@example.com", "password": PASSWORD, "rememberMe": false });
    app.post(SIGN_IN).json(&body).answer().await.signed_in()
}

async fn an_unremembered_session_lasts_a_day_and_is_never_extended(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let ada = unremembered(&app).await;
    assert!(ada.cookie.contains("better-auth.dont_remember=true."), "{}", ada.cookie);

    for seconds in [0, DAY - 1] {
        app.advance(seconds);
        let answer = app.get_session(&ada.cookie).await;
        assert!(answer.cookies().is_empty());
        assert_eq!(answer.json()["session"]["expiresAt"], shown(DAY));
    }

    app.advance(1);
    is_nobody(&app.get_session(&ada.cookie).await, &CLEARED);
}

async fn an_unremembered_session_is_extended_when_a_bearer_uses_it(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let ada = unremembered(&app).await;

    let answer = with_bearer(&app, GET_SESSION, &ada.token).await;

    assert_eq!(answer.json()["session"]["expiresAt"], shown(7 * DAY));
}

async fn an_unremembered_session_lasts_no_longer_than_others(db: TestDatabase) {
    let app = TestApp::spawn_with(&db, |config| {
        config.session_expires_in = std::time::Duration::from_hours(1);
    })
    .await;
    let ada = unremembered(&app).await;
    assert_eq!(app.get_session(&ada.cookie).await.json()["session"]["expiresAt"], shown(3600));
}

async fn configured_lifetimes_are_kept_to(db: TestDatabase) {
    let app = TestApp::spawn_with(&db, |config| {
        config.session_expires_in = std::time::Duration::from_mins(10);
        config.session_update_age = std::time::Duration::from_mins(1);
    })
    .await;
    let sign_up = app.sign_up_request("ada@example.com").answer().await;
    assert!(sign_up.cookies()[0].contains("; Max-Age=600;"), "{:?}", sign_up.cookies());
    let ada = sign_up.signed_in();

    app.advance(59);
    assert!(app.get_session(&ada.cookie).await.cookies().is_empty());
    app.advance(1);
    let answer = app.get_session(&ada.cookie).await;
    assert!(answer.cookies()[0].contains("; Max-Age=600;"));
    assert_eq!(answer.json()["session"]["expiresAt"], shown(660));
    app.advance(600);
    is_nobody(&app.get_session(&ada.cookie).await, &CLEARED);
}

async fn only_the_list_and_a_deletion_need_a_fresh_session(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let ada = app.sign_up("ada@example.com").await;
    app.advance(3 * DAY);

    for (path, body) in [
        ("update-user", json!({ "name": "Ada Lovelace" })),
        ("verify-password", json!({ "password": PASSWORD })),
        ("change-password", json!({ "currentPassword": PASSWORD, "newPassword": PASSWORD })),
        ("change-email", json!({ "newEmail": "new@example.com" })),
        ("revoke-session", json!({ "token": "unknown" })),
        ("revoke-other-sessions", json!({})),
        ("revoke-sessions", json!({})),
    ] {
        let answer = app.post_as(&ada, &format!("/api/auth/{path}"), &body).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.body);
    }
}

async fn an_unsigned_dont_remember_cookie_has_no_effect(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let sign_up = app.sign_up_request("ada@example.com").answer().await;
    let ada = sign_up.signed_in();
    app.advance(DAY);

    let cookie = format!("{}; better-auth.dont_remember=true", ada.cookie);
    let renewed = app.get_session(&cookie).await;

    assert_eq!(renewed.cookies(), sign_up.cookies());
    assert_eq!(renewed.json()["session"]["expiresAt"], shown(8 * DAY));
}
