//! The findings of `task-service doctor`.

mod causes;
mod rights;

use std::{fs, net::TcpListener, process::Stdio};

use chrono::{DateTime, Utc};
use database::{migrate, on_both_engines, testing::TestDatabase};
use jwks_auth::{Algorithm, testing::Issuer};
use operator_tools::testing::{Report, Stub, answer, free_port};
use serde_json::{Value, json};
use task_service::MIGRATIONS;
use tokio::{io::AsyncWriteExt as _, process::Command};

use crate::app::{AUDIENCE, FRONTEND, ISSUER, TestApp, claims, now};

on_both_engines!(task_service::MIGRATIONS;
    a_healthy_service_has_no_findings,
    an_outdated_schema_is_reported,
    a_schema_of_a_newer_version_is_reported,
    a_missing_table_is_reported,
);

fn command(variables: &[(&str, &str)]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_task-service"));
    command
        .arg("doctor")
        .env_clear()
        .env("PORT", "0")
        .env("FRONTEND_URL", FRONTEND)
        .env("BETTER_AUTH_ISSUER", ISSUER)
        .env("BETTER_AUTH_AUDIENCE", AUDIENCE)
        .envs(variables.iter().copied())
        .stdin(Stdio::null());
    command
}

/// Runs the doctor with a database that does not exist, and checks that it creates no files.
async fn doctor(variables: &[(&str, &str)]) -> Report {
    doctor_with(variables, &[]).await
}

async fn doctor_with(variables: &[(&str, &str)], arguments: &[&str]) -> Report {
    let folder = tempfile::tempdir().unwrap();
    let database = format!("sqlite://{}", folder.path().join("data/new.db").display());
    let variables = [&[("DATABASE_URL", database.as_str())], variables].concat();
    let report = command(&variables).args(arguments).output().await.unwrap().into();
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "nothing was made");
    report
}

/// An issuer as seen by its clients.
struct Published {
    keys: String,
    /// Offset of the issuer's clock in seconds.
    ahead: i64,
    document: Value,
    /// The origin that the issuer's CORS headers allow.
    allowed: &'static str,
    has_page: bool,
}

impl Default for Published {
    fn default() -> Self {
        Self {
            keys: Issuer::new("first", 1).jwks().to_string(),
            ahead: 0,
            document: json!({ "issuer": ISSUER, "audience": AUDIENCE, "url": ISSUER }),
            allowed: FRONTEND,
            has_page: false,
        }
    }
}

impl Published {
    /// Starts the issuer and returns the URL of its keys.
    fn serve(self) -> String {
        let stub = Stub::start(move |request| {
            let now = DateTime::<Utc>::from_timestamp(now().cast_signed() + self.ahead, 0).unwrap();
            let date = format!("date: {}\r\n", now.format("%a, %d %b %Y %H:%M:%S GMT"));
            match request.split(' ').nth(1).unwrap() {
                "/jwks" => answer(200, &date, &self.keys),
                "/.well-known/issuer.json" => answer(200, &date, &self.document.to_string()),
                "/api/auth/token" if request.starts_with("OPTIONS ") => {
                    let allowed = self.allowed;
                    let cors = format!(
                        "access-control-allow-origin: {allowed}\r\n\
                         access-control-allow-credentials: true\r\n"
                    );
                    answer(204, &cors, "")
                }
                "/config.json" if self.has_page => answer(200, "", r#"{"tasksUrl":"http://x"}"#),
                _ => answer(404, &date, ""),
            }
        });
        format!("{}/jwks", stub.url())
    }
}

async fn doctor_for(published: Published) -> Report {
    doctor(&[("BETTER_AUTH_JWKS_URL", &published.serve())]).await
}

async fn a_healthy_service_has_no_findings(db: TestDatabase) {
    let keys = Published::default().serve();
    let app = TestApp::spawn_with(&db, |config| {
        config.better_auth_jwks_url = keys.parse().unwrap();
    })
    .await;
    let token = app.token("ada");
    app.status_for(&token).await;
    let (database, port) = (db.url(), app.address.port().to_string());
    let variables =
        [("DATABASE_URL", &*database), ("PORT", &port), ("BETTER_AUTH_JWKS_URL", &keys)];
    let report: Report = command(&variables).output().await.unwrap().into();

    report.is_clean();
    for (subject, text) in [
        ("service", "is ready at http://127.0.0.1:"),
        ("database", ""),
        ("schema", "is up to date"),
        ("keys", "1 at http://127.0.0.1:"),
        ("clock", "agrees with that of the issuer"),
        ("issuer", "have iss \"http://issuer.test\" and aud \"http://tasks.test\""),
        ("cors", "allows requests from http://spa.test:5173"),
    ] {
        report.finds("ok", subject, text);
    }
}

async fn with_database(db: &TestDatabase, migrate: &str) -> Report {
    let (database, keys) = (db.url(), Published::default().serve());
    let variables =
        [("DATABASE_URL", &*database), ("MIGRATE", migrate), ("BETTER_AUTH_JWKS_URL", &keys)];
    command(&variables).output().await.unwrap().into()
}

async fn an_outdated_schema_is_reported(db: TestDatabase) {
    migrate::revert_to(&db.url, MIGRATIONS, "20261124000001").await.unwrap();
    let report = with_database(&db, "true").await;
    report.finds("warn", "MIGRATE", "have not run: 2026-11-24-000002_create_idempotency_keys");
    let report = with_database(&db, "false").await;
    report.finds("fault", "MIGRATE", "run `task-service migrate`");

    migrate::revert(&db.url, MIGRATIONS).await.unwrap();
    with_database(&db, "true").await.is_clean();
    let report = with_database(&db, "false").await;
    report.finds("fault", "MIGRATE", "the database is empty: run `task-service migrate`");
}

async fn a_schema_of_a_newer_version_is_reported(db: TestDatabase) {
    db.change("INSERT INTO task_service_migrations (version) VALUES ('20990101000001')").await;
    let report = with_database(&db, "true").await;
    report.finds("fault", "DATABASE_URL", "does not know: 20990101000001");
}

async fn a_missing_table_is_reported(db: TestDatabase) {
    db.change("ALTER TABLE tasks RENAME TO users").await;
    let report = with_database(&db, "true").await;
    let text = "task-service has migrated this database, but it has no table \"tasks\"";
    report.finds("fault", "DATABASE_URL", text);
}

#[actix_web::test]
async fn unavailable_keys_are_reported() {
    let closed = format!("http://ada:hidden@127.0.0.1:{}/jwks?key=hidden", free_port());
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let silent = format!("http://{}/jwks", silent.local_addr().unwrap());
    let stub = |status, headers: &'static str, body: &'static str| {
        format!("{}/keys", Stub::start(move |_| answer(status, headers, body)).url())
    };
    let rsa = r#"{"keys":[{"kty":"RSA","kid":"a","alg":"RS256","n":"AQAB","e":"AQAB"}]}"#;
    for (url, text) in [
        (closed, "cannot be reached: Connection refused (os error 111); in a container"),
        (silent, "cannot be reached: no response within 1s"),
        ("http://nowhere.invalid/jwks".to_owned(), "cannot be reached: "),
        (stub(404, "", ""), "/keys returns 404 instead of a key set"),
        (stub(301, "location: /elsewhere\r\n", ""), "returns 301, and redirects are not followed"),
        (stub(200, "content-type: text/html\r\n", "<p>"), "returns text/html instead of a key set"),
        (stub(200, "", rsa), "publishes no key with a kid for EdDSA"),
    ] {
        let settings = [("BETTER_AUTH_JWKS_URL", &*url), ("JWKS_FETCH_TIMEOUT", "1s")];
        let report = doctor(&settings).await;
        report.finds("fault", "BETTER_AUTH_JWKS_URL", text);
        assert!(!report.text.contains("hidden"), "{}", report.text);
    }
}

#[actix_web::test]
async fn the_keys_of_another_issuer_are_discovered() {
    let keys = Published::default().serve();
    let rsa = Issuer::generate("rsa", Algorithm::Rs256).jwks().to_string();
    let complete = Stub::start(move |request| {
        let host = request.lines().find_map(|line| line.strip_prefix("host: ")).unwrap();
        match request.split(' ').nth(1).unwrap() {
            "/.well-known/openid-configuration" => {
                let url = format!("http://{host}");
                let metadata = json!({ "issuer": url, "jwks_uri": format!("{url}/keys") });
                answer(200, "", &metadata.to_string())
            }
            "/keys" => answer(200, "", &rsa),
            _ => answer(404, "", ""),
        }
    });
    let stub = |status, body: &'static str| Stub::start(move |_| answer(status, "", body));
    let other = r#"{"issuer":"https://id.example.com","jwks_uri":"https://id.example.com/keys"}"#;
    for (stub, fault) in [
        (complete, None),
        (stub(404, ""), Some("/openid-configuration returns 404")),
        (stub(200, "<p>"), Some("the metadata is not a JSON object")),
        (stub(200, other), Some("the metadata is that of another issuer")),
    ] {
        let trusted = format!("{}|tasks|discover|RS256", stub.url());
        let settings = [("BETTER_AUTH_JWKS_URL", &*keys), ("TRUSTED_ISSUERS", &trusted)];
        let report = doctor(&settings).await;
        match fault {
            Some(text) => report.finds("fault", "TRUSTED_ISSUERS", text),
            None => assert!(report.text.contains("/keys"), "{}", report.text),
        }
    }
}

#[actix_web::test]
async fn unavailable_keys_of_another_issuer_are_reported() {
    let keys = Published::default().serve();
    let other = format!("https://other.test|tasks|http://127.0.0.1:{}/jwks", free_port());
    let settings = [("BETTER_AUTH_JWKS_URL", &*keys), ("TRUSTED_ISSUERS", &other)];
    doctor(&settings).await.finds("fault", "TRUSTED_ISSUERS", "/jwks cannot be reached: ");

    let twice = format!("{ISSUER}|tasks|{keys}");
    let settings = [("BETTER_AUTH_JWKS_URL", &*keys), ("TRUSTED_ISSUERS", &twice)];
    let report = doctor(&settings).await;
    assert!(report.text.contains("is configured twice"), "{}", report.text);
}

#[actix_web::test]
async fn clock_skew_is_reported() {
    for (ahead, verdict, text) in [
        (3600, "fault", "ahead of this machine's, more than the 30 s allowed"),
        (-3600, "fault", "behind this machine's, more than the 30 s allowed"),
        (20, "warn", "ahead of this machine's; 30 s are allowed"),
    ] {
        let report = doctor_for(Published { ahead, ..Published::default() }).await;
        report.finds(verdict, "clock", text);
    }
}

#[actix_web::test]
async fn different_issuer_or_audience_is_reported() {
    for (document, setting, text) in [
        (
            json!({ "issuer": "http://issuer.test/", "audience": AUDIENCE, "url": ISSUER }),
            "BETTER_AUTH_ISSUER",
            "is \"http://issuer.test\", but tokens of the issuer at http://127.0.0.1:",
        ),
        (
            json!({ "issuer": ISSUER, "audience": "http://other.test", "url": ISSUER }),
            "BETTER_AUTH_AUDIENCE",
            "have aud \"http://other.test\": both must be identical",
        ),
    ] {
        let report = doctor_for(Published { document, ..Published::default() }).await;
        report.finds("fault", setting, text);
    }
    let report = doctor_for(Published { document: Value::Null, ..Published::default() }).await;
    report.finds("skip", "issuer", "check a token with --token-file");
}

#[actix_web::test]
async fn origins_refused_by_the_issuer_are_reported() {
    let report = doctor_for(Published { allowed: "http://x.test", ..Published::default() }).await;
    let text =
        "does not allow requests from http://spa.test:5173: add it to FRONTEND_URL of the issuer";
    report.finds("fault", "FRONTEND_URL", text);

    let report = doctor_for(Published { has_page: true, ..Published::default() }).await;
    report.finds("fault", "FRONTEND_URL", "lacks http://issuer.test, where auth-service serves");
    let keys = Published { has_page: true, ..Published::default() }.serve();
    let both = format!("{FRONTEND},{ISSUER}");
    doctor(&[("BETTER_AUTH_JWKS_URL", &keys), ("FRONTEND_URL", &both)]).await.is_clean();
}

#[actix_web::test]
async fn another_program_on_the_port_is_reported() {
    let stranger = Stub::start(|_| answer(404, "", "")).port().to_string();
    let keys = Published::default().serve();
    let report = doctor(&[("PORT", &stranger), ("BETTER_AUTH_JWKS_URL", &keys)]).await;
    report.finds("fault", "PORT", ": use another port");
}

#[actix_web::test]
async fn a_service_that_is_not_ready_is_reported() {
    let state = r#"{"status":"unavailable","database":"ok","keys":"unavailable"}"#;
    let ailing = Stub::start(move |_| answer(503, "", state)).port().to_string();
    let keys = Published::default().serve();
    let report = doctor(&[("PORT", &ailing), ("BETTER_AUTH_JWKS_URL", &keys)]).await;
    report.finds("warn", "service", "but is not ready: keys unavailable");
}

/// Returns the doctor's report on a token, which the doctor reads from a file.
async fn verdict_on(token: &str, published: Published) -> Report {
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), format!("{token}\n")).unwrap();
    let arguments = ["--token-file", file.path().to_str().unwrap()];
    let report = doctor_with(&[("BETTER_AUTH_JWKS_URL", &published.serve())], &arguments).await;
    assert!(!report.text.contains(token), "{}", report.text);
    report
}

/// Returns a signed token with valid claims, except for the modifications by `change`.
fn token(change: impl FnOnce(&mut Value)) -> String {
    let mut claims = claims("ada");
    change(&mut claims);
    Issuer::new("first", 1).sign(&claims)
}

#[actix_web::test]
async fn the_lifetime_of_a_valid_token_is_reported() {
    let report = verdict_on(&token(|_| {}), Published::default()).await;
    report.is_clean();
    report.finds("ok", "token", "is accepted and expires in 59m");

    let mut doctor = command(&[("BETTER_AUTH_JWKS_URL", &Published::default().serve())])
        .args(["--token-file", "-"])
        .env("DATABASE_URL", "sqlite://unused.db")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let header = format!("Bearer {}\n", token(|_| {}));
    doctor.stdin.take().unwrap().write_all(header.as_bytes()).await.unwrap();
    let report: Report = doctor.wait_with_output().await.unwrap().into();
    report.finds("ok", "token", "is accepted and expires in 59m");
}

#[actix_web::test]
async fn the_reason_for_refusing_a_token_is_reported() {
    let minutes = |minutes: i64| now().cast_signed() + minutes * 60;
    let expired = token(|claims| {
        claims["iat"] = minutes(-63).into();
        claims["exp"] = minutes(-3).into();
    });
    let other_key = Issuer::new("second", 2).sign(&claims("ada"));
    let forged = Issuer::new("first", 2).sign(&claims("ada"));
    let header = json!({ "alg": "HS256", "kid": "first" });
    let hmac = Issuer::new("first", 1).sign_with_header(&header, &claims("ada"));
    for (token, subject, text) in [
        (expired, "token", "expired 3m"),
        (token(|claims| claims["iat"] = minutes(5).into()), "clock", "the token becomes valid in "),
        (
            token(|claims| claims["iss"] = "http://other.test".into()),
            "BETTER_AUTH_ISSUER",
            "has iss \"http://other.test\", which is not a trusted issuer: \"http://issuer.test\"",
        ),
        (
            token(|claims| claims["aud"] = json!(["http://other.test"])),
            "BETTER_AUTH_AUDIENCE",
            "has aud [\"http://other.test\"], but \"http://tasks.test\" is expected",
        ),
        (
            other_key,
            "BETTER_AUTH_JWKS_URL",
            "was signed with the key \"second\", but the published keys are first",
        ),
        (forged, "token", "is refused: the signature does not verify"),
        (hmac, "token", "is signed with \"HS256\", but only EdDSA is accepted"),
        ("k3J9fQm2".to_owned(), "token", "is not a JWT; if it is a session token, exchange it"),
        (token(|claims| claims["sub"] = Value::Null), "token", "is refused: sub is missing"),
    ] {
        verdict_on(&token, Published::default()).await.finds("fault", subject, text);
    }
}

#[actix_web::test]
async fn a_token_expired_by_the_local_clock_only_is_reported() {
    let behind = Published { ahead: -600, ..Published::default() };
    let ended = token(|claims| {
        claims["iat"] = (now() - 65 * 60).into();
        claims["exp"] = (now() - 5 * 60).into();
    });
    let report = verdict_on(&ended, behind).await;
    let lines: Vec<_> = report.text.lines().filter(|line| line.starts_with("fault")).collect();
    assert!(lines.len() == 2 && lines.iter().all(|line| line[7..].starts_with("clock ")));
    assert!(
        lines[1].contains("is valid by that of its issuer: synchronize both with NTP"),
        "{lines:?}"
    );
}

#[actix_web::test]
async fn a_token_that_cannot_be_verified_is_reported() {
    let keys = format!("http://127.0.0.1:{}/jwks", free_port());
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), token(|_| {})).unwrap();
    let arguments = ["--token-file", file.path().to_str().unwrap()];
    let report = doctor_with(&[("BETTER_AUTH_JWKS_URL", &keys)], &arguments).await;
    assert!(report.text.contains("so the token cannot be verified"), "{}", report.text);

    let keys = Published::default().serve();
    let settings = [("BETTER_AUTH_JWKS_URL", &*keys)];
    let report = doctor_with(&settings, &["--token-file", "/nowhere"]).await;
    report.finds("fault", "--token-file", "cannot be read: No such file");
}
