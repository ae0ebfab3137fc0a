//! Rotation of a client's secret, disabling and deletion of clients, introspection and revocation
//! of their tokens, and the time of their last use.

use database::{on_both_engines, testing::TestDatabase};
use serde_json::{Value, json};

use super::{Client, RECEIVER, is_oauth_error, json_of, run, spawn};
use crate::{
    app::{Answering as _, BASE_URL, DAY, Form as _, TestApp, values},
    token::{jwks, verified},
};

on_both_engines!(auth_service::MIGRATIONS;
    both_secrets_are_valid_for_a_while_after_a_rotation,
    the_old_secret_can_end_at_once,
    a_disabled_client_gets_no_token,
    a_token_from_before_a_client_was_enabled_stays_revoked,
    a_deleted_client_is_published_as_deleted,
    a_clients_token_is_introspected_and_revoked,
    the_last_use_is_recorded_to_the_minute,
);

async fn status(app: &TestApp, id: &str, secret: &str) -> u16 {
    let client = Client { id: id.to_owned(), secret: secret.to_owned() };
    client.request(app, &[]).answer().await.status
}

/// Introspects a token with the secret [`RECEIVER`] as the credential, and returns the response.
async fn introspect(app: &TestApp, token: &str) -> Value {
    let request = app.post("/api/auth/oauth2/introspect").bearer_auth(RECEIVER);
    request.form(&[("token", token)]).answer().await.json()
}

async fn is_active(app: &TestApp, token: &str) -> bool {
    introspect(app, token).await["active"] == true
}

/// Returns the published events, each as its type and its subject.
async fn published(app: &TestApp) -> Vec<(String, Value)> {
    let feed = app.post("/security-events").bearer_auth(RECEIVER);
    let body = json!({ "returnImmediately": true });
    let (answer, keys) = (feed.json(&body).answer().await, jwks(app).await);
    let events = answer.json()["sets"].take();
    let claims = events.as_object().unwrap().values().map(|event| {
        let claims = verified(event.as_str().unwrap(), &keys).unwrap().1;
        let kind = claims["events"].as_object().unwrap().keys().next().unwrap().clone();
        (kind.rsplit('/').next().unwrap().to_owned(), claims["sub_id"].clone())
    });
    claims.collect()
}

async fn both_secrets_are_valid_for_a_while_after_a_rotation(db: TestDatabase) {
    let app = spawn(&db).await;
    let Client { id, secret: first } = Client::create(&db, &[]).await;
    let rotated = json_of(&db, &["rotate", &id]).await.remove(0);
    let second = rotated["secret"].as_str().unwrap().to_owned();
    assert_ne!(first, second);
    assert!(rotated["oldCredentialExpiresAt"].is_string(), "{rotated}");
    assert_eq!([status(&app, &id, &first).await, status(&app, &id, &second).await], [200, 200]);

    app.use_real_time();
    app.advance(DAY);
    assert_eq!([status(&app, &id, &first).await, status(&app, &id, &second).await], [401, 200]);
    let third = json_of(&db, &["rotate", &id, "--overlap", "2d"]).await.remove(0);
    let third = third["secret"].as_str().unwrap();
    let statuses = [
        status(&app, &id, &first).await,
        status(&app, &id, &second).await,
        status(&app, &id, third).await,
    ];
    assert_eq!(statuses, [401, 200, 200]);
}

async fn the_old_secret_can_end_at_once(db: TestDatabase) {
    let app = spawn(&db).await;
    let Client { id, secret: first } = Client::create(&db, &[]).await;
    let (code, output, log) = run(&db, &["rotate", &id, "--overlap", "0s"]).await;
    assert_eq!(code, Some(0), "{log}");
    assert!(!output.contains("old credential"), "{output}");
    let second = output.lines().find_map(|line| line.strip_prefix("client_secret: ")).unwrap();
    assert_eq!([status(&app, &id, &first).await, status(&app, &id, second).await], [401, 200]);
}

async fn a_disabled_client_gets_no_token(db: TestDatabase) {
    let app = spawn(&db).await;
    let client = Client::create(&db, &[]).await;
    app.advance(-5);
    let token = client.token(&app).await;
    assert!(is_active(&app, &token).await);

    for _ in 0..2 {
        let disabled = json_of(&db, &["disable", &client.id]).await.remove(0);
        assert_eq!((&disabled["isActive"], &disabled["secret"]), (&json!(false), &Value::Null));
        is_oauth_error(&client.request(&app, &[]).answer().await, 401, "invalid_client");
        assert!(!is_active(&app, &token).await);
    }
    let enabled = json_of(&db, &["enable", &client.id]).await.remove(0);
    assert_eq!(enabled["isActive"], true);
    assert!(!is_active(&app, &token).await, "a revoked token stays revoked");
    app.use_real_time();
    assert!(is_active(&app, &client.token(&app).await).await, "also in the same second");

    let subject = json!({ "format": "iss_sub", "iss": BASE_URL, "sub": client.id });
    let events = ["account-disabled", "account-enabled"];
    assert_eq!(published(&app).await, events.map(|kind| (kind.to_owned(), subject.clone())));
}

/// The security event that disables the client may have an earlier time than the token, because the
/// command reads the clock before its transaction. The token stays revoked nevertheless.
async fn a_token_from_before_a_client_was_enabled_stays_revoked(db: TestDatabase) {
    let app = spawn(&db).await;
    let client = Client::create(&db, &[]).await;
    app.advance(-5);
    let token = client.token(&app).await;
    json_of(&db, &["disable", &client.id]).await;
    db.change("UPDATE security_events SET created_at = '2025-01-01T00:00:00.000000Z'").await;
    assert!(!is_active(&app, &token).await);
    json_of(&db, &["enable", &client.id]).await;
    assert!(!is_active(&app, &token).await);
}

async fn a_deleted_client_is_published_as_deleted(db: TestDatabase) {
    let app = spawn(&db).await;
    let client = Client::create(&db, &[]).await;
    let token = client.token(&app).await;
    json_of(&db, &["delete", &client.id, "--yes"]).await;

    is_oauth_error(&client.request(&app, &[]).answer().await, 401, "invalid_client");
    assert!(!is_active(&app, &token).await);
    let subject = json!({ "format": "iss_sub", "iss": BASE_URL, "sub": client.id });
    assert_eq!(published(&app).await, [("account-purged".to_owned(), subject)]);
}

async fn a_clients_token_is_introspected_and_revoked(db: TestDatabase) {
    let app = spawn(&db).await;
    let client = Client::create(&db, &["--scope", "a,b", "--audience", "https://a.test"]).await;
    let [token, other] = [client.token(&app).await, client.token(&app).await];
    let (_, mut claims) = verified(&token, &jwks(&app).await).unwrap();
    let jti = claims["jti"].clone();
    let state = json!({ "active": true, "token_type": "Bearer" });
    claims.as_object_mut().unwrap().extend(state.as_object().unwrap().clone());
    assert_eq!(introspect(&app, &token).await, claims);

    for _ in 0..2 {
        let revocation = app.post("/api/auth/oauth2/revoke").form(&[("token", &token)]);
        revocation.answer().await.is_ok(&json!({}));
    }
    assert_eq!([is_active(&app, &token).await, is_active(&app, &other).await], [false, true]);
    let subject = json!({ "format": "jwt_id", "iss": BASE_URL, "jti": jti });
    assert_eq!(published(&app).await, [("session-revoked".to_owned(), subject)]);

    let own = client.token(&app).await;
    for (secret, status) in [("wrong", 401), (&*client.secret, 200)] {
        assert!(is_active(&app, &own).await);
        let revocation = app.post("/api/auth/oauth2/revoke").basic_auth(&client.id, Some(secret));
        assert_eq!(revocation.form(&[("token", &own)]).answer().await.status, status);
    }
    assert!(!is_active(&app, &own).await);
    app.advance(3600);
    assert!(!is_active(&app, &other).await, "expired");
}

async fn the_last_use_is_recorded_to_the_minute(db: TestDatabase) {
    let app = spawn(&db).await;
    let client = Client::create(&db, &[]).await;
    let last_use = async || {
        let times = "SELECT coalesce(CAST(last_used_at AS text), '') AS value FROM oauth_clients";
        values(&db, times).await.remove(0)
    };
    assert_eq!(last_use().await, "");
    client.token(&app).await;
    let first = last_use().await;
    app.advance(59);
    client.token(&app).await;
    assert_eq!(last_use().await, first);
    app.advance(1);
    client.token(&app).await;
    assert_ne!(last_use().await, first);
    let listed = json_of(&db, &["list"]).await.remove(0);
    assert!(listed["lastUsedAt"].is_string(), "{listed}");
}
