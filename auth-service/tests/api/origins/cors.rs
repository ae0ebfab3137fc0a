//! CORS: which origins may read responses.

use database::{on_both_engines, testing::TestDatabase};
use reqwest::Method;

use super::{good_sign_in, trusting};
use crate::app::{
    Answering as _, BASE_URL, FRONT_END, GET_SESSION, JWKS, SIGN_IN, SIGN_UP, TOKEN, TestApp,
};

on_both_engines!(auth_service::MIGRATIONS;
    a_pattern_does_not_allow_cors_requests,
    a_trusted_web_app_may_read_responses_and_errors,
    an_app_with_a_custom_scheme_may_read_responses,
    other_origins_may_not_read_responses,
    preflights_succeed_for_the_web_app_only,
);

async fn a_pattern_does_not_allow_cors_requests(db: TestDatabase) {
    let app = trusting(&db, &["https://*.example.com", "https://exact.example"]).await;

    for origin in ["https://app.example.com", "https://exact.example", "https://*.example.com"] {
        let preflight = app
            .client
            .request(Method::OPTIONS, app.url(SIGN_IN))
            .header("access-control-request-method", "POST");
        for request in [app.get(JWKS), preflight] {
            let answer = request.header("origin", origin).answer().await;
            for (name, _) in &answer.headers {
                assert!(!name.as_str().starts_with("access-control-"), "{origin}: {name}");
            }
        }
    }
}

async fn a_trusted_web_app_may_read_responses_and_errors(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let ada = app.sign_up("ada@example.com").await;
    let unknown_path = app.get("/api/auth/unknown");
    let unknown_page = app.get("/unknown");
    let refused = app.sign_in_request("ada@example.com", "wrong horse 42");
    let too_large = app.post(SIGN_UP).json(&"x".repeat(2_000_000));

    for (request, own) in [
        (app.get(JWKS), ""),
        (app.get(GET_SESSION).bearer_auth(&ada.token), "set-auth-jwt, "),
        (good_sign_in(&app), "set-auth-token, "),
        (app.get(TOKEN), ""),
        (unknown_path, ""),
        (unknown_page, ""),
        (refused, ""),
        (too_large, ""),
    ] {
        let answer = request.header("origin", FRONT_END).answer().await;
        let context = format!("{answer:?}");
        assert_eq!(answer.header("access-control-allow-origin"), Some(FRONT_END), "{context}");
        assert_eq!(answer.header("access-control-allow-credentials"), Some("true"), "{context}");
        assert_eq!(answer.header("vary"), Some("Origin"), "{context}");
        let exposed = answer.header("access-control-expose-headers").unwrap();
        assert!(exposed.starts_with(own), "{exposed}");
        for name in ["set-auth-token", "set-auth-jwt", "x-retry-after"] {
            assert_eq!(exposed.matches(name).count(), 1, "{exposed}");
        }
    }
}

async fn an_app_with_a_custom_scheme_may_read_responses(db: TestDatabase) {
    let app = TestApp::spawn_with(&db, |config| {
        config.frontend_url = vec!["capacitor://localhost".parse().unwrap()];
    })
    .await;
    app.sign_up("ada@example.com").await;

    let answer = good_sign_in(&app).header("origin", "capacitor://localhost").answer().await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("access-control-allow-origin"), Some("capacitor://localhost"));
    let other = app.get(JWKS).header("origin", "capacitor://localhost.evil").answer().await;
    assert_eq!(other.header("access-control-allow-origin"), None);
}

async fn other_origins_may_not_read_responses(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;

    for origin in [
        "null",
        "*",
        "https://evil.example",
        // This origin is trusted but not allowed by CORS, which the service's own pages do not
        // need.
        BASE_URL,
        "http://localhost:5174",
        "https://localhost:5173",
        "http://localhost:5173.evil.example",
        "http://evil.localhost:5173",
        "http://localhost:51730",
        "HTTP://LOCALHOST:5173",
        "http://localhost:5173/",
    ] {
        for request in [app.get(JWKS), app.get("/unknown")] {
            let answer = request.header("origin", origin).answer().await;
            for name in ["access-control-allow-origin", "access-control-allow-credentials"] {
                assert_eq!(answer.header(name), None, "{origin}");
            }
            assert_eq!(answer.header("vary"), Some("Origin"));
        }
    }
    assert_eq!(app.get(JWKS).answer().await.header("vary"), Some("Origin"));
}

/// Headers that web apps and common tools add to requests.
const ASKED: &str = "content-type, baggage, sentry-trace, x-captcha-response, x-requested-with";

async fn preflights_succeed_for_the_web_app_only(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let preflight = |origin: &'static str| {
        app.client
            .request(Method::OPTIONS, app.url(SIGN_IN))
            .header("origin", origin)
            .header("access-control-request-method", "POST")
            .header("access-control-request-headers", ASKED)
            .answer()
    };

    let answer = preflight(FRONT_END).await;
    assert_eq!((answer.status, answer.body.as_str()), (204, ""));
    assert_eq!(answer.header("access-control-allow-origin"), Some(FRONT_END));
    assert_eq!(answer.header("access-control-allow-credentials"), Some("true"));
    assert_eq!(answer.header("access-control-allow-methods"), Some("GET, POST"));
    assert_eq!(answer.header("access-control-allow-headers"), Some(ASKED));

    for origin in ["null", "https://evil.example", "http://localhost:5173.evil.example"] {
        let answer = preflight(origin).await;
        for (name, _) in &answer.headers {
            assert!(!name.as_str().starts_with("access-control-"), "{origin}: {name}");
        }
    }
    // Without an Origin header, the request is not a preflight, and OPTIONS is not supported.
    let plain = app.client.request(Method::OPTIONS, app.url(SIGN_IN)).answer().await;
    assert_eq!((plain.status, plain.body.as_str()), (404, ""));
}
