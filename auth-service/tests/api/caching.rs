//! Cache and security headers of responses.

use database::{on_both_engines, testing::TestDatabase};
use reqwest::Method;

use crate::app::{Answer, Answering as _, JWKS, PASSWORD, TestApp, with_bearer};

on_both_engines!(auth_service::MIGRATIONS;
    nothing_with_a_token_or_a_session_is_stored,
    public_keys_and_descriptions_may_be_stored,
    every_response_forbids_content_sniffing,
    every_html_page_has_a_content_security_policy,
);

fn cache_control(answer: &Answer) -> Option<&str> {
    answer.header("cache-control")
}

async fn nothing_with_a_token_or_a_session_is_stored(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;

    let sign_up = app.sign_up_request("ada@example.com").answer().await;
    assert_eq!((sign_up.status, cache_control(&sign_up)), (200, Some("no-store")));
    let sign_in = app.sign_in_request("ada@example.com", PASSWORD).answer().await;
    assert_eq!((sign_in.status, cache_control(&sign_in)), (200, Some("no-store")));
    let ada = sign_in.signed_in();

    for path in ["token", "get-session", "list-sessions", "list-accounts", "ok", "unknown"] {
        let path = format!("/api/auth/{path}");
        for token in [&ada.token, "unknown"] {
            let answer = with_bearer(&app, &path, token).await;
            assert_eq!(cache_control(&answer), Some("no-store"), "{path}: {}", answer.status);
        }
    }
    for path in ["update-user", "change-password", "revoke-session", "sign-out"] {
        let path = format!("/api/auth/{path}");
        let answer = app.post(&path).bearer_auth(&ada.token).body("{").answer().await;
        assert_eq!(cache_control(&answer), Some("no-store"), "{path}: {}", answer.status);
    }
    for path in ["/health/live", "/health/ready", "/unknown"] {
        assert_eq!(cache_control(&app.get(path).answer().await), Some("no-store"), "{path}");
    }
}

async fn public_keys_and_descriptions_may_be_stored(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;

    for path in [JWKS, "/jwks", "/.well-known/jwks.json"] {
        let answer = app.get(path).answer().await;
        assert_eq!(cache_control(&answer), Some("public, max-age=60"), "{path}");
    }
    for path in ["/openapi.json", "/docs/"] {
        assert_eq!(cache_control(&app.get(path).answer().await), Some("no-cache"), "{path}");
    }
}

async fn every_response_forbids_content_sniffing(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;

    for (method, path) in [
        (Method::GET, "/api/auth/ok"),
        (Method::GET, "/api/auth/error"),
        (Method::GET, "/api/auth/unknown"),
        (Method::POST, "/api/auth/sign-in/email"),
        (Method::GET, "/api/auth/verify-email?token=x&callbackURL=%2F"),
        (Method::OPTIONS, "/api/auth/sign-in/email"),
        (Method::GET, "/docs/"),
        (Method::GET, "/jwks"),
        (Method::DELETE, "/jwks"),
        (Method::GET, "/unknown"),
    ] {
        let answer = app.client.request(method.clone(), app.url(path)).answer().await;
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"), "{method} {path}");
    }
}

async fn every_html_page_has_a_content_security_policy(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;

    for path in ["/api/auth/error?error=INVALID_TOKEN", "/docs/"] {
        let page = app.get(path).answer().await;
        assert!(page.header("content-type").unwrap().starts_with("text/html"), "{path}");
        let policy = page.header("content-security-policy").expect(path);
        assert!(policy.starts_with("default-src 'none'"), "{path}: {policy}");
        assert!(policy.contains("frame-ancestors 'none'"), "{path}: {policy}");
    }
}
