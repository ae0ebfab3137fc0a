//! Prometheus metrics: they change with the events that they count, are not on the public listener,
//! and contain no personal data.

use auth_service::config::Config;
use database::{on_both_engines, testing::TestDatabase};
use serde_json::json;
use telemetry::testing::Scrape;
use tokio::task::JoinSet;

use crate::{
    app::{Answering as _, GET_SESSION, PASSWORD, SIGN_IN, SIGN_UP, TestApp},
    mailbox::eventually,
};

on_both_engines!(auth_service::MIGRATIONS;
    request_metrics_contain_no_personal_data,
    passwords_are_counted_while_they_wait_and_when_they_are_hashed,
    mails_that_cannot_be_sent_are_counted,
    refusals_are_counted_by_kind,
    metrics_are_not_on_the_public_listener,
);

const RESET: &str = "/api/auth/request-password-reset";

fn shown(config: &mut Config) {
    config.server.metrics.metrics_address = Some("127.0.0.1:0".parse().unwrap());
}

impl TestApp {
    pub(crate) async fn scrape(&self) -> Scrape {
        let url = format!("http://{}/metrics", self.metrics_address.unwrap());
        let answer = self.client.get(url).answer().await;
        assert_eq!(answer.status, 200);
        Scrape(answer.body)
    }
}

async fn request_metrics_contain_no_personal_data(db: TestDatabase) {
    let app = TestApp::spawn_with(&db, shown).await;
    let ada = app.sign_up("ada@example.com").await;
    app.sign_in_request("ada@example.com", "wrong horse 42").answer().await;
    for _ in 0..3 {
        app.get_session(&ada.cookie).await;
    }
    app.post(RESET).json(&json!({ "email": "ada@example.com" })).answer().await;
    let mail = app.mail_to("ada@example.com", "reset-password").await;
    let opened = app.open(mail.link()).answer().await;
    assert_eq!(opened.status, 302, "{opened:?}");

    let scrape = app.scrape().await;
    for (method, route, status, count) in [
        ("POST", SIGN_UP, 200, 1.0),
        ("POST", SIGN_IN, 401, 1.0),
        ("GET", GET_SESSION, 200, 3.0),
        ("GET", "/api/auth/reset-password/{token}", 302, 1.0),
    ] {
        let counted = scrape.requests(method, route, status);
        assert!((counted - count).abs() < 0.1, "{method} {route} {status}: {scrape:?}");
    }
    for pool in ["read", "write"] {
        let waits = format!("db_connection_wait_seconds_count{{pool=\"{pool}\"}}");
        assert!(scrape.figure(&waits) > 0.0, "{scrape:?}");
    }
    let id = ada.user["id"].as_str().unwrap();
    for secret in [id, "ada", "example.com", "horse", &ada.token, mail.token(), "127.0.0.1"] {
        assert!(!scrape.0.contains(secret), "{secret} in {scrape:?}");
    }
}

async fn passwords_are_counted_while_they_wait_and_when_they_are_hashed(db: TestDatabase) {
    let app = TestApp::spawn_with(&db, |config| {
        shown(config);
        config.bcrypt_cost = 12;
    })
    .await;
    let hashed = "password_hash_seconds_count";
    app.sign_up("ada@example.com").await;
    let before = app.scrape().await;
    assert!((before.figure(hashed) - 1.0).abs() < 0.1, "{before:?}");
    assert_eq!(before.find("password_hashes_waiting"), Some(0.0), "{before:?}");
    assert!(before.figure("password_hash_seconds_sum") > 0.0, "{before:?}");

    let mut crowd = JoinSet::new();
    for _ in 0..12 {
        crowd.spawn_local(app.sign_in_request("ada@example.com", PASSWORD).answer());
    }
    eventually("passwords that wait", async || {
        let scrape = app.scrape().await;
        let is_busy = scrape.figure("password_hashes_running") > 0.0;
        (is_busy && scrape.figure("password_hashes_waiting") > 0.0).then_some(())
    })
    .await;
    for answer in crowd.join_all().await {
        answer.signed_in();
    }
    let after = app.scrape().await;
    for count in [hashed, "password_hash_wait_seconds_count"] {
        assert!((after.figure(count) - 13.0).abs() < 0.1, "{after:?}");
    }
    assert!(after.figure("password_hash_wait_seconds_sum") > 0.0, "{after:?}");
}

async fn mails_that_cannot_be_sent_are_counted(db: TestDatabase) {
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let app = TestApp::spawn_with(&db, |config| {
        shown(config);
        config.mail.smtp_url = Some(format!("smtp://{nobody}").parse().unwrap());
    })
    .await;
    assert_eq!(app.scrape().await.find("mail_outbox_depth"), Some(0.0));
    app.sign_up("ada@example.com").await;
    for depth in [1.0, 2.0] {
        app.post(RESET).json(&json!({ "email": "ada@example.com" })).answer().await;
        assert_eq!(app.scrape().await.find("mail_outbox_depth"), Some(depth));
    }
}

async fn refusals_are_counted_by_kind(db: TestDatabase) {
    let app = TestApp::spawn_with(&db, |config| {
        shown(config);
        config.rate_limit = true;
        config.trusted_proxies = vec!["127.0.0.0/8".parse().unwrap()];
    })
    .await;
    // The limit `window` refuses a client after 3 attempts. The limit `back-off` refuses the common
    // network of all clients after 10 attempts.
    for number in 0..11 {
        let client = format!("192.0.2.{}", number / 3);
        let request = app.sign_in_request("ada@example.com", "wrong horse 42");
        let request = request.header("x-forwarded-for", client);
        request.answer().await;
    }
    let request = app.sign_in_request("eve@example.com", "wrong horse 42");
    request
        .header("x-forwarded-for", "192.0.2.0")
        .answer()
        .await
        .is_codeless_error(429, "Too many requests. Please try again later.");

    let scrape = app.scrape().await;
    for limit in ["window", "back-off"] {
        let refusals = scrape.figure(&format!("rate_limit_refusals_total{{limit=\"{limit}\"}}"));
        assert!((refusals - 1.0).abs() < 0.1, "{limit}: {scrape:?}");
    }
    assert!((scrape.requests("POST", SIGN_IN, 429) - 2.0).abs() < 0.1, "{scrape:?}");
}

async fn metrics_are_not_on_the_public_listener(db: TestDatabase) {
    let settings: [fn(&mut Config); 2] = [shown, |_| {}];
    for change in settings {
        let app = TestApp::spawn_with(&db, change).await;
        assert_eq!(app.get("/metrics").answer().await.status, 404);
    }
    assert_eq!(TestApp::spawn(&db).await.metrics_address, None);
}
