//! Introspection and revocation of access tokens, for services that do not verify tokens
//! themselves.

use auth_service::config::{Config, JwtAlgorithm};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use database::{on_both_engines, testing::TestDatabase};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use crate::{
    app::{
        Answer, Answering as _, BASE_URL, DAY, Form as _, PASSWORD, SIGN_OUT, SignedIn, TestApp,
        with_bearer,
    },
    secrets::process,
    token::{jwks, verified},
};

on_both_engines!(auth_service::MIGRATIONS;
    an_active_token_is_described,
    a_token_of_another_kind_or_issuer_is_inactive,
    a_token_is_inactive_once_its_session_or_user_is,
    a_token_stays_active_if_its_algorithm_gets_another_name,
    a_revoked_token_is_inactive_and_published,
    the_bearer_of_a_token_may_revoke_it,
    only_receivers_introspect_tokens,
    a_request_must_be_well_formed,
    receivers_are_not_rate_limited,
);

const INTROSPECT: &str = "/api/auth/oauth2/introspect";
const REVOKE: &str = "/api/auth/oauth2/revoke";
/// The secret of a receiver: a service that may receive events and introspect tokens. Some of its
/// characters must be escaped in a form.
const RECEIVER: &str = "the secret of a receiver: 100% + more";
const SESSION_REVOKED: &str = "https://schemas.openid.net/secevent/caep/event-type/session-revoked";

fn with_receivers(config: &mut Config) {
    let other = "the secret of another receiver, longer";
    config.events.events_secret = vec![other.into(), RECEIVER.into()];
}

async fn spawn(db: &TestDatabase) -> TestApp {
    TestApp::spawn_with(db, with_receivers).await
}

fn introspection(app: &TestApp, token: &str) -> RequestBuilder {
    app.post(INTROSPECT).bearer_auth(RECEIVER).form(&[("token", token)])
}

async fn introspect(app: &TestApp, token: &str) -> Value {
    let answer = introspection(app, token).answer().await;
    assert_eq!((answer.status, answer.header("cache-control")), (200, Some("no-store")));
    answer.json()
}

async fn is_active(app: &TestApp, token: &str) -> bool {
    let body = introspect(app, token).await;
    let is_active = body["active"].as_bool().unwrap();
    assert!(is_active || body == json!({ "active": false }), "{body}");
    is_active
}

/// Signs in again, and returns the session and an access token.
async fn signed_in(app: &TestApp) -> (SignedIn, String) {
    let who = app.sign_in("ada@example.com").await;
    let token = app.token(&who).await;
    (who, token)
}

async fn an_active_token_is_described(db: TestDatabase) {
    let app = spawn(&db).await;
    let ada = app.sign_up("ada@example.com").await;
    let token = app.token(&ada).await;
    let (_, claims) = verified(&token, &jwks(&app).await).unwrap();

    let described = json!({
        "active": true,
        "token_type": "Bearer",
        "username": "ada@example.com",
        "email": "ada@example.com",
        "sub": ada.user["id"],
        "iss": BASE_URL,
        "aud": BASE_URL,
        "exp": claims["exp"],
        "iat": claims["iat"],
        "jti": claims["jti"],
        "sid": claims["sid"],
    });
    assert_eq!(introspect(&app, &token).await, described);
    let basic = app.post(INTROSPECT).basic_auth("any name", Some(RECEIVER));
    let form = [("token_type_hint", "refresh_token"), ("token", token.as_str())];
    assert_eq!(basic.form(&form).answer().await.json(), described);

    app.advance(DAY);
    assert!(!is_active(&app, &token).await, "expired");
}

async fn a_token_of_another_kind_or_issuer_is_inactive(db: TestDatabase) {
    let app = spawn(&db).await;
    let ada = app.sign_up("ada@example.com").await;
    let token = app.token(&ada).await;
    let [header, claims, signature] = token.split('.').collect::<Vec<_>>()[..] else { panic!() };
    let (_, signed_out) = {
        let (who, token) = signed_in(&app).await;
        (app.post_as(&who, SIGN_OUT, &json!({})).await, token)
    };
    let feed = app.post("/security-events").bearer_auth(RECEIVER);
    let events = feed.json(&json!({ "returnImmediately": true })).answer().await.json();
    let (_, event) = events["sets"].as_object().unwrap().iter().next().unwrap();

    for other in [
        "unknown",
        "..",
        &ada.token,
        &ada.signed_token,
        event.as_str().unwrap(),
        &signed_out,
        &format!("{header}.{claims}."),
        &format!("{header}.{claims}.{}", "A".repeat(86)),
        &format!("{header}.{}.{signature}", signed_out.split('.').nth(1).unwrap()),
        &format!("{token}."),
        &format!("{token}="),
        &format!(" {token}"),
    ] {
        assert!(!is_active(&app, other).await, "{other}");
    }
    assert!(is_active(&app, &token).await);

    let moved = TestApp::spawn_with(&db, |config| {
        with_receivers(config);
        config.better_auth_audience = Some("https://api.example.com".to_owned());
    })
    .await;
    assert!(!is_active(&moved, &token).await, "for another audience");
}

async fn a_token_is_inactive_once_its_session_or_user_is(db: TestDatabase) {
    let app = spawn(&db).await;
    let ada = app.sign_up("ada@example.com").await;
    let (old, (other, kept)) = (app.token(&ada).await, signed_in(&app).await);
    app.post_as(&ada, SIGN_OUT, &json!({})).await;
    assert_eq!([is_active(&app, &old).await, is_active(&app, &kept).await], [false, true]);

    for command in ["disable", "enable"] {
        let mut process = process(&db.url(), &[]);
        let output = process.args(["users", command, "ada@example.com"]).output().await.unwrap();
        assert!(output.status.success(), "{output:?}");
        assert!(!is_active(&app, &kept).await, "{command}");
    }
    assert_eq!(with_bearer(&app, "/api/auth/list-accounts", &other.token).await.status, 401);

    let (ada, new) = signed_in(&app).await;
    assert!(is_active(&app, &new).await);
    let body = json!({ "password": PASSWORD });
    assert_eq!(app.post_as(&ada, "/api/auth/delete-user", &body).await.status, 200);
    assert!(!is_active(&app, &new).await);
}

/// Returns the subjects of the published `session-revoked` events.
async fn published(app: &TestApp) -> Vec<Value> {
    let feed = app.post("/security-events").bearer_auth(RECEIVER);
    let body = json!({ "eventTypes": [SESSION_REVOKED], "returnImmediately": true });
    let (answer, keys) = (feed.json(&body).answer().await, jwks(app).await);
    let events = answer.json()["sets"].take();
    let events = events.as_object().unwrap().values();
    let claims = events.map(|event| verified(event.as_str().unwrap(), &keys).unwrap().1);
    claims.map(|mut claims| claims["sub_id"].take()).collect()
}

async fn a_token_stays_active_if_its_algorithm_gets_another_name(db: TestDatabase) {
    let replicas = [JwtAlgorithm::EdDsa, JwtAlgorithm::Ed25519].map(|algorithm| {
        TestApp::spawn_with(&db, move |config| {
            with_receivers(config);
            config.jwt_alg = algorithm;
        })
    });
    let [old, new] = replicas;
    let (old, new) = (old.await, new.await);
    let ada = old.sign_up("ada@example.com").await;
    for (signer, other) in [(&old, &new), (&new, &old)] {
        assert!(is_active(other, &signer.token(&ada).await).await);
    }
}

async fn a_revoked_token_is_inactive_and_published(db: TestDatabase) {
    let app = spawn(&db).await;
    let ada = app.sign_up("ada@example.com").await;
    let [revoked, kept] = [app.token(&ada).await, app.token(&ada).await];
    let (_, claims) = verified(&revoked, &jwks(&app).await).unwrap();

    for token in [&revoked, &revoked, "unknown"] {
        let request = app.post(REVOKE).bearer_auth(RECEIVER).form(&[("token", token)]);
        request.answer().await.is_ok(&json!({}));
    }

    assert_eq!([is_active(&app, &revoked).await, is_active(&app, &kept).await], [false, true]);
    let subject = json!({ "format": "jwt_id", "iss": BASE_URL, "jti": claims["jti"] });
    assert_eq!(published(&app).await, [subject]);
    assert_eq!(app.get_session(&ada.cookie).await.json()["user"], ada.user, "the session remains");

    app.advance(DAY);
    app.post(REVOKE)
        .bearer_auth(RECEIVER)
        .form(&[("token", &kept)])
        .answer()
        .await
        .is_ok(&json!({}));
    assert_eq!(published(&app).await.len(), 1, "of an expired token nothing is recorded");
}

async fn the_bearer_of_a_token_may_revoke_it(db: TestDatabase) {
    let app = spawn(&db).await;
    let ada = app.sign_up("ada@example.com").await;
    let token = app.token(&ada).await;

    let wrong = app.post(REVOKE).bearer_auth("wrong").form(&[("token", &token)]);
    is_oauth_error(&wrong.answer().await, 401, "invalid_client");
    assert!(is_active(&app, &token).await);
    app.post(REVOKE).form(&[("token", &token)]).answer().await.is_ok(&json!({}));
    assert!(!is_active(&app, &token).await);
}

#[track_caller]
fn is_oauth_error(answer: &Answer, status: u16, error: &str) {
    let body = answer.json();
    assert_eq!((answer.status, &body["error"]), (status, &json!(error)), "{answer:?}");
    assert_eq!(body["error_description"], body["message"]);
    assert_eq!(body["code"], error.to_uppercase());
    assert_eq!(answer.header("cache-control"), Some("no-store"));
}

async fn only_receivers_introspect_tokens(db: TestDatabase) {
    let app = spawn(&db).await;
    let ada = app.sign_up("ada@example.com").await;
    let token = app.token(&ada).await;
    let form = [("token", token.as_str())];

    for secret in ["", "wrong", &RECEIVER[1..], &token, &ada.signed_token] {
        for request in [
            app.post(INTROSPECT).bearer_auth(secret),
            app.post(INTROSPECT).basic_auth("name", Some(secret)),
        ] {
            let answer = request.form(&form).answer().await;
            is_oauth_error(&answer, 401, "invalid_client");
            let challenge = answer.header("www-authenticate");
            assert_eq!(challenge, Some(r#"Bearer, Basic realm="auth-service""#));
        }
    }
    for credentials in ["Basic", "Basic ?", &format!("Basic {}", BASE64_STANDARD.encode("name"))] {
        let request = app.post(INTROSPECT).header("authorization", credentials);
        is_oauth_error(&request.form(&form).answer().await, 401, "invalid_client");
    }
    let without = app.post(INTROSPECT).form(&form).answer().await;
    is_oauth_error(&without, 401, "invalid_client");
    let twice = introspection(&app, &token).header("authorization", "Bearer x");
    is_oauth_error(&twice.answer().await, 401, "invalid_client");

    // The secret may also be escaped as in a form, as RFC 6749 §2.3.1 requires of clients.
    let escaped = "the+secret+of+a+receiver%3A+100%25+%2B+more";
    let escaped = app.post(INTROSPECT).basic_auth("name", Some(escaped)).form(&form);
    assert_eq!(escaped.answer().await.json()["active"], true);

    let closed = TestApp::spawn(&db).await;
    for path in [INTROSPECT, REVOKE] {
        let answer = closed.post(path).bearer_auth(RECEIVER).form(&form).answer().await;
        let message = "Token introspection and revocation are disabled";
        answer.is_error(404, "INTROSPECTION_NOT_OFFERED", message);
    }
}

async fn a_request_must_be_well_formed(db: TestDatabase) {
    let app = spawn(&db).await;
    for path in [INTROSPECT, REVOKE] {
        let send = async |body: String| {
            let request = app.post(path).bearer_auth(RECEIVER);
            request.header("content-type", FORM).body(body).answer().await
        };
        for body in ["", "token=", "Token=a", "token_type_hint=access_token", "token=a&token=b"] {
            is_oauth_error(&send(body.to_owned()).await, 400, "invalid_request");
        }
        assert_eq!(send(format!("token={}", "a".repeat(20_000))).await.status, 413);
        let json = app.post(path).bearer_auth(RECEIVER).json(&json!({ "token": "a" }));
        assert_eq!(json.answer().await.status, 415);
        for method in [Method::GET, Method::HEAD, Method::PUT] {
            let request = app.client.request(method, app.url(path)).bearer_auth(RECEIVER);
            let answer = request.answer().await;
            assert_eq!((answer.status, answer.body.as_str()), (404, ""));
        }
    }
}

const FORM: &str = "application/x-www-form-urlencoded; charset=utf-8";

async fn receivers_are_not_rate_limited(db: TestDatabase) {
    let app = TestApp::spawn_with(&db, |config| {
        with_receivers(config);
        config.rate_limit = true;
    })
    .await;
    for _ in 0..101 {
        assert_eq!(introspection(&app, "unknown").answer().await.status, 200);
    }
    let mut statuses = Vec::new();
    for _ in 0..4 {
        let revocation = app.post(REVOKE).form(&[("token", "unknown")]);
        statuses.push(revocation.answer().await.status);
    }
    assert_eq!(statuses, [200, 200, 200, 429]);
    let revocation = app.post(REVOKE).bearer_auth(RECEIVER).form(&[("token", "unknown")]);
    assert_eq!(revocation.answer().await.status, 200);
}
