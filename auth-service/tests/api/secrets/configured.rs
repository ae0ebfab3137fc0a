//! The configured or generated secret: when it is rejected, and how it is stored. Neither this
//! secret nor any other in the configuration is printed.

use std::{
    collections::HashSet,
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};

use auth_service::app::StartError;
use database::{DatabaseUrl, on_both_engines, testing::TestDatabase};

use super::process;
use crate::app::{SECRET, TestApp, config};

on_both_engines!(auth_service::MIGRATIONS;
    a_database_is_refused_with_another_secret,
    without_a_secret_postgres_is_refused_and_sqlite_keeps_one,
    services_that_start_at_once_keep_one_secret,
    a_public_service_rejects_a_placeholder_secret,
);

async fn a_database_is_refused_with_another_secret(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let ada = app.sign_up("ada@example.com").await;
    app.token(&ada).await;
    drop(app);

    let mut other = config(&db.url);
    other.better_auth_secret = Some("another-secret-do-not-use-0000000000".into());
    let refused = TestApp::start(other).await.err().expect("it does not start");

    let message = message(&refused);
    assert!(message.contains("BETTER_AUTH_SECRET"), "{message}");
    assert!(!message.contains("another-secret"), "{message}");
    TestApp::spawn(&db).await;
}

async fn a_public_service_rejects_a_placeholder_secret(db: TestDatabase) {
    for secret in ["<generate-with-openssl-rand-base64-32>", &"a".repeat(40)] {
        let mut public = config(&db.url);
        public.better_auth_secret = Some(secret.into());
        public.better_auth_url = "https://auth.example.com".parse().unwrap();
        let message =
            message(&TestApp::start(public.clone()).await.err().expect("it does not start"));
        assert!(message.contains("BETTER_AUTH_SECRET is a placeholder"), "{message}");
        assert!(!message.contains(secret), "{message}");

        public.better_auth_secret = Some("q3ZJ0m8tXv1cR5yLw7PkN2sB9hGdE4uF".into());
        TestApp::start(public).await.unwrap();
        db.change("DELETE FROM signing_keys").await;
    }
}

/// Returns the messages of an error and its causes.
fn message(error: &StartError) -> String {
    telemetry::Chain(error).to_string()
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

/// Returns the path for a new database, or `None` on PostgreSQL.
fn new_file(db: &TestDatabase) -> Option<PathBuf> {
    let DatabaseUrl::Sqlite(file) = &db.url else { return None };
    Some(file.with_file_name("folder").join("new.db"))
}

async fn without_a_secret_postgres_is_refused_and_sqlite_keeps_one(db: TestDatabase) {
    let mut without = config(&db.url);
    without.better_auth_secret = None;
    let Some(file) = new_file(&db) else {
        let message = message(&TestApp::start(without).await.err().expect("it does not start"));
        assert!(message.contains("BETTER_AUTH_SECRET"), "{message}");
        return;
    };
    without.server.database_url = DatabaseUrl::Sqlite(file.clone());

    let before = TestApp::start(without.clone()).await.unwrap();
    let ada = before.sign_up("ada@example.com").await;
    let secret = fs::read_to_string(file.with_extension("secret")).unwrap();
    drop(before);

    assert!(secret.len() >= 32, "{secret}");
    assert_eq!(mode(&file.with_extension("secret")), 0o600);
    assert_eq!(mode(&file), 0o600);
    let after = TestApp::start(without.clone()).await.unwrap();
    assert_eq!(after.get_session(&ada.cookie).await.json()["user"], ada.user);
    assert_eq!(fs::read_to_string(file.with_extension("secret")).unwrap(), secret);
    drop(after);

    fs::write(file.with_extension("secret"), "too short").unwrap();
    let message = message(&TestApp::start(without).await.err().expect("it does not start"));
    assert!(message.contains("new.secret") && !message.contains("too short"), "{message}");
}

async fn services_that_start_at_once_keep_one_secret(db: TestDatabase) {
    let Some(file) = new_file(&db) else { return };
    let mut without = config(&db.url);
    without.better_auth_secret = None;
    without.server.database_url = DatabaseUrl::Sqlite(file.clone());

    let mut starts = tokio::task::JoinSet::new();
    for _ in 0..8 {
        starts.spawn_local(TestApp::start(without.clone()));
    }
    let apps: Vec<_> = starts.join_all().await.into_iter().map(Result::unwrap).collect();

    let ada = apps[0].sign_up("ada@example.com").await;
    for app in &apps {
        assert_eq!(app.get_session(&ada.cookie).await.json()["user"], ada.user);
    }
    let names: HashSet<_> = fs::read_dir(file.parent().unwrap())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| !name.starts_with("new.db"))
        .collect();
    assert_eq!(names, HashSet::from(["new.secret".to_owned()]), "no draft is left");
}

#[test]
fn the_configuration_hides_its_secrets() {
    let url = "postgres://service:hidden-password@localhost/auth".parse().unwrap();
    let mut config = config(&url);
    config.mail.smtp_url = Some("smtp://service:hidden-password@localhost".parse().unwrap());

    let debug = format!("{config:?}");

    assert!(debug.contains("bcrypt_cost: 4"), "{debug}");
    assert!(!debug.contains(SECRET), "{debug}");
    assert!(!debug.contains("hidden-password"), "{debug}");
}

#[actix_web::test]
async fn a_refused_setting_is_named_but_not_repeated() {
    for (name, value) in [
        ("BETTER_AUTH_SECRET", "hidden-but-too-short"),
        ("DATABASE_URL", "mysql://service:hidden@localhost/auth"),
        ("DATABASE_URL", "postgres://service:to@hidden@localhost/auth"),
        ("BETTER_AUTH_URL", "hidden"),
        ("FRONTEND_URL", "https://*.hidden.example"),
        ("BCRYPT_COST", "9"),
        ("BCRYPT_COST", "16"),
        ("SESSION_EXPIRES_IN", "0s"),
        ("BETTER_AUTH_AUDIENCE", " "),
        ("WEB_ROOT", "/nowhere"),
        ("WEB_CSP", "img-scr https://images.example.com"),
        ("WEB_CSP", "img-src"),
        ("WEB_CSP", "img-src https://a.example, script-src *"),
        ("MAIL_TEMPLATES", "/nowhere"),
        ("MAIL_FROM", "nobody"),
        ("SMTP_URL", "http://service:hidden@localhost"),
        ("SMTP_URL", "hidden"),
        ("SMTP_URL", "smtp://service:1/hidden@localhost"),
        ("SMTP_URL", "smtp://service:1#hidden@localhost"),
        ("TRUSTED_PROXIES", "10.0.0.0/33"),
        ("RATE_LIMIT", "maybe"),
        ("SESSION_FRESH_AGE", "-1s"),
        ("JWT_ROTATION_INTERVAL", "0s"),
    ] {
        let output = process("sqlite://unused", &[(name, value)]).output().await.unwrap();
        let text = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
        assert_eq!(output.status.code(), Some(2), "{name}={value}: {text}");
        assert!(text.contains(name), "{name}={value}: {text}");
        if ["BETTER_AUTH_SECRET", "DATABASE_URL", "SMTP_URL"].contains(&name) {
            assert!(!text.contains("hidden"), "{text}");
        }
    }
}
