//! `auth-service doctor`, and the faults that it should find.

mod databases;

use std::{
    fs,
    io::{BufRead as _, BufReader, Write as _},
    net::TcpListener,
    thread,
};

use auth_service::MIGRATIONS;
use database::{
    DatabaseUrl, migrate, on_both_engines,
    testing::{Engine, TestDatabase},
};
use operator_tools::testing::{Report, Stub, answer, free_port};
use serde_json::Value;

use crate::{
    app::{SECRET, TestApp, values},
    secrets::process,
};

on_both_engines!(auth_service::MIGRATIONS;
    reports_nothing_for_a_healthy_service,
    reports_pending_migrations,
    reports_a_schema_of_a_newer_version,
    reports_a_missing_table,
    an_empty_database_is_not_touched,
    reports_a_wrong_secret,
    reports_a_missing_secret,
    reports_a_running_service_with_other_settings,
    reports_a_public_url_that_leads_elsewhere,
);

const SECRETS: (&str, &str) = ("BETTER_AUTH_SECRET", SECRET);

/// Runs the doctor on a database. Nothing listens at `TASKS_URL` unless `variables` set it.
async fn doctor(database: &str, variables: &[(&str, &str)]) -> Report {
    let tasks = format!("http://127.0.0.1:{}", free_port());
    let all = [&[("TASKS_URL", tasks.as_str())], variables].concat();
    process(database, &all).arg("doctor").output().await.unwrap().into()
}

/// Runs the doctor with the URL of a database that does not exist, and asserts that the doctor does
/// not create it.
async fn doctor_without_data(variables: &[(&str, &str)]) -> Report {
    let folder = tempfile::tempdir().unwrap();
    let database = format!("sqlite://{}", folder.path().join("data/new.db").display());
    let report = doctor(&database, variables).await;
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "nothing was made");
    report
}

/// Starts a service that is reachable at its public URL. Returns the service, its port and the URL.
async fn spawn(db: &TestDatabase) -> (TestApp, String, String) {
    let port = free_port();
    let url = format!("http://localhost:{port}");
    let app = TestApp::spawn_with(db, |config| {
        config.server.port = port;
        config.better_auth_url = url.parse().unwrap();
    })
    .await;
    (app, port.to_string(), url)
}

async fn reports_nothing_for_a_healthy_service(db: TestDatabase) {
    doctor(&db.url(), &[SECRETS]).await.is_clean();

    let (_app, port, url) = spawn(&db).await;
    let settings = [SECRETS, ("PORT", &port), ("BETTER_AUTH_URL", &url), ("FRONTEND_URL", &url)];
    let report = doctor(&db.url(), &settings).await;

    report.is_clean();
    for (subject, text) in [
        ("service", "is ready at http://127.0.0.1:"),
        ("database", ""),
        ("schema", "is up to date"),
        ("secret", "decrypts the signing keys"),
        ("cookies", "browsers send cookies from http://localhost:"),
        ("proxies", "none"),
        ("lifetimes", ""),
        ("mail", "e-mails are written to data/mail"),
        ("issuer", "tokens have iss \"http://localhost:"),
        ("address", "leads to this service"),
    ] {
        report.finds("ok", subject, text);
    }
    report.finds("skip", "tasks", "Connection refused");
}

async fn reports_pending_migrations(db: TestDatabase) {
    migrate::revert_to(&db.url, MIGRATIONS, "20261124000003").await.unwrap();

    let report = doctor(&db.url(), &[SECRETS]).await;
    report.finds("warn", "MIGRATE", "have not run: 2026-11-24-000004_create_attempts");
    let report = doctor(&db.url(), &[SECRETS, ("MIGRATE", "false")]).await;
    report.finds("fault", "MIGRATE", "run `auth-service migrate`");
}

async fn reports_a_schema_of_a_newer_version(db: TestDatabase) {
    db.change("INSERT INTO auth_service_migrations (version) VALUES ('20990101000001')").await;

    let report = doctor(&db.url(), &[SECRETS]).await;
    report.finds("fault", "DATABASE_URL", "does not know: 20990101000001");
}

async fn reports_a_missing_table(db: TestDatabase) {
    db.change("ALTER TABLE users RENAME TO people").await;

    let report = doctor(&db.url(), &[SECRETS]).await;
    let text = "auth-service has migrated this database, but it has no table \"users\"";
    report.finds("fault", "DATABASE_URL", text);
}

async fn an_empty_database_is_not_touched(db: TestDatabase) {
    migrate::revert(&db.url, MIGRATIONS).await.unwrap();
    db.change("DROP TABLE auth_service_migrations").await;

    let report = doctor(&db.url(), &[SECRETS, ("MIGRATE", "false")]).await;
    report.finds("fault", "MIGRATE", "the database is empty: run `auth-service migrate`");
    doctor(&db.url(), &[SECRETS]).await.is_clean();

    let all = match db.engine {
        Engine::Postgres => "SELECT tablename AS value FROM pg_tables WHERE schemaname = 'public'",
        Engine::Sqlite => "SELECT name AS value FROM sqlite_master WHERE type = 'table'",
    };
    assert_eq!(values(&db, all).await, [""; 0]);
    if let DatabaseUrl::Sqlite(file) = &db.url {
        let secret = file.with_extension("secret");
        let report = doctor(&db.url(), &[]).await;
        report.finds("ok", "secret", "at the first start");
        assert!(!secret.exists());
    }
}

async fn reports_a_wrong_secret(db: TestDatabase) {
    drop(TestApp::spawn(&db).await);

    let other = "another-secret-do-not-use-0000000000";
    let report = doctor(&db.url(), &[("BETTER_AUTH_SECRET", other)]).await;
    report.finds("fault", "BETTER_AUTH_SECRET", "cannot decrypt the signing keys");
    assert!(!report.text.contains(other), "{}", report.text);
}

async fn reports_a_missing_secret(db: TestDatabase) {
    drop(TestApp::spawn(&db).await);

    let report = doctor(&db.url(), &[]).await;
    let DatabaseUrl::Sqlite(file) = &db.url else {
        report.finds("fault", "BETTER_AUTH_SECRET", "is required with PostgreSQL");
        return;
    };
    report.finds(
        "fault",
        "BETTER_AUTH_SECRET",
        "is missing, and the signing keys are encrypted with its secret",
    );
    fs::write(file.with_extension("secret"), "too short").unwrap();
    let report = doctor(&db.url(), &[]).await;
    report.finds(
        "fault",
        "BETTER_AUTH_SECRET",
        "test.secret does not contain a secret of at least 32",
    );
}

async fn reports_a_running_service_with_other_settings(db: TestDatabase) {
    let (_app, port, url) = spawn(&db).await;
    let settings = [SECRETS, ("PORT", &port), ("BETTER_AUTH_URL", &url), ("FRONTEND_URL", &url)];
    for (setting, text) in [
        (
            "BETTER_AUTH_ISSUER",
            "but the running service issues tokens with iss \"http://localhost:",
        ),
        (
            "BETTER_AUTH_AUDIENCE",
            "but the running service issues tokens with aud \"http://localhost:",
        ),
    ] {
        let changed = [settings.as_slice(), &[(setting, "https://other.example.com")]].concat();
        doctor(&db.url(), &changed).await.finds("fault", setting, text);
    }
    migrate::revert_to(&db.url, MIGRATIONS, "20261124000003").await.unwrap();
    let report = doctor(&db.url(), &settings).await;
    report.finds("fault", "MIGRATE", "2026-11-24-000004_create_attempts");
}

async fn reports_a_public_url_that_leads_elsewhere(db: TestDatabase) {
    let (_app, port, _) = spawn(&db).await;
    let elsewhere = Stub::start(|_| answer(404, "", ""));
    let url = elsewhere.url();
    let settings = [SECRETS, ("PORT", &port), ("BETTER_AUTH_URL", &url), ("FRONTEND_URL", &url)];

    let report = doctor(&db.url(), &settings).await;
    report.finds("fault", "BETTER_AUTH_URL", "leads to another server: /api/auth/jwks returns 404");
}

#[actix_web::test]
async fn reports_origins_that_browsers_treat_as_different_sites() {
    let local = ("BETTER_AUTH_URL", "http://localhost:3000");
    let public = ("BETTER_AUTH_URL", "http://auth.example.com");
    let secure = ("BETTER_AUTH_URL", "https://auth.example.com");
    let page = |url| ("FRONTEND_URL", url);
    let proxy = ("TRUSTED_PROXIES", "10.0.0.0/8");
    let port = free_port().to_string();
    for (settings, verdict, setting, text) in [
        (
            vec![local, page("http://127.0.0.1:5173")],
            "fault",
            "FRONTEND_URL",
            "so browsers send no cookies: use http://localhost:5173 instead",
        ),
        (
            vec![local, page("http://localhost:5173,http://127.0.0.1:5173")],
            "warn",
            "FRONTEND_URL",
            "http://127.0.0.1:5173 and BETTER_AUTH_URL http://localhost:3000 are different sites",
        ),
        (
            vec![secure, proxy, page("https://app.example.org")],
            "warn",
            "FRONTEND_URL",
            "https://app.example.org and BETTER_AUTH_URL",
        ),
        (
            vec![
                secure,
                proxy,
                page("https://app.example.org"),
                ("COOKIE_SAME_SITE", "none"),
                ("SECURE_COOKIES", "on"),
            ],
            "ok",
            "cookies",
            "from https://app.example.org to https://auth.example.com, unless they block third-party \
             cookies",
        ),
        (
            vec![secure, proxy],
            "warn",
            "FRONTEND_URL",
            "http://localhost:3000 and BETTER_AUTH_URL https://auth.example.com are different sites, so \
             browsers send no cookies: set the address that users open",
        ),
        (
            vec![secure, proxy, page("http://app.example.com")],
            "warn",
            "FRONTEND_URL",
            "is http and BETTER_AUTH_URL https://auth.example.com is https",
        ),
        (
            vec![public, page("https://app.example.com")],
            "fault",
            "BETTER_AUTH_URL",
            "browsers do not let https://app.example.com call it",
        ),
        (
            vec![public, page("http://app.example.com"), ("SECURE_COOKIES", "on")],
            "fault",
            "SECURE_COOKIES",
            "browsers refuse such cookies",
        ),
        (vec![local, ("SECURE_COOKIES", "on")], "warn", "SECURE_COOKIES", "some browsers"),
        (
            vec![secure, page("https://app.example.com")],
            "warn",
            "TRUSTED_PROXIES",
            "all clients appear to have its address and share one rate limit",
        ),
        (
            vec![public, page("http://auth.example.com"), ("PORT", &port)],
            "warn",
            "TRUSTED_PROXIES",
            "if there is a proxy, all clients appear to have its address",
        ),
        (
            vec![
                ("BETTER_AUTH_URL", "https://auth-x.vercel.app"),
                page("https://app-y.vercel.app"),
                proxy,
            ],
            "warn",
            "FRONTEND_URL",
            "https://app-y.vercel.app and BETTER_AUTH_URL",
        ),
        (vec![("TRUSTED_PROXIES", "::/0")], "fault", "TRUSTED_PROXIES", "trusts all addresses"),
        (
            vec![("JWT_ROTATION_INTERVAL", "30d"), ("JWT_GRACE_PERIOD", "1h")],
            "fault",
            "JWT_GRACE_PERIOD",
            "or tokens outlive their keys",
        ),
        (
            vec![("JWT_ROTATION_INTERVAL", "1h")],
            "fault",
            "JWT_PUBLISH_AHEAD",
            "or a new key never signs",
        ),
        (
            vec![secure, proxy, page("https://app.example.com")],
            "warn",
            "SMTP_URL",
            "e-mails are written to data/mail instead of being sent",
        ),
    ] {
        doctor_without_data(&settings).await.finds(verdict, setting, text);
    }
    doctor_without_data(&[local, page("http://localhost:5173")]).await.is_clean();
}

#[actix_web::test]
async fn reports_a_web_app_that_cannot_reach_task_service() {
    let site = tempfile::tempdir().unwrap();
    fs::write(site.path().join("index.html"), "<!doctype html>").unwrap();
    let root = ("WEB_ROOT", site.path().to_str().unwrap());
    let secure = ("BETTER_AUTH_URL", "https://auth.example.com");
    for (tasks, text) in [
        ("http://localhost:1", "is each visitor's own machine"),
        ("http://192.0.2.1:1", "browsers do not let https://auth.example.com call it"),
    ] {
        let report = doctor_without_data(&[root, secure, ("TASKS_URL", tasks)]).await;
        report.finds("fault", "TASKS_URL", text);
    }
    let elsewhere = Stub::start(|_| answer(200, "", "hello")).url();
    let report = doctor_without_data(&[root, ("TASKS_URL", &elsewhere)]).await;
    report.finds("fault", "TASKS_URL", "is not task-service");

    let report = doctor_without_data(&[("WEB_ROOT", "/nowhere")]).await;
    assert!(report.text.contains("WEB_ROOT: /nowhere has no index.html"), "{}", report.text);
}

/// Starts a stub of task-service that reports this state of its keys, sends this `Date` header and
/// allows this origin. Returns its URL.
fn task_service(keys: &'static str, date: &'static str, allowed: &'static str) -> String {
    let stub = Stub::start(move |request| {
        if request.starts_with("OPTIONS /api/tasks ") {
            let cors = format!(
                "access-control-allow-origin: {allowed}\r\n\
                 access-control-allow-credentials: true\r\n"
            );
            answer(204, &cors, "")
        } else {
            let state = format!(r#"{{"status":"ok","database":"ok","keys":"{keys}"}}"#);
            answer(200, date, &state)
        }
    });
    stub.url()
}

#[actix_web::test]
async fn reports_a_mismatched_task_service() {
    const PAGE: &str = "http://localhost:3000";
    const LONG_AGO: &str = "date: Fri, 02 Jan 2026 03:00:00 GMT\r\n";
    let fitting = task_service("ok", "", PAGE);
    let report = doctor_without_data(&[("TASKS_URL", &fitting)]).await;
    report.is_clean();
    report.finds("ok", "cors", "allows requests from http://localhost:3000");

    for (tasks, setting, text) in [
        (task_service("unavailable", "", PAGE), "BETTER_AUTH_JWKS_URL", "returns no keys"),
        (task_service("ok", LONG_AGO, PAGE), "clock", "behind this machine's, more than the 30 s"),
        (
            task_service("ok", "", "http://localhost:5173"),
            "FRONTEND_URL",
            "does not allow requests from http://localhost:3000: add it to FRONTEND_URL of task-service",
        ),
    ] {
        doctor_without_data(&[("TASKS_URL", &tasks)]).await.finds("fault", setting, text);
    }
}

#[actix_web::test]
async fn reports_undeliverable_mail() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "no folder").unwrap();
    let below = file.join("mail");
    let report = doctor_without_data(&[("MAIL_DIR", below.to_str().unwrap())]).await;
    report.finds("fault", "MAIL_DIR", "file is not a folder");

    fs::write(folder.path().join("verify-email.txt"), "no subject").unwrap();
    let templates = folder.path().to_str().unwrap();
    let report = doctor_without_data(&[("MAIL_TEMPLATES", templates)]).await;
    report.finds("fault", "MAIL_TEMPLATES", "verify-email.txt must start with a line");

    let report = doctor_without_data(&[("SMTP_URL", &refusing_mail_server())]).await;
    report.finds("fault", "SMTP_URL", "no such login");
    assert!(!report.text.contains("hidden"), "{}", report.text);

    let server = format!("127.0.0.1:{}", free_port());
    let url = format!("smtp://ada:hidden-password@{server}");
    let report = doctor_without_data(&[("SMTP_URL", &url)]).await;
    report.finds("fault", "SMTP_URL", &format!("smtp://{server}: Connection refused"));
    assert!(!report.text.contains("hidden"), "{}", report.text);
}

/// Starts a mail server (RFC 5321) that rejects every login, and returns its URL.
fn refusing_mail_server() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let lines = BufReader::new(stream.try_clone().unwrap()).lines();
            let _ = stream.write_all(b"220 mail.test\r\n");
            for line in lines.map_while(Result::ok) {
                let answer: &[u8] = match line.split(' ').next() {
                    Some("EHLO") => b"250-mail.test\r\n250 AUTH PLAIN\r\n",
                    Some("AUTH") => b"535 5.7.8 no such login\r\n",
                    _ => b"221 bye\r\n",
                };
                let _ = stream.write_all(answer);
            }
        }
    });
    format!("smtp://ada:hidden-password@{address}")
}

#[actix_web::test]
async fn reports_another_service_on_our_port() {
    let stranger = Stub::start(|_| answer(200, "", "hello")).port().to_string();
    let report = doctor_without_data(&[("PORT", &stranger)]).await;
    report.finds("fault", "PORT", ": use another port");

    let stranger = Stub::start(|_| "220 mail.test\r\n".into()).port().to_string();
    let report = doctor_without_data(&[("PORT", &stranger)]).await;
    report.finds("fault", "PORT", "the program that listens at ");
}

#[actix_web::test]
async fn reports_a_service_that_is_not_ready() {
    let state = r#"{"status":"unavailable","database":"unavailable"}"#;
    let ailing = Stub::start(move |_| answer(503, "", state)).port().to_string();
    let report = doctor_without_data(&[("PORT", &ailing)]).await;
    report.finds("warn", "service", "but is not ready: database unavailable");
}

#[actix_web::test]
async fn findings_can_be_printed_as_json() {
    let folder = tempfile::tempdir().unwrap();
    let database = format!("sqlite://{}", folder.path().join("new.db").display());
    let variables = [("TRUSTED_PROXIES", "0.0.0.0/0")];
    let output = process(&database, &variables).args(["doctor", "--json"]).output().await.unwrap();
    assert_eq!(output.status.code(), Some(1));
    let lines = String::from_utf8(output.stdout).unwrap();
    let findings: Vec<Value> =
        lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let fault = findings.iter().find(|finding| finding["verdict"] == "fault").unwrap();
    assert_eq!(fault["subject"], "TRUSTED_PROXIES");
    assert!(fault["text"].as_str().unwrap().contains("trusts all addresses"), "{lines}");
}
