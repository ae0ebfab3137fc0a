//! Paths: the contract's, the service's own, those of a built front end, and all others.

use std::{fs, path::Path};

use reqwest::Method;
use serde_json::json;
use service_kit::{on_both_engines, testing::TestDatabase};
use tempfile::TempDir;

use crate::app::{
    Answering as _, BASE_URL, GET_SESSION, JWKS, SIGN_IN, SIGN_OUT, SIGN_UP, TOKEN, TestApp,
};

on_both_engines!(auth_service::MIGRATIONS;
    the_service_says_that_it_is_well,
    the_service_says_what_its_tokens_say,
    under_the_base_path_everything_unknown_is_an_empty_404,
    every_endpoint_knows_its_own_method_only,
    elsewhere_an_unknown_path_is_a_json_404,
    a_wrong_method_elsewhere_is_a_json_405_that_names_the_right_ones,
    a_front_end_is_served_with_its_routes,
    a_front_end_does_not_hide_the_api,
    a_front_end_learns_where_the_tasks_are,
    a_front_end_is_told_what_it_may_do,
    what_is_named_after_its_content_is_kept_and_all_else_is_asked_for_again,
    without_a_front_end_nothing_is_configured,
    a_front_end_only_answers_reads,
    nothing_outside_the_web_root_is_served,
);

async fn the_service_says_that_it_is_well(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;

    for (path, body) in [
        ("/api/auth/ok", json!({ "ok": true })),
        ("/health/live", json!({ "status": "ok" })),
        (
            "/health/ready",
            json!({ "status": "ok", "database": "ok", "schema": "ok", "keys": "ok" }),
        ),
    ] {
        let answer = app.get(path).answer().await;
        assert_eq!((answer.status, answer.json()), (200, body), "{path}");
        assert_eq!(answer.header("content-type"), Some("application/json"));
    }
}

async fn the_service_says_what_its_tokens_say(db: TestDatabase) {
    let app = TestApp::spawn_with(&db, |config| {
        config.better_auth_audience = Some("https://api.example.com".into());
    })
    .await;

    let answer = app.get("/.well-known/issuer.json").answer().await;

    answer.is_ok(&json!({
        "issuer": BASE_URL, "audience": "https://api.example.com", "url": BASE_URL,
    }));
}

async fn under_the_base_path_everything_unknown_is_an_empty_404(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let mut requests = vec![
        (Method::GET, "/api/auth".to_owned()),
        (Method::GET, "/api/auth/".to_owned()),
        (Method::GET, "/api/auth/unknown".to_owned()),
        (Method::GET, "/api/auth//ok".to_owned()),
        (Method::GET, "/api/auth/OK".to_owned()),
        (Method::GET, "/api/auth/ok%00".to_owned()),
        (Method::GET, "/api/auth/%ff".to_owned()),
        (Method::GET, "/api/auth/.well-known/jwks.json".to_owned()),
    ];
    for path in [SIGN_UP, SIGN_IN, SIGN_OUT] {
        for method in [Method::GET, Method::HEAD, Method::OPTIONS, Method::PUT, Method::DELETE] {
            requests.push((method, path.to_owned()));
        }
        requests.push((Method::POST, format!("{path}/")));
    }
    for path in [GET_SESSION, TOKEN, JWKS, "/api/auth/ok"] {
        for method in [Method::HEAD, Method::OPTIONS, Method::PUT, Method::PATCH, Method::TRACE] {
            requests.push((method, path.to_owned()));
        }
        requests.push((Method::GET, format!("{path}/")));
    }
    for path in [TOKEN, JWKS, "/api/auth/ok"] {
        requests.push((Method::POST, path.to_owned()));
    }

    for (method, path) in requests {
        let answer = app.client.request(method.clone(), app.url(&path)).answer().await;
        assert_eq!((answer.status, answer.body.as_str()), (404, ""), "{method} {path}");
        assert_eq!(answer.header("content-type"), None, "{method} {path}");
    }
}

async fn every_endpoint_knows_its_own_method_only(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let (get, post) = (Method::GET, Method::POST);

    for (own, path) in [
        (&post, "sign-up/email"),
        (&post, "sign-in/email"),
        (&post, "sign-in/social"),
        (&post, "sign-out"),
        (&get, "token"),
        (&get, "jwks"),
        (&get, "list-sessions"),
        (&post, "revoke-session"),
        (&post, "revoke-sessions"),
        (&post, "revoke-other-sessions"),
        (&post, "update-user"),
        (&post, "change-password"),
        (&post, "verify-password"),
        (&post, "change-email"),
        (&post, "delete-user"),
        (&get, "delete-user/callback"),
        (&get, "list-accounts"),
        (&post, "request-password-reset"),
        (&get, "reset-password/token"),
        (&post, "reset-password"),
        (&post, "send-verification-email"),
        (&get, "verify-email"),
        (&get, "ok"),
        (&get, "error"),
    ] {
        let send = async |method: &Method| {
            let url = app.url(&format!("/api/auth/{path}"));
            app.client.request(method.clone(), url).answer().await
        };
        assert!(!send(own).await.body.is_empty(), "{own} {path}");
        let others = [Method::HEAD, Method::OPTIONS, Method::PUT, Method::PATCH, Method::DELETE];
        for other in [&get, &post].into_iter().chain(&others).filter(|other| *other != own) {
            let answer = send(other).await;
            assert_eq!((answer.status, answer.body.as_str()), (404, ""), "{other} {path}");
            assert_eq!(answer.header("content-type"), None, "{other} {path}");
        }
    }
}

async fn elsewhere_an_unknown_path_is_a_json_404(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;

    for path in
        ["/", "/unknown", "/api", "/api/authx", "/jwks/", "/health", "/%00", "/%ff", "/a%2Fb"]
    {
        for method in [Method::GET, Method::POST, Method::DELETE] {
            let answer = app.client.request(method, app.url(path)).answer().await;
            answer.is_error(404, "NOT_FOUND", "Not found");
        }
    }
}

async fn a_wrong_method_elsewhere_is_a_json_405_that_names_the_right_ones(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;

    for path in [
        "/jwks",
        "/.well-known/jwks.json",
        "/.well-known/issuer.json",
        "/health/live",
        "/health/ready",
    ] {
        for method in [Method::POST, Method::DELETE, Method::TRACE] {
            let answer = app.client.request(method.clone(), app.url(path)).answer().await;
            answer.is_error(405, "METHOD_NOT_ALLOWED", "Method not allowed");
            assert_eq!(answer.header("allow"), Some("GET"), "{method} {path}");
        }
    }
}

/// A folder with a front end in `site`, and something private beside it.
fn web_root() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let site = folder.path().join("site");
    fs::create_dir_all(site.join("assets")).unwrap();
    let write = |path: &Path, text: &str| fs::write(path, text).unwrap();
    write(&site.join("index.html"), "<!doctype html><title>App</title>");
    write(&site.join("assets/app.js"), "console.log(1)");
    write(&site.join(".env"), "PRIVATE");
    write(&folder.path().join("private.txt"), "PRIVATE");
    folder
}

async fn spawn_with_front_end(db: &TestDatabase, folder: &TempDir) -> TestApp {
    TestApp::spawn_with(db, |config| config.web_root = Some(folder.path().join("site"))).await
}

async fn a_front_end_is_served_with_its_routes(db: TestDatabase) {
    let folder = web_root();
    let app = spawn_with_front_end(&db, &folder).await;

    let script = app.get("/assets/app.js").answer().await;
    assert_eq!((script.status, script.body.as_str()), (200, "console.log(1)"));
    assert!(script.header("content-type").unwrap().contains("javascript"));
    for path in ["/", "/index.html", "/tasks", "/tasks/42?x=y", "/assets", "/api", "/%C3%BC"] {
        let page = app.get(path).answer().await;
        assert_eq!(page.status, 200, "{path}");
        assert_eq!(page.body, "<!doctype html><title>App</title>", "{path}");
        assert!(page.header("content-type").unwrap().starts_with("text/html"), "{path}");
    }
}

async fn a_front_end_does_not_hide_the_api(db: TestDatabase) {
    let folder = web_root();
    let app = spawn_with_front_end(&db, &folder).await;

    for path in [JWKS, "/jwks", "/.well-known/jwks.json"] {
        assert!(app.get(path).answer().await.json()["keys"].is_array(), "{path}");
    }
    assert_eq!(app.get("/health/ready").answer().await.json()["status"], "ok");
    let unknown = app.get("/api/auth/unknown").answer().await;
    assert_eq!((unknown.status, unknown.body.as_str()), (404, ""));
    let ada = app.sign_up("ada@example.com").await;
    assert_eq!(app.get_session(&ada.cookie).await.json()["user"], ada.user);
}

async fn a_front_end_learns_where_the_tasks_are(db: TestDatabase) {
    let folder = web_root();
    let app = TestApp::spawn_with(&db, |config| {
        config.web_root = Some(folder.path().join("site"));
        config.tasks_url = "https://tasks.example.com".parse().unwrap();
    })
    .await;

    let answer = app.get("/config.json").answer().await;

    let settings = json!({ "tasksUrl": "https://tasks.example.com" });
    assert_eq!((answer.status, answer.json()), (200, settings));
    let policy = answer.header("content-security-policy").unwrap();
    assert!(policy.contains("connect-src 'self' https://tasks.example.com;"), "{policy}");
    app.client.post(app.url("/config.json")).answer().await.is_error(
        405,
        "METHOD_NOT_ALLOWED",
        "Method not allowed",
    );
}

async fn a_front_end_is_told_what_it_may_do(db: TestDatabase) {
    let folder = web_root();
    let app = spawn_with_front_end(&db, &folder).await;

    for path in ["/", "/tasks/42", "/assets/app.js", "/assets/gone.js", "/config.json"] {
        let answer = app.get(path).answer().await;
        let policy = answer.header("content-security-policy").unwrap();
        assert!(policy.starts_with("default-src 'none'; script-src 'self';"), "{path}: {policy}");
        assert!(policy.contains("connect-src 'self' http://localhost:8000;"), "{path}: {policy}");
        assert!(policy.ends_with("frame-ancestors 'none'"), "{path}: {policy}");
        assert!(!policy.contains("unsafe"), "{path}: {policy}");
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"), "{path}");
        assert_eq!(answer.header("referrer-policy"), Some("no-referrer"), "{path}");
    }
    assert_eq!(app.get(GET_SESSION).answer().await.header("content-security-policy"), None);
}

async fn what_is_named_after_its_content_is_kept_and_all_else_is_asked_for_again(db: TestDatabase) {
    let folder = web_root();
    let app = spawn_with_front_end(&db, &folder).await;

    let asset = app.get("/assets/app.js").answer().await;
    assert_eq!(asset.header("cache-control"), Some("public, max-age=31536000, immutable"));
    for path in ["/", "/index.html", "/tasks", "/assets", "/config.json"] {
        assert_eq!(
            app.get(path).answer().await.header("cache-control"),
            Some("no-cache"),
            "{path}"
        );
    }
    let gone = app.get("/assets/gone.js").answer().await;
    gone.is_error(404, "NOT_FOUND", "Not found");
    assert_eq!(gone.header("cache-control"), Some("no-cache"));
}

async fn without_a_front_end_nothing_is_configured(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;

    app.get("/config.json").answer().await.is_error(404, "NOT_FOUND", "Not found");
}

async fn a_front_end_only_answers_reads(db: TestDatabase) {
    let folder = web_root();
    let app = spawn_with_front_end(&db, &folder).await;

    let head = app.client.head(app.url("/tasks")).answer().await;
    assert_eq!((head.status, head.body.as_str()), (200, ""));
    for path in ["/", "/tasks", "/assets/app.js"] {
        for method in [Method::POST, Method::DELETE, Method::TRACE] {
            let answer = app.client.request(method, app.url(path)).answer().await;
            answer.is_error(405, "METHOD_NOT_ALLOWED", "Method not allowed");
            assert_eq!(answer.header("allow"), Some("GET, HEAD"));
        }
    }
}

async fn nothing_outside_the_web_root_is_served(db: TestDatabase) {
    let folder = web_root();
    let app = spawn_with_front_end(&db, &folder).await;

    for path in [
        "/../private.txt",
        "/assets/../../private.txt",
        "/..%2fprivate.txt",
        "/%2e%2e/private.txt",
        "/%2e%2e%2fprivate.txt",
        "/%252e%252e/private.txt",
        "/..%5cprivate.txt",
        "/assets/..%00/../../private.txt",
        "//private.txt",
        "/./../private.txt",
        "/.env",
        "/%2eenv",
        "/assets/%2e%2e/.env",
        "/\\..\\private.txt",
    ] {
        let request =
            format!("GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n");
        let answer = app.raw(request.as_bytes()).await;
        assert!(answer.starts_with("HTTP/1.1 "), "{path}: {answer}");
        assert!(!answer.contains("PRIVATE"), "{path}: {answer}");
        // Either the application's page or a clean refusal.
        let is_page = answer.starts_with("HTTP/1.1 200 ") && answer.contains("<title>App</title>");
        let is_refusal = answer.starts_with("HTTP/1.1 4") && answer.contains("application/json");
        assert!(is_page || is_refusal, "{path}: {answer}");
    }
}
