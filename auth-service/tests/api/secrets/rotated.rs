//! Replacement of the secret without downtime: cookies and stored values from an older secret are
//! accepted, and renewed with the current secret.

use std::fs;

use auth_service::{cli::Cli, config::Config};
use clap::Parser as _;
use database::{
    on_both_engines,
    testing::{Engine, TestDatabase},
};
use serde_json::json;

use super::process;
use crate::{
    app::{
        Answer, Answering as _, PASSWORD, SECRET, SIGN_IN, TOKEN, TestApp, config, is_nobody,
        values, with_bearer,
    },
    mailbox::eventually,
    token::{jwks, verified},
};

on_both_engines!(auth_service::MIGRATIONS;
    cookies_of_an_older_secret_are_replaced,
    stored_values_of_an_older_secret_are_replaced,
    a_mailed_link_of_an_older_secret_works,
    replicas_agree_while_the_secret_is_replaced,
    the_single_secret_is_the_oldest,
    the_doctor_reports_what_an_older_secret_encrypts,
);

const NEW: &str = "new-secret-do-not-use-00000000000000000";
const LIST_SESSIONS: &str = "/api/auth/list-sessions";

/// Returns the configuration with this value of `BETTER_AUTH_SECRETS`.
fn with_secrets(db: &TestDatabase, secrets: &str) -> Config {
    let parsed = Cli::parse_from(["auth-service", "--better-auth-secrets", secrets]).config;
    let better_auth_secrets = parsed.better_auth_secrets;
    Config { better_auth_secret: None, better_auth_secrets, ..config(&db.url) }
}

async fn spawn(db: &TestDatabase, secrets: &str) -> TestApp {
    TestApp::start(with_secrets(db, secrets)).await.expect("the service starts")
}

fn new_and_old() -> String {
    format!("2:{NEW}, 1:{SECRET}")
}

/// Returns the cookies that a response sets, as a `Cookie` header.
fn cookie_of(answer: &Answer) -> String {
    let pairs = answer.cookies().into_iter().map(|line| line.split(';').next().unwrap());
    pairs.collect::<Vec<_>>().join("; ")
}

/// Returns the encrypted values in the database.
async fn sealed(db: &TestDatabase) -> Vec<String> {
    let hex = |column: &str| match db.engine {
        Engine::Postgres => format!("encode({column}, 'hex')"),
        Engine::Sqlite => format!("lower(hex({column}))"),
    };
    let (token, key) = (hex("sealed_token"), hex("sealed_private_key"));
    let statement = format!(
        "SELECT {token} AS value FROM sessions UNION ALL SELECT {key} AS value FROM signing_keys"
    );
    values(db, &statement).await
}

/// Waits until none of these encrypted values is left in the database.
async fn replaced(db: &TestDatabase, old: &[String]) {
    eventually("all values are re-encrypted", async || {
        let now = sealed(db).await;
        (!old.iter().any(|value| now.contains(value))).then_some(())
    })
    .await;
}

async fn cookies_of_an_older_secret_are_replaced(db: TestDatabase) {
    let old = TestApp::spawn(&db).await;
    let ada = old.sign_up("ada@example.com").await;
    let body = json!({ "email": "ada@example.com", "password": PASSWORD, "rememberMe": false });
    let brief = old.post(SIGN_IN).json(&body).answer().await;
    drop(old);

    let app = spawn(&db, &new_and_old()).await;
    let answer = app.get_session(&ada.cookie).await;
    assert_eq!(answer.json()["user"], ada.user);
    let [line] = &answer.cookies()[..] else { panic!("one cookie: {answer:?}") };
    assert!(line.contains("; Max-Age=604800; "), "{line}");
    let replaced = cookie_of(&answer);
    assert_ne!(replaced, ada.cookie);
    let again = app.get_session(&replaced).await;
    assert_eq!((&again.json()["user"], again.cookies().len()), (&ada.user, 0));

    let answer = app.get_session(&cookie_of(&brief)).await;
    assert_eq!(answer.cookies().len(), 2, "the session and that it is not remembered: {answer:?}");
    assert!(!answer.cookies().iter().any(|line| line.contains("Max-Age")), "{answer:?}");
    let brief = cookie_of(&answer);
    assert_eq!(app.get_session(&brief).await.cookies().len(), 0);

    let answer = with_bearer(&app, "/api/auth/get-session", &ada.signed_token).await;
    assert_eq!(answer.json()["user"], ada.user);
    let signed = answer.header("set-auth-token").unwrap().to_owned();
    assert_ne!(signed, ada.signed_token);
    drop(app);

    let new = spawn(&db, &format!("3:{NEW}")).await;
    for cookie in [&replaced, &brief] {
        assert_eq!(new.get_session(cookie).await.json()["user"], ada.user);
    }
    assert_eq!(with_bearer(&new, "/api/auth/get-session", &signed).await.json()["user"], ada.user);
    is_nobody(&new.get_session(&ada.cookie).await, &[]);
}

async fn stored_values_of_an_older_secret_are_replaced(db: TestDatabase) {
    let old = TestApp::spawn(&db).await;
    let ada = old.sign_up("ada@example.com").await;
    let token = old.token(&ada).await;
    let listed = with_bearer(&old, LIST_SESSIONS, &ada.token).await.json();
    let before = sealed(&db).await;
    assert_eq!(before.len(), 2);
    drop(old);

    let app = spawn(&db, &new_and_old()).await;
    assert_eq!(with_bearer(&app, LIST_SESSIONS, &ada.token).await.json(), listed);
    replaced(&db, &before).await;
    assert_eq!(with_bearer(&app, LIST_SESSIONS, &ada.token).await.json(), listed);
    drop(app);

    let new = spawn(&db, &format!("2:{NEW}")).await;
    assert_eq!(with_bearer(&new, LIST_SESSIONS, &ada.token).await.json(), listed);
    let keys = jwks(&new).await;
    assert!(verified(&token, &keys).is_some(), "the signing key is the same");
    let answer = with_bearer(&new, TOKEN, &ada.token).await.json();
    assert!(verified(answer["token"].as_str().unwrap(), &keys).is_some());
    assert!(TestApp::start(config(&db.url)).await.is_err(), "the old secret decrypts nothing");
}

async fn a_mailed_link_of_an_older_secret_works(db: TestDatabase) {
    let old = TestApp::spawn(&db).await;
    old.sign_up("ada@example.com").await;
    let body = json!({ "email": "ada@example.com" });
    let mut links = Vec::new();
    for path in ["/api/auth/send-verification-email", "/api/auth/request-password-reset"] {
        assert_eq!(old.post(path).json(&body).answer().await.status, 200);
    }
    for kind in ["verify-email", "reset-password"] {
        links.push(old.mail_to("ada@example.com", kind).await);
    }
    drop(old);

    let app = spawn(&db, &new_and_old()).await;
    let verify = format!("/api/auth/verify-email?token={}", links[0].token());
    app.get(&verify).answer().await.is_ok(&json!({ "status": true, "user": null }));
    let reset = json!({ "newPassword": "another horse 42", "token": links[1].token() });
    app.post("/api/auth/reset-password").json(&reset).answer().await.is_done();
    let new = spawn(&db, &format!("2:{NEW}")).await;
    new.get(&verify).answer().await.is_error(401, "INVALID_TOKEN", "Invalid token");
}

/// All replicas are given the new secret before one of them uses it.
async fn replicas_agree_while_the_secret_is_replaced(db: TestDatabase) {
    let before = spawn(&db, &format!("1:{SECRET},2:{NEW}")).await;
    let ada = before.sign_up("ada@example.com").await;
    let stored = sealed(&db).await;
    let after = spawn(&db, &new_and_old()).await;
    replaced(&db, &stored).await;

    let cookie = cookie_of(&after.get_session(&ada.cookie).await);
    let bob = after.sign_up("bob@example.com").await;
    for app in [&before, &after] {
        assert_eq!(app.get_session(&cookie).await.json()["user"], ada.user);
        assert_eq!(app.get_session(&bob.cookie).await.json()["user"], bob.user);
        assert_eq!(with_bearer(app, LIST_SESSIONS, &bob.token).await.status, 200);
        assert!(verified(&app.token(&bob).await, &jwks(&before).await).is_some());
    }
}

async fn the_single_secret_is_the_oldest(db: TestDatabase) {
    let old = TestApp::spawn(&db).await;
    let ada = old.sign_up("ada@example.com").await;
    drop(old);

    let mut config = with_secrets(&db, &format!("2:{NEW}"));
    config.better_auth_secret = Some(SECRET.into());
    let app = TestApp::start(config).await.expect("the service starts");
    assert_eq!(app.get_session(&ada.cookie).await.json()["user"], ada.user);
}

async fn the_doctor_reports_what_an_older_secret_encrypts(db: TestDatabase) {
    let old = TestApp::spawn(&db).await;
    old.sign_up("ada@example.com").await;
    let before = sealed(&db).await;
    drop(old);
    let doctor = async || {
        let mut process = process(&db.url(), &[("BETTER_AUTH_SECRETS", &new_and_old())]);
        let output = process.arg("doctor").output().await.unwrap();
        String::from_utf8(output.stdout).unwrap()
    };

    let text = doctor().await;
    let expected = "still encrypt 1 signing keys and 1 sessions";
    assert!(text.contains("warn   BETTER_AUTH_SECRETS") && text.contains(expected), "{text}");
    let app = spawn(&db, &new_and_old()).await;
    replaced(&db, &before).await;
    drop(app);
    let text = doctor().await;
    assert!(text.contains("no signing key or session is encrypted with an older secret"), "{text}");
}

#[actix_web::test]
async fn invalid_secrets_are_refused_and_not_repeated() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("secrets");
    fs::write(&file, "1:hidden\n").unwrap();
    let long = "hidden-secret-of-more-than-32-characters";
    for (name, value, reason) in [
        ("BETTER_AUTH_SECRETS", long.to_owned(), "expected a version before each secret"),
        ("BETTER_AUTH_SECRETS", format!("2:{long},{long}"), "expected a version"),
        ("BETTER_AUTH_SECRETS", format!("two:{long}"), "must be a whole number"),
        ("BETTER_AUTH_SECRETS", format!("-1:{long}"), "must be a whole number"),
        ("BETTER_AUTH_SECRETS", "1:hidden".to_owned(), "at least 32 characters"),
        ("BETTER_AUTH_SECRETS", format!("1:{long},1:{long}"), "two secrets of version 1"),
        ("BETTER_AUTH_SECRETS_FILE", file.display().to_string(), "at least 32 characters"),
    ] {
        let database = format!("sqlite://{}", folder.path().join("auth.db").display());
        let output = process(&database, &[(name, &value)]).output().await.unwrap();
        let text = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
        assert!(!output.status.success(), "{name}={value}: {text}");
        assert!(text.contains("BETTER_AUTH_SECRETS") && text.contains(reason), "{value}: {text}");
        assert!(!text.contains("hidden"), "{text}");
    }
}
