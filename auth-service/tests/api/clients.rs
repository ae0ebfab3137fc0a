//! Access tokens for OAuth clients. The tests create the clients with `auth-service clients` while
//! the service runs.

mod assertions;
mod commands;
mod key;
mod lifecycle;

use auth_service::config::Config;
use base64::{Engine as _, prelude::BASE64_STANDARD};
use database::{on_both_engines, testing::TestDatabase};
use reqwest::RequestBuilder;
use serde_json::{Value, json};

use crate::{
    app::{Answer, Answering as _, BASE_URL, Form as _, TestApp, is_nobody, members},
    secrets::process,
    token::{jwks, verified},
};

on_both_engines!(auth_service::MIGRATIONS;
    a_client_gets_a_token_with_its_secret,
    the_credentials_must_be_right,
    a_client_gets_only_its_scopes,
    a_client_gets_only_its_audiences,
    requests_must_be_well_formed,
    a_clients_token_is_not_a_session,
    tokens_expire_after_the_configured_time,
    requests_for_tokens_are_limited,
    clients_find_the_endpoints,
);

pub(crate) const TOKEN: &str = "/api/auth/oauth2/token";
const RECEIVER: &str = "the secret of a receiver, in a test";
const GRANT: (&str, &str) = ("grant_type", "client_credentials");

/// Starts a service. Sets its clock to the system time, because the commands use the system time.
async fn spawn(db: &TestDatabase) -> TestApp {
    let app = TestApp::spawn_with(db, |config: &mut Config| {
        config.events.events_secret = vec![RECEIVER.into()];
    })
    .await;
    app.use_real_time();
    app
}

/// Runs a `clients` command. Returns its exit status, standard output and standard error.
async fn run(db: &TestDatabase, arguments: &[&str]) -> (Option<i32>, String, String) {
    let mut process = process(&db.url(), &[]);
    let output = process.arg("clients").args(arguments).output().await.unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

/// Runs a `clients` command that must succeed, and returns the objects that it prints.
async fn json_of(db: &TestDatabase, arguments: &[&str]) -> Vec<Value> {
    let (status, output, log) = run(db, &[arguments, &["--json"]].concat()).await;
    assert_eq!(status, Some(0), "{log}");
    output.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

struct Client {
    id: String,
    secret: String,
}

impl Client {
    async fn create(db: &TestDatabase, options: &[&str]) -> Self {
        let created = json_of(db, &[&["create", "nightly"], options].concat()).await.remove(0);
        let text = |name: &str| created[name].as_str().unwrap().to_owned();
        Self { id: text("id"), secret: text("secret") }
    }

    /// Returns a request for a token, with the credentials in the `Authorization` header.
    fn request(&self, app: &TestApp, parameters: &[(&str, &str)]) -> RequestBuilder {
        let request = app.post(TOKEN).basic_auth(&self.id, Some(&self.secret));
        request.form(&[&[GRANT], parameters].concat())
    }

    async fn token(&self, app: &TestApp) -> String {
        let answer = self.request(app, &[]).answer().await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.json()["access_token"].as_str().unwrap().to_owned()
    }
}

/// Returns the claims of the access token in a response.
async fn claims(app: &TestApp, answer: &Answer) -> Value {
    let body = answer.json();
    verified(body["access_token"].as_str().unwrap(), &jwks(app).await).unwrap().1
}

#[track_caller]
fn is_oauth_error(answer: &Answer, status: u16, error: &str) {
    let body = answer.json();
    assert_eq!((answer.status, &body["error"]), (status, &json!(error)), "{answer:?}");
    assert_eq!(body["error_description"], body["message"]);
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let challenge = (status == 401).then_some(r#"Basic realm="auth-service""#);
    assert_eq!(answer.header("www-authenticate"), challenge);
}

async fn a_client_gets_a_token_with_its_secret(db: TestDatabase) {
    let app = spawn(&db).await;
    let client = Client::create(&db, &["--scope", "tasks:read,tasks:write"]).await;
    let body = [GRANT, ("client_id", &client.id), ("client_secret", &client.secret)];

    for request in [client.request(&app, &[]), app.post(TOKEN).form(&body)] {
        let answer = request.answer().await;
        assert_eq!(answer.status, 200, "{answer:?}");
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        assert_eq!(answer.header("pragma"), Some("no-cache"));
        let response = answer.json();
        assert_eq!(members(&response), ["access_token", "expires_in", "scope", "token_type"]);
        assert_eq!(response["token_type"], "Bearer");
        assert_eq!(response["expires_in"], 3600);
        assert_eq!(response["scope"], "tasks:read tasks:write");

        let token = response["access_token"].as_str().unwrap();
        let (header, claims) = verified(token, &jwks(&app).await).unwrap();
        assert_eq!((&header["typ"], &header["alg"]), (&json!("at+jwt"), &json!("EdDSA")));
        assert_eq!(
            members(&claims),
            ["aud", "client_id", "exp", "iat", "iss", "jti", "scope", "sub"]
        );
        assert_eq!((&claims["iss"], &claims["aud"]), (&json!(BASE_URL), &json!(BASE_URL)));
        assert_eq!([&claims["sub"], &claims["client_id"]], [&json!(client.id); 2]);
        assert_eq!(claims["scope"], response["scope"]);
        assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), 3600);
    }
}

async fn the_credentials_must_be_right(db: TestDatabase) {
    let app = spawn(&db).await;
    let (one, other) = (Client::create(&db, &[]).await, Client::create(&db, &[]).await);
    let secret = one.secret.as_str();

    for (id, secret) in [
        (one.id.as_str(), ""),
        (&one.id, "wrong"),
        (&one.id, &secret[1..]),
        (&one.id, &format!("{secret}&x")),
        (&format!("{}&x", one.id), secret),
        (&one.id, &other.secret),
        ("unknown", secret),
        ("", secret),
        ("a\0b", secret),
    ] {
        let basic = app.post(TOKEN).basic_auth(id, Some(secret)).form(&[GRANT]);
        is_oauth_error(&basic.answer().await, 401, "invalid_client");
        let body = [GRANT, ("client_id", id), ("client_secret", secret)];
        is_oauth_error(&app.post(TOKEN).form(&body).answer().await, 401, "invalid_client");
    }
    let right = format!("{}:{secret}", one.id);
    for header in [
        format!("Bearer {secret}"),
        "Basic".to_owned(),
        "Basic ?".to_owned(),
        format!("Basic {}", BASE64_STANDARD.encode(&one.id)),
        format!("Basic{}", BASE64_STANDARD.encode(right)),
    ] {
        let request = app.post(TOKEN).header("authorization", header).form(&[GRANT]);
        is_oauth_error(&request.answer().await, 401, "invalid_client");
    }
    let twice = one.request(&app, &[]).header("authorization", "Basic x");
    is_oauth_error(&twice.answer().await, 401, "invalid_client");
    is_oauth_error(&app.post(TOKEN).form(&[GRANT]).answer().await, 401, "invalid_client");

    let both = one.request(&app, &[("client_id", &one.id), ("client_secret", secret)]);
    is_oauth_error(&both.answer().await, 400, "invalid_request");
    let mixed = one.request(&app, &[("client_id", &other.id)]);
    is_oauth_error(&mixed.answer().await, 400, "invalid_request");
    assert_eq!(one.request(&app, &[("client_id", &one.id)]).answer().await.status, 200);
}

async fn a_client_gets_only_its_scopes(db: TestDatabase) {
    let app = spawn(&db).await;
    let client = Client::create(&db, &["--scope", "tasks:read,tasks:write"]).await;
    for (wanted, granted) in [
        ("", "tasks:read tasks:write"),
        ("tasks:read", "tasks:read"),
        ("tasks:write tasks:read", "tasks:write tasks:read"),
        ("tasks:read tasks:read", "tasks:read"),
    ] {
        let answer = client.request(&app, &[("scope", wanted)]).answer().await;
        assert_eq!(answer.json()["scope"], granted, "{wanted}");
        assert_eq!(claims(&app, &answer).await["scope"], granted, "{wanted}");
    }
    for wanted in [
        "admin",
        "tasks:read admin",
        "tasks",
        "TASKS:READ",
        " tasks:read",
        "tasks:read  tasks:write",
    ] {
        let answer = client.request(&app, &[("scope", wanted)]).answer().await;
        is_oauth_error(&answer, 400, "invalid_scope");
    }
    let without = Client::create(&db, &[]).await.request(&app, &[]).answer().await;
    assert_eq!(without.json()["scope"], Value::Null);
    assert_eq!(claims(&app, &without).await["scope"], Value::Null);
}

async fn a_client_gets_only_its_audiences(db: TestDatabase) {
    let app = spawn(&db).await;
    let client = Client::create(&db, &["--audience", "https://a.test,https://b.test"]).await;
    let (a, b) = ("https://a.test", "https://b.test");
    for (resources, audience) in
        [(&[][..], json!(a)), (&[b], json!(b)), (&[b, b], json!(b)), (&[b, a], json!([b, a]))]
    {
        let resources: Vec<_> = resources.iter().map(|resource| ("resource", *resource)).collect();
        let answer = client.request(&app, &resources).answer().await;
        assert_eq!(claims(&app, &answer).await["aud"], audience);
    }
    for resource in ["https://a.test/", "https://c.test", BASE_URL, "a"] {
        let answer =
            client.request(&app, &[("resource", a), ("resource", resource)]).answer().await;
        is_oauth_error(&answer, 400, "invalid_target");
    }
    let by_default = Client::create(&db, &[]).await;
    let answer = by_default.request(&app, &[("resource", BASE_URL)]).answer().await;
    assert_eq!(claims(&app, &answer).await["aud"], BASE_URL);
}

async fn requests_must_be_well_formed(db: TestDatabase) {
    let app = spawn(&db).await;
    let client = Client::create(&db, &["--scope", "a"]).await;
    let send = async |form: &[(&str, &str)]| {
        app.post(TOKEN).basic_auth(&client.id, Some(&client.secret)).form(form).answer().await
    };

    for form in [&[][..], &[("scope", "a")], &[("grant_type", "")], &[GRANT, GRANT]] {
        is_oauth_error(&send(form).await, 400, "invalid_request");
    }
    is_oauth_error(&send(&[GRANT, ("scope", "a"), ("scope", "a")]).await, 400, "invalid_request");
    for grant in ["password", "authorization_code", "refresh_token", "CLIENT_CREDENTIALS"] {
        is_oauth_error(&send(&[("grant_type", grant)]).await, 400, "unsupported_grant_type");
    }
    assert_eq!(send(&[GRANT, ("unknown", "ignored"), ("scope", "")]).await.status, 200);
    let json = app.post(TOKEN).basic_auth(&client.id, Some(&client.secret));
    let json = json.json(&json!({ "grant_type": GRANT.1 })).answer().await;
    is_oauth_error(&json, 415, "invalid_request");
    let large = send(&[GRANT, ("scope", &"a".repeat(20_000))]).await;
    is_oauth_error(&large, 413, "invalid_request");
    for method in ["GET", "HEAD", "PUT", "DELETE"] {
        let request = app.client.request(method.parse().unwrap(), app.url(TOKEN));
        let answer = request.answer().await;
        assert_eq!((answer.status, answer.body.as_str()), (404, ""));
    }
}

async fn a_clients_token_is_not_a_session(db: TestDatabase) {
    let app = spawn(&db).await;
    let token = Client::create(&db, &["--scope", "a"]).await.token(&app).await;
    is_nobody(&app.get("/api/auth/get-session").bearer_auth(&token).answer().await, &[]);
    for path in ["/api/auth/token", "/api/auth/list-sessions", "/api/auth/list-accounts"] {
        let answer = app.get(path).bearer_auth(&token).answer().await;
        answer.is_error(401, "UNAUTHORIZED", "Unauthorized");
    }
}

async fn tokens_expire_after_the_configured_time(db: TestDatabase) {
    for (client, user, lifetime) in [(300, 86_400, 300), (86_400, 600, 600)] {
        let app = TestApp::spawn_with(&db, |config: &mut Config| {
            config.client_token_expires_in = std::time::Duration::from_secs(client);
            config.jwt_expires_in = std::time::Duration::from_secs(user);
        })
        .await;
        let answer = Client::create(&db, &[]).await.request(&app, &[]).answer().await;
        assert_eq!(answer.json()["expires_in"], lifetime);
        let claims = claims(&app, &answer).await;
        let issued_at = claims["iat"].as_i64().unwrap();
        assert_eq!(claims["exp"].as_i64().unwrap() - issued_at, lifetime, "{claims}");
    }
}

async fn requests_for_tokens_are_limited(db: TestDatabase) {
    let app = TestApp::spawn_with(&db, |config| config.rate_limit = true).await;
    let client = Client::create(&db, &[]).await;
    for _ in 0..100 {
        assert_eq!(client.request(&app, &[]).answer().await.status, 200);
    }
    let answer = client.request(&app, &[]).answer().await;
    is_oauth_error(&answer, 429, "temporarily_unavailable");
    assert_eq!(answer.header("retry-after"), Some("10"));
    app.advance(10);
    assert_eq!(client.request(&app, &[]).answer().await.status, 200);
}

async fn clients_find_the_endpoints(db: TestDatabase) {
    let path = "/.well-known/oauth-authorization-server";
    let mut metadata = json!({
        "issuer": BASE_URL,
        "token_endpoint": format!("{BASE_URL}/api/auth/oauth2/token"),
        "jwks_uri": format!("{BASE_URL}/api/auth/jwks"),
        "grant_types_supported": ["client_credentials"],
        "response_types_supported": [],
        "token_endpoint_auth_methods_supported":
            ["client_secret_basic", "client_secret_post", "private_key_jwt"],
        "token_endpoint_auth_signing_alg_values_supported": ["EdDSA", "Ed25519", "ES256"],
    });
    TestApp::spawn(&db).await.get(path).answer().await.is_ok(&metadata);
    let app = spawn(&db).await;
    let receivers = json!({
        "introspection_endpoint": format!("{BASE_URL}/api/auth/oauth2/introspect"),
        "introspection_endpoint_auth_methods_supported": ["client_secret_basic"],
        "revocation_endpoint": format!("{BASE_URL}/api/auth/oauth2/revoke"),
        "revocation_endpoint_auth_methods_supported": ["client_secret_basic", "none"],
    });
    metadata.as_object_mut().unwrap().extend(receivers.as_object().unwrap().clone());
    app.get(path).answer().await.is_ok(&metadata);
    let answer = app.post(path).answer().await;
    answer.is_error(405, "METHOD_NOT_ALLOWED", "Method not allowed");
}
