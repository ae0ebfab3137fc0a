//! Which pages may send what, and where they may send the browser; which may read answers (CORS).

use reqwest::{Method, RequestBuilder};
use serde_json::json;
use service_kit::{on_both_engines, testing::TestDatabase};

use crate::app::{
    Answer, BASE_URL, FRONT_END, GET_SESSION, JWKS, PASSWORD, SIGN_IN, SIGN_OUT, SIGN_UP,
    Send as _, TOKEN, TestApp, count,
};

on_both_engines!(auth_service::MIGRATIONS;
    with_a_cookie_only_a_trusted_page_may_act,
    a_refused_origin_does_nothing,
    reading_needs_no_origin,
    a_mailed_link_may_be_opened_from_anywhere,
    without_cookies_only_sign_in_and_sign_up_look_at_the_origin,
    a_browser_must_name_a_trusted_page_to_sign_in,
    a_cross_site_navigation_cannot_sign_in,
    a_null_origin_of_our_own_page_is_judged_by_the_host,
    a_page_may_send_the_browser_to_trusted_places_only,
    more_origins_can_be_trusted_by_pattern,
    a_pattern_lets_nobody_read_answers,
    every_member_that_redirects_is_checked,
    the_callback_url_of_a_query_is_checked,
    a_trusted_front_end_may_read_answers_and_errors,
    another_origin_may_not_read_answers,
    a_preflight_is_answered_for_the_front_end_only,
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

/// A sign-in that would succeed.
fn good_sign_in(app: &TestApp) -> RequestBuilder {
    app.sign_in_request("ada@example.com", PASSWORD)
}

async fn with_a_cookie_only_a_trusted_page_may_act(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    app.sign_up("ada@example.com").await;

    // Any cookie at all, even an unrelated one.
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
        // What Origin says counts, whatever Referer says.
        let both = send().header("origin", "https://evil.example").header("referer", BASE_URL);
        is_invalid(&both.answer().await);
        let both = send().header("origin", "null").header("referer", BASE_URL);
        is_missing(&both.answer().await);
        let both = send().header("origin", b"\xff".as_slice()).header("referer", BASE_URL);
        is_invalid(&both.answer().await);
    }
}

async fn a_refused_origin_does_nothing(db: TestDatabase) {
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

async fn without_cookies_only_sign_in_and_sign_up_look_at_the_origin(db: TestDatabase) {
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

async fn a_page_may_send_the_browser_to_trusted_places_only(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    app.sign_up("ada@example.com").await;
    let sign_in = async |target: &str| {
        let body = json!({
            "email": "ada@example.com", "password": PASSWORD, "callbackURL": target,
        });
        app.post(SIGN_IN).json(&body).answer().await
    };

    for target in [
        "",
        "/",
        "/dashboard?next=%2Fhome#%5c",
        "http://localhost:3000",
        "http://localhost:3000/a",
        "http://localhost:5173/a?b=c",
    ] {
        assert_eq!(sign_in(target).await.status, 200, "{target}");
    }
    for target in [
        "dashboard",
        "//evil.example",
        "///evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "/%2fevil.example",
        "/a/%5C",
        "/\nevil",
        "/\revil",
        "/\0",
        " /",
        "https://evil.example",
        "https://localhost:3000",
        "http://localhost:3001",
        "http://localhost:3000@evil.example",
        "http://localhost:3000.evil.example",
        "http://localhost:3000\\@evil.example",
        "http://localhost:3000%5C@evil.example",
        "http://evil.example@localhost:3000",
        "javascript:alert(1)",
        "data:text/html,x",
        "localhost:3000",
    ] {
        let answer = sign_in(target).await;
        answer.is_error(403, "INVALID_CALLBACK_URL", "Invalid callbackURL");
        assert_eq!(answer.header("location"), None);
    }
}

/// The service with more trusted origins.
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
    // As no browser writes an origin.
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

async fn a_pattern_lets_nobody_read_answers(db: TestDatabase) {
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

async fn every_member_that_redirects_is_checked(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;

    for path in [SIGN_UP, SIGN_IN, SIGN_OUT] {
        for (member, code, message) in [
            ("callbackURL", "INVALID_CALLBACK_URL", "Invalid callbackURL"),
            ("redirectTo", "INVALID_REDIRECT_URL", "Invalid redirectURL"),
            ("errorCallbackURL", "INVALID_ERROR_CALLBACK_URL", "Invalid errorCallbackURL"),
            ("newUserCallbackURL", "INVALID_NEW_USER_CALLBACK_URL", "Invalid newUserCallbackURL"),
        ] {
            let foreign = json!({ member: "https://evil.example" });
            app.post(path).json(&foreign).answer().await.is_error(403, code, message);
            for value in [json!(1), json!(true), json!(["/"]), json!({})] {
                let answer = app.post(path).json(&json!({ member: value })).answer().await;
                assert_eq!(answer.status, 400);
                let message = format!("{message}: expected a string");
                assert_eq!(answer.json(), json!({ "message": message }));
                assert_eq!(answer.header("content-type"), Some("application/json"));
            }
        }
    }
}

async fn the_callback_url_of_a_query_is_checked(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let send = async |query: &str| app.post(&format!("{SIGN_OUT}?{query}")).answer().await;

    for query in ["callbackURL=", "callbackURL=%2Fhome", "other=https%3A%2F%2Fevil.example"] {
        assert_eq!(send(query).await.status, 200, "{query}");
    }
    for query in [
        "callbackURL=https%3A%2F%2Fevil.example",
        "callbackURL=//evil.example",
        "callbackURL=%2F%5Cevil.example",
        "callbackURL=http%3A%2F%2Flocalhost%3A3000%5C%40evil.example",
        "callbackURL=/home&callbackURL=//evil.example",
    ] {
        let answer = send(query).await;
        answer.is_error(403, "INVALID_CALLBACK_URL", "Invalid callbackURL");
    }
}

async fn a_trusted_front_end_may_read_answers_and_errors(db: TestDatabase) {
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

async fn another_origin_may_not_read_answers(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;

    for origin in [
        "null",
        "*",
        "https://evil.example",
        // Trusted to act, but nobody's page: the service's own needs no CORS.
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

async fn a_preflight_is_answered_for_the_front_end_only(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let preflight = |origin: &'static str| {
        app.client
            .request(Method::OPTIONS, app.url(SIGN_IN))
            .header("origin", origin)
            .header("access-control-request-method", "POST")
            .header("access-control-request-headers", "content-type, authorization")
            .answer()
    };

    let answer = preflight(FRONT_END).await;
    assert_eq!((answer.status, answer.body.as_str()), (204, ""));
    assert_eq!(answer.header("access-control-allow-origin"), Some(FRONT_END));
    assert_eq!(answer.header("access-control-allow-credentials"), Some("true"));
    assert_eq!(answer.header("access-control-allow-methods"), Some("GET, POST"));
    let headers = answer.header("access-control-allow-headers").unwrap();
    assert!(headers.contains("content-type") && headers.contains("authorization"), "{headers}");

    for origin in ["null", "https://evil.example", "http://localhost:5173.evil.example"] {
        let answer = preflight(origin).await;
        for (name, _) in &answer.headers {
            assert!(!name.as_str().starts_with("access-control-"), "{origin}: {name}");
        }
    }
    // Without an origin it is no preflight, and OPTIONS is a wrong method like any other.
    let plain = app.client.request(Method::OPTIONS, app.url(SIGN_IN)).answer().await;
    assert_eq!((plain.status, plain.body.as_str()), (404, ""));
}
