//! Paths of Better Auth's API, of the service itself and of a built web app, and unknown paths.

use std::{fs, os::unix::fs::symlink, path::Path};

use database::{on_both_engines, testing::TestDatabase};
use reqwest::Method;
use serde_json::json;
use tempfile::TempDir;

use crate::app::{
    Answering as _, BASE_URL, GET_SESSION, JWKS, SIGN_IN, SIGN_OUT, SIGN_UP, TOKEN, TestApp,
};

on_both_engines!(auth_service::MIGRATIONS;
    the_service_reports_its_health,
    the_service_reports_its_issuer_and_audience,
    unknown_paths_below_the_base_path_are_an_empty_404,
    every_endpoint_accepts_its_own_method_only,
    unknown_paths_elsewhere_are_a_json_404,
    a_wrong_method_elsewhere_is_a_json_405_with_allow,
    a_web_app_is_served_with_its_routes,
    a_missing_file_and_an_unknown_endpoint_are_no_pages,
    compressed_copies_are_served_to_clients_that_accept_them,
    a_setting_extends_the_content_security_policy,
    a_web_app_does_not_hide_the_api,
    a_web_app_is_told_its_settings,
    a_web_app_is_served_with_security_headers,
    hashed_assets_are_immutable_and_other_files_revalidated,
    without_a_web_app_config_json_is_404,
    a_web_app_accepts_get_and_head_only,
    nothing_outside_the_web_root_is_served,
    a_path_with_dot_segments_is_no_asset,
    symbolic_links_that_lead_out_of_the_web_root_are_refused,
);

async fn the_service_reports_its_health(db: TestDatabase) {
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

async fn the_service_reports_its_issuer_and_audience(db: TestDatabase) {
    let app = TestApp::spawn_with(&db, |config| {
        config.better_auth_audience = Some("https://api.example.com".into());
    })
    .await;

    let answer = app.get("/.well-known/issuer.json").answer().await;

    answer.is_ok(&json!({
        "issuer": BASE_URL, "audience": "https://api.example.com", "url": BASE_URL,
    }));
}

async fn unknown_paths_below_the_base_path_are_an_empty_404(db: TestDatabase) {
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
        for method in [Method::OPTIONS, Method::PUT, Method::PATCH, Method::TRACE] {
            requests.push((method, path.to_owned()));
        }
        requests.push((Method::GET, format!("{path}/")));
        requests.push((Method::HEAD, format!("{path}/")));
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

async fn every_endpoint_accepts_its_own_method_only(db: TestDatabase) {
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
        let others = others.iter().filter(|other| *own == post || *other != Method::HEAD);
        for other in [&get, &post].into_iter().chain(others).filter(|other| *other != own) {
            let answer = send(other).await;
            assert_eq!((answer.status, answer.body.as_str()), (404, ""), "{other} {path}");
            assert_eq!(answer.header("content-type"), None, "{other} {path}");
        }
    }
}

async fn unknown_paths_elsewhere_are_a_json_404(db: TestDatabase) {
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

async fn a_wrong_method_elsewhere_is_a_json_405_with_allow(db: TestDatabase) {
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
            assert_eq!(answer.header("allow"), Some("GET, HEAD"), "{method} {path}");
        }
    }
}

/// Creates a folder with a web app in `site`, and a private file next to it.
pub(crate) fn web_root() -> TempDir {
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

pub(crate) async fn spawn_with_front_end(db: &TestDatabase, folder: &TempDir) -> TestApp {
    TestApp::spawn_with(db, |config| config.web_root = Some(folder.path().join("site"))).await
}

async fn a_web_app_is_served_with_its_routes(db: TestDatabase) {
    let folder = web_root();
    let app = spawn_with_front_end(&db, &folder).await;

    let script = app.get("/assets/app.js").answer().await;
    assert_eq!((script.status, script.body.as_str()), (200, "console.log(1)"));
    assert!(script.header("content-type").unwrap().contains("javascript"));
    for path in ["/", "/index.html", "/tasks", "/tasks/42?x=y", "/assets", "/%C3%BC"] {
        let page = app.get(path).answer().await;
        assert_eq!(page.status, 200, "{path}");
        assert_eq!(page.body, "<!doctype html><title>App</title>", "{path}");
        assert!(page.header("content-type").unwrap().starts_with("text/html"), "{path}");
    }
}

async fn a_missing_file_and_an_unknown_endpoint_are_no_pages(db: TestDatabase) {
    let folder = web_root();
    let app = spawn_with_front_end(&db, &folder).await;

    for path in ["/favicon.ico", "/robots.txt", "/wp-login.php", "/a/b.js", "/api", "/api/unknown"]
    {
        let answer = app.get(path).header("accept", "text/html").answer().await;
        answer.is_error(404, "NOT_FOUND", "Not found");
    }
    let data = app.get("/tasks").header("accept", "application/json").answer().await;
    data.is_error(404, "NOT_FOUND", "Not found");
    assert_eq!(data.header("vary"), Some("Accept, Accept-Encoding"));
    for accept in ["text/html,application/xhtml+xml;q=0.9,*/*;q=0.8", "text/*", "*/*"] {
        assert_eq!(app.get("/tasks").header("accept", accept).answer().await.status, 200);
    }
}

async fn compressed_copies_are_served_to_clients_that_accept_them(db: TestDatabase) {
    let folder = web_root();
    let site = folder.path().join("site");
    for (copy, content) in
        [("assets/app.js.br", "brotli"), ("assets/app.js.gz", "gzip"), ("index.html.br", "page")]
    {
        fs::write(site.join(copy), content).unwrap();
    }
    let app = spawn_with_front_end(&db, &folder).await;

    for (path, accepted, encoding, body) in [
        ("/assets/app.js", "gzip, deflate, br, zstd", Some("br"), "brotli"),
        ("/assets/app.js", "gzip, br;q=0", Some("gzip"), "gzip"),
        ("/assets/app.js", "identity", None, "console.log(1)"),
        ("/assets/app.js", "", None, "console.log(1)"),
        ("/tasks/42", "br", Some("br"), "page"),
        ("/", "br", Some("br"), "page"),
    ] {
        let answer = app.get(path).header("accept-encoding", accepted).answer().await;
        assert_eq!((answer.status, answer.body.as_str()), (200, body), "{path} {accepted}");
        assert_eq!(answer.header("content-encoding"), encoding, "{path} {accepted}");
        assert!(answer.header("vary").unwrap().ends_with("Accept-Encoding"), "{path}");
        let kind = if body == "page" { "text/html" } else { "javascript" };
        assert!(answer.header("content-type").unwrap().contains(kind), "{path} {accepted}");
        let head = app.client.head(app.url(path)).header("accept-encoding", accepted);
        let head = head.answer().await;
        assert_eq!((head.status, head.body.as_str()), (200, ""), "{path} {accepted}");
        assert_eq!(head.header("content-encoding"), encoding, "{path} {accepted}");
        assert_eq!(head.header("content-length"), Some(body.len().to_string().as_str()));
    }
    symlink(folder.path().join("private.txt"), site.join("inside.js.br")).unwrap();
    fs::write(site.join("inside.js"), "console.log(2)").unwrap();
    app.get("/inside.js").header("accept-encoding", "br").answer().await.is_error(
        404,
        "NOT_FOUND",
        "Not found",
    );
}

async fn a_setting_extends_the_content_security_policy(db: TestDatabase) {
    let folder = web_root();
    let app = TestApp::spawn_with(&db, |config| {
        config.web_root = Some(folder.path().join("site"));
        let extension =
            "img-src https://images.example.com; font-src 'self'; frame-ancestors 'self'";
        config.web_csp = Some(extension.parse().unwrap());
    })
    .await;

    let page = app.get("/").answer().await;

    let policy = page.header("content-security-policy").unwrap();
    for directive in [
        "default-src 'none'; script-src 'self'; style-src 'self';",
        "img-src 'self' https://images.example.com;",
        "font-src 'self'",
        "frame-ancestors 'self';",
    ] {
        assert!(policy.contains(directive), "{policy}");
    }
}

async fn a_web_app_does_not_hide_the_api(db: TestDatabase) {
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

async fn a_web_app_is_told_its_settings(db: TestDatabase) {
    let folder = web_root();
    let app = TestApp::spawn_with(&db, |config| {
        config.web_root = Some(folder.path().join("site"));
        config.tasks_url = "https://tasks.example.com".parse().unwrap();
        config.events.events_secret = vec!["the secret of a receiver, in a test".into()];
    })
    .await;

    let answer = app.get("/config.json").answer().await;

    let settings = json!({ "tasksUrl": "https://tasks.example.com", "deletesTasks": true });
    assert_eq!((answer.status, answer.json()), (200, settings));
    let head = app.client.head(app.url("/config.json")).answer().await;
    assert_eq!((head.status, head.body.as_str()), (200, ""));
    let policy = answer.header("content-security-policy").unwrap();
    assert!(policy.contains("connect-src 'self' https://tasks.example.com;"), "{policy}");
    app.client.post(app.url("/config.json")).answer().await.is_error(
        405,
        "METHOD_NOT_ALLOWED",
        "Method not allowed",
    );
}

async fn a_web_app_is_served_with_security_headers(db: TestDatabase) {
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

async fn hashed_assets_are_immutable_and_other_files_revalidated(db: TestDatabase) {
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

async fn without_a_web_app_config_json_is_404(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;

    app.get("/config.json").answer().await.is_error(404, "NOT_FOUND", "Not found");
}

async fn a_web_app_accepts_get_and_head_only(db: TestDatabase) {
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
        // The response must be either the application's page or an error.
        let is_page = answer.starts_with("HTTP/1.1 200 ") && answer.contains("<title>App</title>");
        let is_refusal = answer.starts_with("HTTP/1.1 4") && answer.contains("application/json");
        assert!(is_page || is_refusal, "{path}: {answer}");
    }
}

async fn a_path_with_dot_segments_is_no_asset(db: TestDatabase) {
    let folder = web_root();
    let app = spawn_with_front_end(&db, &folder).await;

    for path in [
        "/assets/../index.html",
        "/assets/%2e%2e/index.html",
        "/assets/.%2E/index.html",
        "/assets/x/../../index.html",
        "/assets/../assets/app.js",
        "/assets/./app.js",
        "/assets/..",
        "/assets/../",
        "/x/..",
        "/.",
    ] {
        let request =
            format!("GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n");
        let answer = app.raw(request.as_bytes()).await;
        assert!(answer.starts_with("HTTP/1.1 404 "), "{path}: {answer}");
        assert!(!answer.contains("immutable"), "{path}: {answer}");
    }
}

async fn symbolic_links_that_lead_out_of_the_web_root_are_refused(db: TestDatabase) {
    let folder = web_root();
    let site = folder.path().join("site");
    let private = folder.path().join("private");
    fs::create_dir(&private).unwrap();
    fs::write(private.join("index.html"), "PRIVATE").unwrap();
    let link = |target: &Path, name: &str| symlink(target, site.join(name)).unwrap();
    link(&folder.path().join("private.txt"), "file.txt");
    link(&private, "folder");
    link(&site.join("loop"), "loop");
    link(Path::new("assets/app.js"), "inside.js");
    fs::create_dir(site.join("sub")).unwrap();
    link(&private.join("index.html"), "sub/index.html");
    // A deployment may switch between releases with a symbolic link.
    let current = folder.path().join("current");
    symlink(&site, &current).unwrap();
    let app = TestApp::spawn_with(&db, |config| config.web_root = Some(current)).await;

    for path in ["/file.txt", "/folder/index.html", "/folder", "/folder/", "/loop", "/sub/", "/sub"]
    {
        let answer = app.get(path).answer().await;
        answer.is_error(404, "NOT_FOUND", "Not found");
    }
    assert_eq!(app.get("/inside.js").answer().await.body, "console.log(1)");
    assert_eq!(app.get("/assets/app.js").answer().await.body, "console.log(1)");
    assert_eq!(app.get("/tasks").answer().await.body, "<!doctype html><title>App</title>");
}
