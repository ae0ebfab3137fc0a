//! OAuth clients as callers: their scopes, the challenges that they get, and their own tasks.

use database::{on_both_engines, testing::TestDatabase};
use reqwest::{Method, Response, StatusCode};
use serde_json::{Value, json};
use task_service::config::Config;

use crate::app::{ISSUER, TestApp, claims, problem};

on_both_engines!(task_service::MIGRATIONS;
    a_client_does_what_its_scopes_allow,
    a_client_owns_its_own_tasks,
    a_client_without_scopes_may_do_nothing,
    a_users_token_has_full_rights_whatever_its_scopes,
    authentication_comes_before_scopes_and_scopes_before_input,
    challenges_name_the_metadata,
    the_metadata_names_issuers_and_scopes,
);

const CLIENT: &str = "0198c0a4-6f0e-7b53-9a75-3f5b3c1f2f10";
const READ: &str = "tasks:read";
const WRITE: &str = "tasks:write";
const METADATA: &str = "/.well-known/oauth-protected-resource";

/// Returns a client's access token (RFC 9068).
fn client_token(app: &TestApp, scope: &Value) -> String {
    token(app, CLIENT, &json!({ "client_id": CLIENT, "scope": scope }))
}

/// Returns a token with `typ: at+jwt` and the additional claims `more`.
fn token(app: &TestApp, sub: &str, more: &Value) -> String {
    let mut claims = claims(sub);
    claims.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let header = json!({ "alg": "EdDSA", "kid": "first", "typ": "at+jwt" });
    app.keys.issuer().sign_with_header(&header, &claims)
}

/// Asserts that the request was refused because its token lacks this scope (RFC 6750 §3.1).
async fn lacks(scope: &str, response: Response) {
    assert_eq!(response.status(), StatusCode::FORBIDDEN);
    let challenge = format!(r#"Bearer error="insufficient_scope", scope="{scope}""#);
    assert_eq!(response.headers()["www-authenticate"], challenge);
    assert!(response.headers().contains_key("ratelimit-remaining"));
    let problem = problem(response).await;
    assert_eq!(problem["code"], "insufficient_scope");
    assert_eq!(problem["detail"], format!("The token lacks the scope {scope}"));
}

async fn a_client_does_what_its_scopes_allow(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let [read, write, both] = [READ, WRITE, "other tasks:write tasks:read"]
        .map(|scope| client_token(&app, &scope.into()));
    let body = json!({ "title": "t" });
    let task = app.create(&write, &body).await;
    let (id, path) = (task["id"].as_str().unwrap(), format!("/api/tasks/{}", task["id"]));
    let path = path.replace('"', "");

    for path in ["/api/tasks", &path] {
        for method in [Method::GET, Method::HEAD] {
            for token in [&read, &both] {
                let response = app.request(method.clone(), path, token).send().await.unwrap();
                assert_eq!(response.status(), StatusCode::OK, "{method} {path}");
            }
            let refused = app.request(method.clone(), path, &write).send().await.unwrap();
            assert_eq!(refused.status(), StatusCode::FORBIDDEN, "{method} {path}");
        }
        lacks(READ, app.get(path, &write).await).await;
    }
    lacks(WRITE, app.post(&read, &body).await).await;
    lacks(WRITE, app.patch(id, &read, &body).await).await;
    let put = app.request(Method::PUT, &path, &read).json(&body).send().await.unwrap();
    lacks(WRITE, put).await;
    lacks(WRITE, app.delete(id, &read).await).await;
    assert_eq!(app.patch(id, &write, &body).await.status(), StatusCode::OK);
    assert_eq!(app.delete(id, &both).await.status(), StatusCode::NO_CONTENT);
}

async fn a_client_owns_its_own_tasks(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let (ada, client) = (app.token("ada"), client_token(&app, &"tasks:read tasks:write".into()));
    let hers = app.create(&ada, &json!({ "title": "Ada's" })).await;
    let its = app.create(&client, &json!({ "title": "the client's" })).await;
    assert_eq!(its["user_id"], CLIENT);
    assert_eq!(app.titles("/api/tasks", &client).await, ["the client's"]);
    assert_eq!(app.titles("/api/tasks", &ada).await, ["Ada's"]);
    for (task, token) in [(&hers, &client), (&its, &ada)] {
        let id = task["id"].as_str().unwrap();
        let response = app.get(&format!("/api/tasks/{id}"), token).await;
        assert_eq!(response.status(), StatusCode::FORBIDDEN);
        assert!(!response.headers().contains_key("www-authenticate"));
        assert_eq!(problem(response).await["code"], "forbidden");
    }
}

async fn a_client_without_scopes_may_do_nothing(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let scopes =
        [json!(null), json!(""), json!(7), json!([READ, WRITE]), json!("tasks:readtasks:write")];
    for scope in scopes.into_iter().chain([json!("TASKS:READ"), json!("tasks:read\ttasks:write")]) {
        let token = client_token(&app, &scope);
        lacks(READ, app.get("/api/tasks", &token).await).await;
        lacks(WRITE, app.post(&token, &json!({ "title": "t" })).await).await;
    }
    let without = token(&app, CLIENT, &json!({ "client_id": CLIENT }));
    lacks(READ, app.get("/api/tasks", &without).await).await;
    let scope = json!({ "client_id": CLIENT, "scope": READ });
    let plain = {
        let mut claims = claims(CLIENT);
        claims.as_object_mut().unwrap().extend(scope.as_object().unwrap().clone());
        app.keys.issuer().sign(&claims)
    };
    lacks(WRITE, app.post(&plain, &json!({ "title": "t" })).await).await;
}

async fn a_users_token_has_full_rights_whatever_its_scopes(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    for more in [
        json!({}),
        json!({ "scope": "openid" }),
        json!({ "scope": "" }),
        json!({ "scope": [READ] }),
        json!({ "client_id": "web-app", "scope": "openid" }),
        json!({ "client_id": ["ada"] }),
        json!({ "client_id": null }),
    ] {
        let token = token(&app, "ada", &more);
        let task = app.create(&token, &json!({ "title": "t" })).await;
        assert_eq!(app.status_for(&token).await, StatusCode::OK, "{more}");
        let deleted = app.delete(task["id"].as_str().unwrap(), &token).await;
        assert_eq!(deleted.status(), StatusCode::NO_CONTENT, "{more}");
    }
}

async fn authentication_comes_before_scopes_and_scopes_before_input(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let read = client_token(&app, &READ.into());
    let path = "/api/tasks/not-an-id";
    let send = async |token: &str| {
        app.request(Method::PATCH, path, token).body("{ not json").send().await.unwrap()
    };
    assert_eq!(send("nonsense").await.status(), StatusCode::UNAUTHORIZED);
    lacks(WRITE, send(&read).await).await;
}

fn with_address(config: &mut Config) {
    config.tasks_url = Some("https://tasks.example.com".parse().unwrap());
}

async fn challenges_name_the_metadata(db: TestDatabase) {
    let app = TestApp::spawn_with(&db, with_address).await;
    let (none, read) = (app.client.get(app.url("/api/tasks")), client_token(&app, &READ.into()));
    let metadata =
        r#"resource_metadata="https://tasks.example.com/.well-known/oauth-protected-resource""#;
    for (response, challenge) in [
        (none.send().await.unwrap(), "Bearer".to_owned()),
        (app.get("/api/tasks", "nonsense").await, r#"Bearer error="invalid_token","#.to_owned()),
        (
            app.post(&read, &json!({ "title": "t" })).await,
            format!(r#"Bearer error="insufficient_scope", scope="{WRITE}","#),
        ),
    ] {
        let sent = &response.headers()["www-authenticate"];
        assert_eq!(sent, &format!("{challenge} {metadata}"));
    }
    let listed = app.get("/api/tasks", &read).await;
    assert!(!listed.headers().contains_key("www-authenticate"));
}

async fn the_metadata_names_issuers_and_scopes(db: TestDatabase) {
    let other = "https://other.test|a|https://other.test/jwks";
    let app = TestApp::spawn_with(&db, |config| {
        with_address(config);
        config.trusted_issuers = vec![other.parse().unwrap()];
    })
    .await;
    let response = app.client.get(app.url(METADATA)).send().await.unwrap();
    assert_eq!(response.headers()["content-type"], "application/json");
    let metadata: Value = response.json().await.unwrap();
    assert_eq!(
        metadata,
        json!({
            "resource": "https://tasks.example.com",
            "authorization_servers": [ISSUER, "https://other.test"],
            "scopes_supported": [READ, WRITE],
            "bearer_methods_supported": ["header"],
        })
    );
    let refused = app.client.post(app.url(METADATA)).send().await.unwrap();
    assert_eq!(refused.status(), StatusCode::METHOD_NOT_ALLOWED);

    let without = TestApp::spawn(&db).await;
    let response = without.client.get(without.url(METADATA)).send().await.unwrap();
    assert_eq!(response.status(), StatusCode::NOT_FOUND);
    assert_eq!(problem(response).await["code"], "not_found");
}
