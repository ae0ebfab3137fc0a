//! Trusted origins, redirect targets and CORS.

mod cors;
mod redirects;

use database::{on_both_engines, testing::TestDatabase};
use reqwest::RequestBuilder;
use serde_json::json;

use crate::app::{
    Answer, Answering as _, BASE_URL, FRONT_END, GET_SESSION, JWKS, PASSWORD, SIGN_IN, SIGN_OUT,
    TOKEN, TestApp, count,
};

on_both_engines!(auth_service::MIGRATIONS;
    with_a_cookie_only_a_trusted_page_may_act,
    a_request_from_a_refused_origin_has_no_effect,
    reading_needs_no_origin,
    a_mailed_link_may_be_opened_from_anywhere,
    without_cookies_only_sign_in_and_sign_up_check_the_origin,
    a_browser_must_name_a_trusted_page_to_sign_in,
    a_cross_site_navigation_cannot_sign_in,
    a_null_origin_of_our_own_page_is_judged_by_the_host,
    more_origins_can_be_trusted_by_pattern,
);

const UNTRUSTED: [&str; 12] = [
    "https://evil.example",
    "http://localhost",
    "http://localhost:3001",
    "https://localhost:3000",
    "http://127.0.0.1:3000",
    "http://localhost:3000.evil.example",
    "http://evil.localhost:3000",
    "http://localhost:30000",
    "http://LOCALHOST:3000",
    "http://localhost:3000/",
    "http://localhost:3000, https://evil.example",
    "*",
];

#[track_caller]
fn is_missing(answer: &Answer) {
    answer.is_error(403, "MISSING_OR_NULL_ORIGIN", "Missing or null Origin");
}

#[track_caller]
fn is_invalid(answer: &Answer) {
    answer.is_error(403, "INVALID_ORIGIN", "Invalid origin");
}

/// Returns a sign-in request with the right password and without an origin.
fn good_sign_in(app: &TestApp) -> RequestBuilder {
    app.sign_in_request("ada@example.com", PASSWORD)
}

async fn with_a_cookie_only_a_trusted_page_may_act(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    app.sign_up("ada@example.com").await;

    // Any cookie counts, even an unrelated one.
    for path in [SIGN_OUT, SIGN_IN] {
        let send = || {
            let body = json!({ "email": "ada@example.com", "password": PASSWORD });
            app.post(path).header("cookie", "theme=dark").json(&body)
        };
        for trusted in [BASE_URL, FRONT_END] {
            assert_eq!(send().header("origin", trusted).answer().await.status, 200, "{path}");
            let referer = format!("{trusted}/some/page?x=y");
            assert_eq!(send().header("referer", referer).answer().await.status, 200, "{path}");
        }
        is_missing(&send().answer().await);
        is_missing(&send().header("origin", "null").answer().await);
        is_missing(&send().header("origin", "").answer().await);
        is_missing(&send().header("referer", "about:blank").answer().await);
        is_missing(&send().header("referer", "nonsense").answer().await);
        for untrusted in UNTRUSTED {
            is_invalid(&send().header("origin", untrusted).answer().await);
        }
        is_invalid(&send().header("referer", "https://evil.example/a").answer().await);
        is_invalid(&send().header("referer", "http://localhost:3000@evil.example/").answer().await);
        // `Origin` takes precedence over `Referer`.
        let both = send().header("origin", "https://evil.example").header("referer", BASE_URL);
        is_invalid(&both.answer().await);
        let both = send().header("origin", "null").header("referer", BASE_URL);
        is_missing(&both.answer().await);
        let both = send().header("origin", b"\xff".as_slice()).header("referer", BASE_URL);
        is_invalid(&both.answer().await);
    }
}

async fn a_request_from_a_refused_origin_has_no_effect(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let ada = app.sign_up("ada@example.com").await;

    for origin in [None, Some("null"), Some("https://evil.example")] {
        for request in [app.post(SIGN_OUT).json(&json!({})), app.sign_up_request("eve@example.com")]
        {
            let mut request = request.header("cookie", &ada.cookie);
            if let Some(origin) = origin {
                request = request.header("origin", origin);
            }
            let answer = request.answer().await;
            assert_eq!(answer.status, 403);
            assert!(answer.cookies().is_empty());
        }
    }
    assert_eq!(app.get_session(&ada.cookie).await.json()["user"], ada.user);
    assert_eq!(count(&db, "users").await, 1);
    assert_eq!(count(&db, "sessions").await, 1);
}

async fn reading_needs_no_origin(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let ada = app.sign_up("ada@example.com").await;

    for path in [GET_SESSION, TOKEN, JWKS] {
        for origin in ["null", "https://evil.example"] {
            let request = app.get(path).header("cookie", &ada.cookie).header("origin", origin);
            let answer = request.answer().await;
            assert_eq!(answer.status, 200, "{path}");
            assert_eq!(answer.header("access-control-allow-origin"), None);
        }
    }
}

async fn a_mailed_link_may_be_opened_from_anywhere(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;

    for (path, status) in [
        ("/api/auth/verify-email?token=x", 401),
        ("/api/auth/delete-user/callback?token=x", 404),
        ("/api/auth/reset-password/x?callbackURL=%2Freset", 302),
    ] {
        for (name, value) in [("referer", "https://mail.example/inbox"), ("origin", "null")] {
            let request = app.get(path).header("cookie", "a=b").header(name, value);
            assert_eq!(request.answer().await.status, status, "{path}");
        }
    }
}

async fn without_cookies_only_sign_in_and_sign_up_check_the_origin(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let ada = app.sign_up("ada@example.com").await;

    for origin in ["null", "https://evil.example"] {
        let request = app.post(SIGN_OUT).bearer_auth(&ada.token).header("origin", origin);
        assert_eq!(request.answer().await.status, 200);
    }
    is_invalid(&good_sign_in(&app).header("origin", "https://evil.example").answer().await);
    let request = app.sign_up_request("eve@example.com").header("origin", "null");
    is_missing(&request.answer().await);
}

async fn a_browser_must_name_a_trusted_page_to_sign_in(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    app.sign_up("ada@example.com").await;

    assert_eq!(good_sign_in(&app).answer().await.status, 200, "curl and native apps");
    for trusted in [BASE_URL, FRONT_END] {
        assert_eq!(good_sign_in(&app).header("origin", trusted).answer().await.status, 200);
        let by_referer = good_sign_in(&app).header("referer", format!("{trusted}/login"));
        assert_eq!(by_referer.answer().await.status, 200);
    }
    for untrusted in UNTRUSTED {
        is_invalid(&good_sign_in(&app).header("origin", untrusted).answer().await);
        let sign_up = app.sign_up_request("eve@example.com").header("origin", untrusted);
        is_invalid(&sign_up.answer().await);
    }
    is_invalid(&good_sign_in(&app).header("referer", "https://evil.example/").answer().await);

    for (name, value) in [
        ("sec-fetch-site", "same-origin"),
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-mode", "cors"),
        ("sec-fetch-mode", "navigate"),
        ("sec-fetch-dest", "empty"),
    ] {
        let request = || good_sign_in(&app).header(name, value);
        is_missing(&request().answer().await);
        is_invalid(&request().header("origin", "https://evil.example").answer().await);
        assert_eq!(request().header("origin", FRONT_END).answer().await.status, 200);
    }
    assert_eq!(count(&db, "users").await, 1);
}

async fn a_cross_site_navigation_cannot_sign_in(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    app.sign_up("ada@example.com").await;

    for origin in ["null", "https://evil.example", FRONT_END] {
        let form = "email=ada%40example.com&password=correct+horse+42";
        let answer = app
            .post(SIGN_IN)
            .header("content-type", "application/x-www-form-urlencoded")
            .header("sec-fetch-site", "cross-site")
            .header("sec-fetch-mode", "navigate")
            .header("origin", origin)
            .body(form)
            .answer()
            .await;
        answer.is_error(
            403,
            "CROSS_SITE_NAVIGATION_LOGIN_BLOCKED",
            "Cross-site navigation login blocked. This request appears to be a CSRF attack.",
        );
        assert!(answer.cookies().is_empty());
    }
    assert_eq!(count(&db, "sessions").await, 1);
}

async fn a_null_origin_of_our_own_page_is_judged_by_the_host(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let send = |host: &'static str, site: &'static str| {
        let request = app.post(SIGN_OUT).header("cookie", "a=b").header("origin", "null");
        request.header("host", host).header("sec-fetch-site", site).answer()
    };

    assert_eq!(send("localhost:3000", "same-origin").await.status, 200);
    assert_eq!(send("evil.example", "same-origin").await.status, 403);
    is_missing(&send("localhost:3000", "cross-site").await);
    is_missing(&send("localhost:3000", "same-site").await);
}

/// Starts the service with additional trusted origins.
async fn trusting(db: &TestDatabase, patterns: &[&str]) -> TestApp {
    TestApp::spawn_with(db, |config| {
        config.better_auth_trusted_origins =
            patterns.iter().map(|pattern| pattern.parse().unwrap()).collect();
    })
    .await
}

async fn more_origins_can_be_trusted_by_pattern(db: TestDatabase) {
    let patterns = ["https://*.example.com", "*.example.org", "https://exact.example"];
    let app = trusting(&db, &patterns).await;
    app.sign_up("ada@example.com").await;

    for trusted in [
        "https://app.example.com",
        "https://a.b.example.com",
        "https://app.example.org",
        "http://app.example.org",
        "https://exact.example",
        BASE_URL,
        FRONT_END,
    ] {
        let act = app.post(SIGN_OUT).header("cookie", "a=b").header("origin", trusted);
        assert_eq!(act.answer().await.status, 200, "{trusted}");
        assert_eq!(good_sign_in(&app).header("origin", trusted).answer().await.status, 200);
        let by_referer = good_sign_in(&app).header("referer", format!("{trusted}/login"));
        assert_eq!(by_referer.answer().await.status, 200, "{trusted}");
        let target = json!({ "callbackURL": format!("{trusted}/home?a=b#c") });
        assert_eq!(app.post(SIGN_OUT).json(&target).answer().await.status, 200, "{trusted}");
    }
    for untrusted in [
        "http://app.example.com",
        "https://app.example.com:8443",
        "https://example.com",
        "https://evil-example.com",
        "https://app.example.com.evil.example",
        "https://app.example.org.evil.example",
        "https://evilexample.org",
        "https://sub.exact.example",
        "https://*.example.net",
    ] {
        is_invalid(&good_sign_in(&app).header("origin", untrusted).answer().await);
        let target = json!({ "callbackURL": format!("{untrusted}/home") });
        let answer = app.post(SIGN_OUT).json(&target).answer().await;
        answer.is_error(403, "INVALID_CALLBACK_URL", "Invalid callbackURL");
    }
    // No browser sends these values of `Origin`.
    for odd in [
        "https://APP.example.com",
        "https://app.example.com/",
        "https://app.example.com:443",
        "https://user@app.example.com",
        "https://evil.example/.example.com",
        "https://evil.example#.example.com",
        "https://evil.example\\.example.com",
        "https://*.example.com",
        "*.example.com",
        "app.example.org",
        "myapp://app.example.org",
    ] {
        is_invalid(&good_sign_in(&app).header("origin", odd).answer().await);
    }
    for odd in [
        "https://evil.example\\@app.example.com/",
        "https://user@app.example.com/",
        "https://app.example.com@evil.example/",
        "https://evil.example/.example.com",
        "https://evil.example?.example.com",
        "https://evil.example#.example.com",
        "myapp://app.example.org/",
        "app.example.com",
    ] {
        let answer = app.post(SIGN_OUT).json(&json!({ "callbackURL": odd })).answer().await;
        answer.is_error(403, "INVALID_CALLBACK_URL", "Invalid callbackURL");
    }
}
