//! Access to security events, which cannot be used as credentials.

use database::{on_both_engines, testing::TestDatabase};
use reqwest::Method;
use serde_json::json;

use super::{EVENTS, RECEIVER, after, poll, spawn};
use crate::app::{Answering as _, GET_SESSION, SIGN_OUT, TestApp, is_nobody, with_bearer};

on_both_engines!(auth_service::MIGRATIONS;
    only_receivers_read_events,
    a_poll_must_be_well_formed,
    a_security_event_is_no_credential,
);

async fn only_receivers_read_events(db: TestDatabase) {
    let app = spawn(&db).await;
    let ada = app.sign_up("ada@example.com").await;
    let jwt = app.token(&ada).await;
    let signed = ada.signed_token.as_str();
    for secret in ["", "wrong", &RECEIVER[1..], &format!("{RECEIVER}, more"), &jwt, signed] {
        let answer = app.post(EVENTS).bearer_auth(secret).json(&json!({})).answer().await;
        answer.is_error(401, "UNKNOWN_RECEIVER", "A receiver secret is required");
        let challenge = answer.header("www-authenticate");
        assert_eq!(challenge, Some(r#"Bearer, Basic realm="auth-service""#));
    }
    let without = app.post(EVENTS).body("not JSON").answer().await;
    assert_eq!(without.status, 401, "before the body is looked at");
    let twice = poll(&app, &json!({})).header("authorization", "Bearer x");
    assert_eq!(twice.answer().await.status, 401);
    let cookie = app.post_from_page(&ada.cookie, EVENTS, &json!({})).await;
    assert_eq!(cookie.status, 401);
    for method in [Method::GET, Method::PUT] {
        let request = app.client.request(method, app.url(EVENTS)).bearer_auth(RECEIVER);
        let answer = request.send().await.unwrap();
        assert_eq!(
            (answer.status().as_u16(), &answer.headers()["allow"]),
            (405, &"POST".parse().unwrap())
        );
    }

    let closed = TestApp::spawn(&db).await;
    let answer = poll(&closed, &json!({})).answer().await;
    answer.is_error(404, "EVENTS_NOT_OFFERED", "Security events are disabled");
}

async fn a_poll_must_be_well_formed(db: TestDatabase) {
    let app = spawn(&db).await;
    for body in [
        json!([]),
        json!([1, true]),
        json!("x"),
        json!({ "maxEvents": -1 }),
        json!({ "maxEvents": "1" }),
        json!({ "maxEvents": 1.5 }),
        json!({ "returnImmediately": null }),
        json!({ "cursor": 1 }),
        json!({ "cursor": "x" }),
        json!({ "cursor": "x.-1" }),
        json!({ "cursor": "x.99999999999999999999" }),
        json!({ "eventTypes": "x" }),
    ] {
        let answer = app.client.post(app.url(EVENTS)).bearer_auth(RECEIVER).json(&body);
        let answer = answer.answer().await;
        answer.is_a_clean_refusal();
        assert_eq!((answer.status, &answer.json()["code"]), (400, &json!("VALIDATION_ERROR")));
    }
    let broken = app.post(EVENTS).bearer_auth(RECEIVER).header("content-type", "application/json");
    let answer = broken.body("{").answer().await;
    answer.is_error(400, "BAD_REQUEST", "Invalid JSON in request body");
    let form = app.post(EVENTS).bearer_auth(RECEIVER).header("content-type", "text/plain");
    assert_eq!(form.body("maxEvents=1").answer().await.status, 415);
    let large =
        app.post(EVENTS).bearer_auth(RECEIVER).json(&json!({ "ack": ["x".repeat(70_000)] }));
    assert_eq!(large.answer().await.status, 413);
    let body = json!({ "returnImmediately": true, "unknown": true, "cursor": null });
    assert_eq!(poll(&app, &body).answer().await.status, 200);
}

async fn a_security_event_is_no_credential(db: TestDatabase) {
    let app = spawn(&db).await;
    let ada = app.sign_up("ada@example.com").await;
    app.post_as(&ada, SIGN_OUT, &json!({})).await;
    let [event] = &after(&app, None).await.tokens[..] else { panic!("one event") };

    is_nobody(&with_bearer(&app, GET_SESSION, event).await, &[]);
    let answer = app.get(&format!("/api/auth/verify-email?token={event}")).answer().await;
    answer.is_error(401, "INVALID_TOKEN", "Invalid token");
}
