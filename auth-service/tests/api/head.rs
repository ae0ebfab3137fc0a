//! HEAD requests, and the well-known path for changing a password.

use database::{on_both_engines, testing::TestDatabase};
use reqwest::Method;

use crate::{
    app::{Answer, Answering as _, TOKEN, TestApp},
    web::{spawn_with_front_end, web_root},
};

on_both_engines!(auth_service::MIGRATIONS;
    head_is_supported_wherever_get_is,
    head_does_not_trigger_links_that_change_state,
    password_managers_find_the_page_for_changing_a_password,
);

async fn head_is_supported_wherever_get_is(db: TestDatabase) {
    let folder = web_root();
    let app = spawn_with_front_end(&db, &folder).await;
    let ada = app.sign_up("ada@example.com").await;

    for path in [
        "/api/auth/ok",
        "/api/auth/jwks",
        "/api/auth/get-session",
        "/api/auth/list-sessions",
        "/api/auth/list-accounts",
        "/api/auth/error",
        "/api/auth/reset-password/unknown?callbackURL=%2F",
        "/jwks",
        "/.well-known/jwks.json",
        "/.well-known/issuer.json",
        "/health/live",
        "/health/ready",
        "/openapi.json",
        "/docs",
        "/docs/",
        "/config.json",
        "/",
        "/assets/app.js",
        "/assets/gone.js",
    ] {
        let [get, head] = [Method::GET, Method::HEAD].map(|method| {
            app.client.request(method, app.url(path)).bearer_auth(&ada.token).answer()
        });
        let (get, head) = (get.await, head.await);
        assert_eq!((head.status, head.body.as_str()), (get.status, ""), "{path}");
        let names = |answer: &Answer| {
            answer.stable_headers().iter().map(|(name, _)| (*name).to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(names(&head), names(&get), "{path}");
        assert_eq!(head.header("content-length"), get.header("content-length"), "{path}");
    }
    let token = app.client.head(app.url(TOKEN)).bearer_auth(&ada.token).answer().await;
    assert_eq!((token.status, token.body.as_str()), (200, ""));
}

async fn head_does_not_trigger_links_that_change_state(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;

    for path in ["/api/auth/verify-email?token=unknown", "/api/auth/delete-user/callback?token=x"] {
        let head = app.client.head(app.url(path)).answer().await;
        assert_eq!((head.status, head.body.as_str()), (200, ""), "{path}");
        assert_ne!(app.get(path).answer().await.status, 200, "{path}");
    }
}

async fn password_managers_find_the_page_for_changing_a_password(db: TestDatabase) {
    let folder = web_root();
    for app in [TestApp::spawn(&db).await, spawn_with_front_end(&db, &folder).await] {
        let answer = app.get("/.well-known/change-password").answer().await;
        assert_eq!(answer.status, 302);
        assert_eq!(answer.header("location"), Some("http://localhost:5173/settings"));
        // Password managers trust the redirect only if this path returns an error.
        let path =
            "/.well-known/resource-that-should-not-exist-whose-status-code-should-not-be-200";
        assert_eq!(app.get(path).answer().await.status, 404);
    }
}
