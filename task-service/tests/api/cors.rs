//! CORS for exactly the configured origin.

use database::{on_both_engines, testing::TestDatabase};
use reqwest::{Method, StatusCode};

use crate::app::{FRONTEND, TestApp};

on_both_engines!(task_service::MIGRATIONS;
    the_web_app_may_send_requests_and_read_responses,
    the_web_app_may_read_errors,
    other_origins_may_not_read_responses,
);

/// Headers that web apps and common tools add to requests.
const ASKED: &str =
    "authorization,baggage,cache-control,content-type,sentry-trace,x-requested-with";

async fn the_web_app_may_send_requests_and_read_responses(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let preflight = app
        .client
        .request(Method::OPTIONS, app.url("/api/tasks"))
        .header("origin", FRONTEND)
        .header("access-control-request-method", "PATCH")
        .header("access-control-request-headers", ASKED)
        .send()
        .await
        .unwrap();
    assert_eq!(preflight.status(), StatusCode::NO_CONTENT);
    let headers = preflight.headers();
    assert_eq!(headers["access-control-allow-origin"], FRONTEND);
    assert_eq!(headers["access-control-allow-credentials"], "true");
    assert_eq!(headers["access-control-allow-methods"], "GET, POST, PUT, PATCH, DELETE");
    assert_eq!(headers["access-control-allow-headers"], ASKED);

    let request = app.request(Method::GET, "/api/tasks", &app.token("ada"));
    let response = request.header("origin", FRONTEND).send().await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    let headers = response.headers();
    assert_eq!(headers["access-control-allow-origin"], FRONTEND);
    assert_eq!(headers["vary"], "Origin");
    let exposed = headers["access-control-expose-headers"].to_str().unwrap();
    for name in ["etag", "link", "location", "ratelimit-remaining", "retry-after", "x-total-count"]
    {
        assert!(exposed.split(", ").any(|exposed| exposed == name), "{name} in {exposed}");
    }
}

async fn the_web_app_may_read_errors(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    for (method, path, status) in [
        (Method::GET, "/api/tasks", StatusCode::UNAUTHORIZED),
        (Method::GET, "/nowhere", StatusCode::NOT_FOUND),
        (Method::DELETE, "/api/tasks", StatusCode::METHOD_NOT_ALLOWED),
    ] {
        let request = app.client.request(method, app.url(path)).header("origin", FRONTEND);
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), status);
        assert_eq!(response.headers()["access-control-allow-origin"], FRONTEND);
    }
}

async fn other_origins_may_not_read_responses(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    for origin in [
        "null",
        "http://evil.test",
        "https://spa.test:5173",
        "http://spa.test",
        "http://spa.test:51730",
        "http://spa.test:5173.evil.test",
        "http://evil-spa.test:5173",
        "http://SPA.test:5173",
    ] {
        for method in [Method::OPTIONS, Method::GET] {
            let response = app
                .client
                .request(method, app.url("/api/tasks"))
                .header("origin", origin)
                .header("access-control-request-method", "GET")
                .send()
                .await
                .unwrap();
            assert!(!response.headers().contains_key("access-control-allow-origin"), "{origin}");
            assert_eq!(response.headers()["vary"], "Origin");
        }
    }
}
