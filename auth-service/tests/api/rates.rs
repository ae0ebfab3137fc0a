//! Rate limits by client address and path.

use database::{
    on_both_engines,
    testing::{Engine, TestDatabase},
};
use reqwest::RequestBuilder;
use serde_json::json;
use tokio::task::JoinSet;

use crate::app::{
    Answer, Answering as _, FRONT_END, JWKS, PASSWORD, SIGN_IN, SIGN_UP, TestApp, count,
};

on_both_engines!(auth_service::MIGRATIONS;
    each_path_has_its_limit,
    a_window_begins_with_its_first_request_and_nothing_extends_it,
    steady_use_below_the_limit_is_never_refused,
    setting_the_clock_back_rejects_requests_only_briefly,
    a_refusal_contains_the_time_to_wait,
    each_path_and_each_client_is_counted_separately,
    requests_are_counted_before_they_are_validated,
    other_spellings_of_a_path_share_its_limit,
    addresses_claimed_by_clients_are_ignored,
    clients_behind_a_trusted_proxy_are_distinguished,
    an_ipv6_household_is_one_client,
    of_forty_parallel_sign_ins_three_are_allowed,
    replicas_count_together_on_postgres,
    a_web_app_may_read_errors,
    paths_outside_the_api_are_not_limited,
    limits_can_be_switched_off,
);

const OK: &str = "/api/auth/ok";
const RESET: &str = "/api/auth/request-password-reset";

async fn limited(db: &TestDatabase) -> TestApp {
    TestApp::spawn_with(db, |config| config.rate_limit = true).await
}

/// Starts a service that enforces rate limits and trusts local proxies.
async fn proxied(db: &TestDatabase) -> TestApp {
    TestApp::spawn_with(db, |config| {
        config.rate_limit = true;
        config.trusted_proxies = vec!["127.0.0.0/8".parse().unwrap()];
    })
    .await
}

#[track_caller]
fn is_refused(answer: &Answer, seconds: &str) {
    answer.is_codeless_error(429, "Too many requests. Please try again later.");
    assert_eq!(answer.header("x-retry-after"), Some(seconds));
    assert_eq!(answer.header("retry-after"), Some(seconds));
}

/// Sends up to `tries` requests, until one is refused. Returns the number of requests that were
/// allowed.
async fn let_through(tries: usize, request: impl Fn() -> RequestBuilder) -> usize {
    for number in 0..tries {
        if request().answer().await.status == 429 {
            return number;
        }
    }
    tries
}

async fn each_path_has_its_limit(db: TestDatabase) {
    let app = limited(&db).await;

    for path in [
        SIGN_IN,
        SIGN_UP,
        "/api/auth/sign-in/social",
        "/api/auth/sign-in/unknown",
        "/api/auth/change-password",
        "/api/auth/change-email",
        RESET,
        "/api/auth/send-verification-email",
        "/api/auth/forget-password/unknown",
    ] {
        assert_eq!(let_through(10, || app.post(path)).await, 3, "{path}");
    }
    for path in [OK, JWKS, "/api/auth/unknown", "/api/auth/get-session", "/api/auth/verify-email"] {
        assert_eq!(let_through(110, || app.get(path)).await, 100, "{path}");
        is_refused(&app.get(path).answer().await, "10");
    }
    app.advance(10);
    assert_eq!(let_through(110, || app.get(OK)).await, 100);
    assert_eq!(let_through(10, || app.post(SIGN_IN)).await, 3);
    is_refused(&app.post(RESET).answer().await, "50");
    app.advance(50);
    assert_eq!(let_through(10, || app.post(RESET)).await, 3);
}

async fn a_window_begins_with_its_first_request_and_nothing_extends_it(db: TestDatabase) {
    let app = limited(&db).await;
    let sign_in = async || app.sign_in_request("ada@example.com", PASSWORD).answer().await.status;

    for seconds in [0, 4, 4] {
        app.advance(seconds);
        assert_eq!(sign_in().await, 401);
    }
    assert_eq!(sign_in().await, 429);
    app.advance(1);
    assert_eq!(sign_in().await, 429);
    app.advance(1);
    assert_eq!(sign_in().await, 401, "ten seconds after the first");
}

async fn steady_use_below_the_limit_is_never_refused(db: TestDatabase) {
    let app = limited(&db).await;

    for _ in 0..30 {
        app.advance(4);
        assert_eq!(app.post(SIGN_IN).answer().await.status, 400);
    }
    for _ in 0..179 {
        app.advance_millis(250);
        assert_eq!(app.get(OK).answer().await.status, 200);
    }
}

async fn setting_the_clock_back_rejects_requests_only_briefly(db: TestDatabase) {
    let app = limited(&db).await;
    app.advance(3600);
    assert_eq!(let_through(9, || app.post(SIGN_IN)).await, 3);
    app.advance(-3600);

    if let Some(wait) = app.post(SIGN_IN).answer().await.header("retry-after") {
        assert!(wait.parse::<u32>().unwrap() <= 10, "{wait}");
    }
    app.advance(10);
    assert_eq!(let_through(9, || app.post(SIGN_IN)).await, 3);
}

async fn a_refusal_contains_the_time_to_wait(db: TestDatabase) {
    let app = limited(&db).await;
    assert_eq!(let_through(3, || app.post(SIGN_IN)).await, 3);

    is_refused(&app.post(SIGN_IN).answer().await, "10");
    app.advance(4);
    is_refused(&app.post(SIGN_IN).answer().await, "6");
    app.advance(5);
    is_refused(&app.post(SIGN_IN).answer().await, "1");
    app.advance_millis(999);
    is_refused(&app.post(SIGN_IN).answer().await, "1");
}

async fn each_path_and_each_client_is_counted_separately(db: TestDatabase) {
    let app = proxied(&db).await;
    let from = |client: &str, path: &str| app.post(path).header("x-forwarded-for", client);

    assert_eq!(let_through(9, || from("192.0.2.1", SIGN_IN)).await, 3);
    assert_eq!(let_through(9, || from("192.0.2.1", SIGN_UP)).await, 3);
    assert_eq!(let_through(9, || from("192.0.2.2", SIGN_IN)).await, 3);
}

async fn requests_are_counted_before_they_are_validated(db: TestDatabase) {
    let app = limited(&db).await;
    app.sign_up("ada@example.com").await;

    // None of these requests reaches the password check.
    for request in [
        app.get(SIGN_IN),
        app.post(SIGN_IN).header("content-type", "application/json").body("{"),
        app.post(SIGN_IN).header("cookie", "a=b").header("origin", "https://evil.example"),
    ] {
        assert_ne!(request.answer().await.status, 429);
    }
    let right = app.sign_in_request("ada@example.com", PASSWORD).answer().await;
    is_refused(&right, "10");
    let megabytes = vec![b'x'; 3_000_000];
    is_refused(&app.post(SIGN_IN).body(megabytes).answer().await, "10");
}

async fn other_spellings_of_a_path_share_its_limit(db: TestDatabase) {
    let app = limited(&db).await;
    app.sign_up("ada@example.com").await;
    assert_eq!(let_through(9, || app.post(SIGN_IN)).await, 3);

    for path in [
        "/api/auth/sign-in/email?x=1",
        "/api/auth/sign-in/%65mail",
        "/api/auth/%73ign-in/email",
        "/%61pi/auth/sign-in/email",
        "/api/auth/sign-in/email/",
        "/api/auth/sign-in//email",
        "/api/auth//sign-in/email",
        "/api/auth/./sign-in/email",
        "/api/auth/SIGN-IN/email",
    ] {
        let body = json!({ "email": "ada@example.com", "password": PASSWORD });
        let answer = app.post(path).json(&body).answer().await;
        assert!([404, 429].contains(&answer.status), "{path}: {answer:?}");
    }
}

async fn addresses_claimed_by_clients_are_ignored(db: TestDatabase) {
    let app = limited(&db).await;

    for number in 0..9 {
        let address = format!("192.0.2.{number}");
        let answer = app
            .post(SIGN_IN)
            .header("x-forwarded-for", &address)
            .header("forwarded", format!("for={address}"))
            .header("x-real-ip", &address)
            .header("user-agent", &address)
            .header("origin", FRONT_END)
            .answer()
            .await;
        assert_eq!(answer.status == 429, number >= 3, "{number}: {answer:?}");
    }
}

async fn clients_behind_a_trusted_proxy_are_distinguished(db: TestDatabase) {
    let app = proxied(&db).await;
    let from = |forwarded: &str| app.post(SIGN_IN).header("x-forwarded-for", forwarded);

    assert_eq!(let_through(9, || from("192.0.2.1")).await, 3);
    assert_eq!(let_through(9, || from("192.0.2.2")).await, 3);
    // Addresses that the client itself has put in the header are ignored.
    assert_eq!(let_through(9, || from("203.0.113.9, 192.0.2.1")).await, 0);
    assert_eq!(let_through(9, || from("nonsense, 192.0.2.1, 127.0.0.2")).await, 0);
}

async fn an_ipv6_household_is_one_client(db: TestDatabase) {
    let app = proxied(&db).await;
    let from = |client: &str| app.post(SIGN_IN).header("x-forwarded-for", client);

    assert_eq!(let_through(9, || from("2001:db8:1:2:3:4:5:6")).await, 3);
    assert_eq!(let_through(9, || from("2001:db8:1:2:ffff::1")).await, 0);
    assert_eq!(let_through(9, || from("2001:db8:1:3::1")).await, 3);
    assert_eq!(let_through(9, || from("192.0.2.1")).await, 3);
    assert_eq!(let_through(9, || from("::ffff:192.0.2.1")).await, 0);
}

async fn of_forty_parallel_sign_ins_three_are_allowed(db: TestDatabase) {
    let app = limited(&db).await;
    app.sign_up("ada@example.com").await;
    let mut crowd = JoinSet::new();
    for _ in 0..40 {
        crowd.spawn_local(app.sign_in_request("ada@example.com", "wrong horse 42").answer());
    }

    let tried = crowd.join_all().await.iter().filter(|answer| answer.status == 401).count();

    assert_eq!(tried, 3);
}

async fn replicas_count_together_on_postgres(db: TestDatabase) {
    let one = limited(&db).await;
    let other = limited(&db).await;
    let own = match db.engine {
        Engine::Postgres => 0,
        Engine::Sqlite => 1,
    };

    assert_eq!(let_through(9, || one.post(SIGN_IN)).await, 3);
    assert_eq!(let_through(9, || other.post(SIGN_IN)).await, 3 * own);
    assert_eq!(let_through(200, || one.get(OK)).await, 100);
    let more = let_through(200, || other.get(OK)).await;
    assert!((100 * own..=100 * own + 10).contains(&more), "{more}");
    assert_eq!(count(&db, "attempts").await > 0, db.engine == Engine::Postgres);

    for app in [&one, &other] {
        app.advance(10);
    }
    assert_eq!(let_through(9, || other.post(SIGN_IN)).await, 3);
}

async fn a_web_app_may_read_errors(db: TestDatabase) {
    let app = limited(&db).await;
    assert_eq!(let_through(3, || app.post(SIGN_IN)).await, 3);

    let refused = app.post(SIGN_IN).header("origin", FRONT_END).answer().await;

    assert_eq!(refused.status, 429);
    assert_eq!(refused.header("access-control-allow-origin"), Some(FRONT_END));
    let exposed = refused.header("access-control-expose-headers").unwrap();
    for name in ["x-retry-after", "retry-after"] {
        assert!(exposed.split(", ").any(|exposed| exposed == name), "{exposed}");
    }
}

async fn paths_outside_the_api_are_not_limited(db: TestDatabase) {
    let app = limited(&db).await;

    for path in ["/health/live", "/jwks"] {
        assert_eq!(let_through(110, || app.get(path)).await, 110, "{path}");
    }
}

async fn limits_can_be_switched_off(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;

    assert_eq!(let_through(20, || app.post(SIGN_IN)).await, 20);
    assert_eq!(let_through(110, || app.get(OK)).await, 110);
}
