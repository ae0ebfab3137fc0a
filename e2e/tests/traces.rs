//! Traces connect the web app and both services, and contain no personal data. An unavailable
//! collector does not disturb the services.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on should stop here")]

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use e2e::{Collected, Collector, Engine, System, wait_until};
use serde_json::{Value, json};

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const CALLER: &str = "00f067aa0ba902b7";
/// Default issuer of auth-service.
const ISSUER: &str = "http://localhost:3000";
/// Interval between exports in milliseconds, longer than any test.
const NEVER: &str = "3600000";
/// Span kinds of the OpenTelemetry protocol.
const SERVER: i32 = 2;
const CLIENT: i32 = 3;

/// Starts both services with this trace collector and interval between exports.
fn system(collector: &str, pause_millis: &str) -> System {
    let mut system = System::start(Engine::Sqlite).unwrap();
    for service in [&mut system.auth, &mut system.tasks] {
        service.set_variable("OTEL_EXPORTER_OTLP_ENDPOINT", collector);
        service.set_variable("OTEL_BSP_SCHEDULE_DELAY", pause_millis);
        // With this lifetime, keys are fetched only for a token with an unknown key.
        service.set_variable("JWKS_CACHE_TTL", "1h");
        service.stop().unwrap();
    }
    system.start_services();
    system
}

/// Sends task-service a request with a trace context, as the web app does. Returns the status.
fn call(system: &System, path: &str, token: &str) -> u16 {
    let request = ureq::get(format!("{}{path}", system.tasks.url))
        .header("authorization", format!("Bearer {token}"))
        .header("traceparent", format!("00-{TRACE}-{CALLER}-01"));
    let request = request.config().http_status_as_error(false).build();
    request.call().unwrap().status().as_u16()
}

/// Returns a token whose key id is unknown.
fn token_of_a_stranger() -> String {
    let encode = |part: Value| BASE64_URL_SAFE_NO_PAD.encode(part.to_string());
    let header = encode(json!({ "alg": "EdDSA", "kid": "stranger" }));
    let claims = encode(json!({ "sub": "ada", "iss": ISSUER, "aud": ISSUER, "exp": 4e9 }));
    format!("{header}.{claims}.{}", BASE64_URL_SAFE_NO_PAD.encode([0; 64]))
}

#[track_caller]
fn the<'a>(spans: &'a [Collected], name: &str) -> &'a Collected {
    let span = spans.iter().find(|span| span.name == name);
    span.unwrap_or_else(|| panic!("no {name} in {spans:#?}"))
}

#[test]
fn one_trace_leads_from_the_page_to_the_issuer() {
    let collector = Collector::start();
    let system = system(&collector.url, "50");

    assert_eq!(call(&system, "/api/tasks?q=private", &token_of_a_stranger()), 401);

    wait_until("both services have sent their spans", || collector.trace(TRACE).len() >= 3);
    let spans = collector.trace(TRACE);
    let [tasks, fetch, keys] =
        ["GET /api/tasks", "fetch_keys", "GET /api/auth/jwks"].map(|name| the(&spans, name));
    assert_eq!((&*tasks.service, &*tasks.parent_id), ("task-service", CALLER));
    assert_eq!((&*fetch.service, &fetch.parent_id), ("task-service", &tasks.span_id));
    assert_eq!((&*keys.service, &keys.parent_id), ("auth-service", &fetch.span_id));
    assert_eq!([tasks, fetch, keys].map(|span| span.span.kind), [SERVER, CLIENT, SERVER]);
    let tasks = format!("{:?}", tasks.span.attributes);
    for attribute in
        ["http.request.method", "http.route", "http.response.status_code", "IntValue(401)"]
    {
        assert!(tasks.contains(attribute), "{attribute} in {tasks}");
    }
}

#[test]
fn remaining_spans_are_sent_on_shutdown_without_personal_data() {
    let collector = Collector::start();
    let mut system = system(&collector.url, NEVER);
    let token = system.token("ada@example.com");
    let tasks = system.tasks_client();
    let id = tasks.create_task(&token, "Buy milk").unwrap().text("id");
    assert_eq!(call(&system, &format!("/api/tasks/{id}?secret=horse"), &token), 200);

    for service in [&mut system.tasks, &mut system.auth] {
        let status = service.stop().unwrap().unwrap();
        assert!(status.success(), "{} ends with {status}", service.name);
    }

    let spans = collector.spans();
    for name in ["POST /api/auth/sign-up/email", "POST /api/tasks", "GET /api/tasks/{id}"] {
        the(&spans, name);
    }
    let all = format!("{spans:?}");
    for secret in ["example.com", "milk", "horse", &id, &token] {
        assert!(!all.contains(secret), "{secret} in {spans:#?}");
    }
}

#[test]
fn an_unavailable_collector_only_causes_a_log_line() {
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let mut system = system(&format!("http://{nobody}"), "50");
    let token = system.token("ada@example.com");
    let complaints = |system: &System| {
        let log = system.log_of("task-service");
        log.lines().filter(|line| line.contains("cannot export traces")).count()
    };
    wait_until("task-service has noticed", || {
        assert_eq!(call(&system, "/api/tasks", &token), 200);
        complaints(&system) > 0
    });

    for _ in 0..20 {
        assert_eq!(call(&system, "/api/tasks", &token), 200);
    }
    assert!(system.tasks.stop().unwrap().unwrap().success());
    assert_eq!(complaints(&system), 1);
}
