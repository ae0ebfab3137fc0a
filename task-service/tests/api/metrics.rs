//! Prometheus metrics: they count requests and other events, are not exposed on the public
//! listener, and contain no personal data.

use std::time::Duration;

use database::{on_both_engines, testing::TestDatabase};
use jwks_auth::testing::Issuer;
use reqwest::{Method, StatusCode};
use serde_json::json;
use task_service::config::Config;
use telemetry::testing::Scrape;

use crate::app::{Answer, ISSUER, TestApp, claims};

on_both_engines!(task_service::MIGRATIONS;
    requests_are_counted_by_method_route_and_status,
    clients_cannot_create_metric_series,
    every_token_is_counted_by_its_outcome,
    key_fetches_and_the_age_of_the_keys_are_exported,
    a_rate_limited_request_is_counted,
    waits_for_the_database_are_counted,
    the_process_and_its_version_are_exported,
    metrics_are_not_on_the_public_listener,
);

pub(crate) fn shown(config: &mut Config) {
    config.server.metrics.metrics_address = Some("127.0.0.1:0".parse().unwrap());
}

async fn app_with_metrics(db: &TestDatabase) -> TestApp {
    TestApp::spawn_with(db, shown).await
}

impl TestApp {
    async fn scrape(&self) -> Scrape {
        let url = format!("http://{}/metrics", self.metrics_address.unwrap());
        let response = self.client.get(url).send().await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        let media_type = &response.headers()["content-type"];
        assert_eq!(media_type, "text/plain; version=0.0.4; charset=utf-8");
        Scrape(response.text().await.unwrap())
    }
}

async fn requests_are_counted_by_method_route_and_status(db: TestDatabase) {
    let app = app_with_metrics(&db).await;
    let (ada, eve) = (app.token("ada"), app.token("eve"));
    let task = app.create(&ada, &json!({ "title": "Buy milk" })).await;
    let id = task["id"].as_str().unwrap();
    let path = format!("/api/tasks/{id}");
    for _ in 0..3 {
        assert_eq!(app.get(&path, &ada).await.status(), StatusCode::OK);
    }
    assert_eq!(app.get(&path, &eve).await.status(), StatusCode::FORBIDDEN);
    assert_eq!(app.get("/api/tasks?q=secret", &ada).await.status(), StatusCode::OK);
    assert_eq!(app.get("/private/secret", &ada).await.status(), StatusCode::NOT_FOUND);

    let scrape = app.scrape().await;
    for (method, route, status, count) in [
        ("POST", "/api/tasks", 201, 1.0),
        ("GET", "/api/tasks/{id}", 200, 3.0),
        ("GET", "/api/tasks/{id}", 403, 1.0),
        ("GET", "/api/tasks", 200, 1.0),
        ("GET", "(no route)", 404, 1.0),
    ] {
        let counted = scrape.requests(method, route, status);
        assert!((counted - count).abs() < 0.1, "{method} {route} {status}: {scrape:?}");
    }
    let took =
        "http_request_duration_seconds_sum{method=\"GET\",route=\"/api/tasks\",status=\"200\"}";
    assert!(scrape.figure(took) > 0.0, "{scrape:?}");
    for secret in [id, &ada, &eve, "ada", "milk", "secret", "private"] {
        assert!(!scrape.0.contains(secret), "{secret} in {scrape:?}");
    }
}

async fn clients_cannot_create_metric_series(db: TestDatabase) {
    let app = app_with_metrics(&db).await;
    for number in 0..50 {
        let method = Method::from_bytes(format!("BREW{number}").as_bytes()).unwrap();
        app.request(method, &format!("/{number}"), "nonsense").send().await.unwrap();
    }
    let scrape = app.scrape().await;
    assert!((scrape.requests("_OTHER", "(no route)", 404) - 50.0).abs() < 0.1, "{scrape:?}");
    assert!(!scrape.0.contains("BREW"), "{scrape:?}");
}

async fn every_token_is_counted_by_its_outcome(db: TestDatabase) {
    let app = app_with_metrics(&db).await;
    let token = app.token("ada");
    for _ in 0..4 {
        assert_eq!(app.status_for(&token).await, StatusCode::OK);
    }
    let mut expired = claims("ada");
    expired["exp"] = 1.into();
    for refused in [&app.keys.issuer().sign(&expired), "nonsense"] {
        assert_eq!(app.status_for(refused).await, StatusCode::UNAUTHORIZED);
    }
    app.keys.answer(Answer::Text(500, String::new()));
    let unknown = Issuer::new("unknown", 9).sign(&claims("ada"));
    assert_eq!(app.status_for(&unknown).await, StatusCode::SERVICE_UNAVAILABLE);

    let scrape = app.scrape().await;
    for (series, figure) in [
        ("token_verifications_total{outcome=\"accepted\"}", 4.0),
        ("token_verifications_total{outcome=\"expired\"}", 1.0),
        ("token_verifications_total{outcome=\"refused\"}", 1.0),
        ("token_verifications_total{outcome=\"unavailable\"}", 1.0),
        ("token_cache_hits_total", 3.0),
        ("token_cache_misses_total", 4.0),
        ("token_cache_entries", 1.0),
    ] {
        assert!((scrape.figure(series) - figure).abs() < 0.1, "{series} in {scrape:?}");
    }
}

async fn key_fetches_and_the_age_of_the_keys_are_exported(db: TestDatabase) {
    let app = app_with_metrics(&db).await;
    assert_eq!(app.status_for(&app.token("ada")).await, StatusCode::OK);
    let failed = format!("jwks_fetches_total{{issuer=\"{ISSUER}\",outcome=\"failed\"}}");
    assert_eq!(app.scrape().await.find(&failed), Some(0.0));
    app.keys.answer(Answer::Text(500, String::new()));
    let unknown = Issuer::new("unknown", 9).sign(&claims("ada"));
    assert_eq!(app.status_for(&unknown).await, StatusCode::SERVICE_UNAVAILABLE);

    let scrape = app.scrape().await;
    for (name, labels, figure) in [
        ("jwks_fetches_total", ",outcome=\"ok\"", 1.0),
        ("jwks_fetches_total", ",outcome=\"failed\"", 1.0),
        ("jwks_keys", "", 1.0),
        ("jwks_ready", "", 1.0),
    ] {
        let series = format!("{name}{{issuer=\"{ISSUER}\"{labels}}}");
        assert!((scrape.figure(&series) - figure).abs() < 0.1, "{series} in {scrape:?}");
    }
    let age = scrape.find(&format!("jwks_age_seconds{{issuer=\"{ISSUER}\"}}")).unwrap();
    assert!(age > 0.0, "{age}");
}

async fn a_rate_limited_request_is_counted(db: TestDatabase) {
    let app = TestApp::spawn_with(&db, |config| {
        shown(config);
        config.rate_limit = "1/1h".parse().unwrap();
    })
    .await;
    let token = app.token("ada");
    assert_eq!(app.status_for(&token).await, StatusCode::OK);
    for _ in 0..2 {
        assert_eq!(app.status_for(&token).await, StatusCode::TOO_MANY_REQUESTS);
    }
    let scrape = app.scrape().await;
    let refusals = scrape.figure("rate_limit_refusals_total{limit=\"user\"}");
    assert!((refusals - 2.0).abs() < 0.1, "{scrape:?}");
    assert!((scrape.requests("GET", "/api/tasks", 429) - 2.0).abs() < 0.1, "{scrape:?}");
}

async fn waits_for_the_database_are_counted(db: TestDatabase) {
    let app = app_with_metrics(&db).await;
    let token = app.token("ada");
    let wait = |pool: &str| format!("db_connection_wait_seconds_count{{pool=\"{pool}\"}}");
    let before = app.scrape().await;
    app.create(&token, &json!({ "title": "Buy milk" })).await;
    assert_eq!(app.status_for(&token).await, StatusCode::OK);
    let after = app.scrape().await;
    for pool in ["read", "write"] {
        let wait = wait(pool);
        assert!(after.figure(&wait) >= before.figure(&wait) + 1.0, "{pool}: {after:?}");
    }
    for pool in ["read", "write", "exclusive"] {
        let failures = format!("db_connection_failures_total{{pool=\"{pool}\"}}");
        assert_eq!(after.find(&failures), Some(0.0), "{after:?}");
    }
}

async fn the_process_and_its_version_are_exported(db: TestDatabase) {
    let app = app_with_metrics(&db).await;
    let scrape = app.scrape().await;
    let version = env!("CARGO_PKG_VERSION");
    let build = format!("service_build_info{{service=\"task-service\",version=\"{version}\"}}");
    assert_eq!(scrape.find(&build), Some(1.0), "{scrape:?}");
    assert!(scrape.figure("process_cpu_seconds_total") > 0.0);
    assert!(scrape.figure("process_resident_memory_bytes") > 1_000_000.0);
    assert!(scrape.figure("process_open_fds") > 3.0);
    let age = Duration::from_secs(crate::app::now()).as_secs_f64()
        - scrape.figure("process_start_time_seconds");
    assert!((-1.0..3600.0).contains(&age), "{age}");
}

async fn metrics_are_not_on_the_public_listener(db: TestDatabase) {
    let settings: [fn(&mut Config); 2] = [shown, |_| {}];
    for change in settings {
        let app = TestApp::spawn_with(&db, change).await;
        assert_eq!(app.get("/metrics", &app.token("ada")).await.status(), StatusCode::NOT_FOUND);
    }
    assert_eq!(TestApp::spawn(&db).await.metrics_address, None);
}
