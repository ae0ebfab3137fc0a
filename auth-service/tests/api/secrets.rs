//! What must never be read: passwords, tokens, keys and the secret that protects them.

use std::{
    collections::HashSet,
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::Stdio,
};

use auth_service::app::StartError;
use aws_lc_rs::digest;
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use ed25519_dalek::SigningKey;
use reqwest::RequestBuilder;
use serde_json::json;
use service_kit::{
    db::DatabaseUrl,
    on_both_engines,
    testing::{Engine, TestDatabase},
};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader},
    process::{Child, Command},
    task::JoinHandle,
};

use crate::{
    app::{
        BASE_URL, FRONT_END, JWKS, PASSWORD, SECRET, SIGN_IN, SIGN_UP, Send as _, TOKEN, TestApp,
        client, config, values,
    },
    mailbox::mail_in,
};

on_both_engines!(auth_service::MIGRATIONS;
    a_copied_database_lets_nobody_in,
    the_dump_is_of_all_tables,
    a_mailed_token_is_stored_as_a_hash,
    no_attempt_shows_who_tried_what,
    the_private_key_is_sealed,
    no_answer_repeats_a_secret,
    the_log_holds_no_secret,
    the_log_names_a_mail_and_holds_nothing_of_it,
    another_secret_does_not_open_the_database,
    without_a_secret_postgres_is_refused_and_sqlite_keeps_one,
    services_that_start_at_once_keep_one_secret,
);

const TABLES: [&str; 7] =
    ["users", "accounts", "sessions", "signing_keys", "verification_tokens", "mails", "attempts"];

/// Everything the database holds, as text and as bytes in hexadecimal.
async fn dump(db: &TestDatabase) -> String {
    let mut dump = String::new();
    for table in TABLES {
        let statement = match db.engine {
            Engine::Postgres => format!("SELECT t::text AS value FROM {table} t"),
            Engine::Sqlite => {
                let names = db.columns(table).await;
                let quoted: Vec<_> = names
                    .iter()
                    .map(|column| column.split(' ').next().unwrap())
                    .map(|name| {
                        format!(
                            "CASE typeof({name}) WHEN 'blob' THEN lower(hex({name})) \
                             ELSE coalesce({name}, '') END"
                        )
                    })
                    .collect();
                format!("SELECT {} AS value FROM {table}", quoted.join(" || ' ' || "))
            }
        };
        dump += &values(db, &statement).await.join("\n");
    }
    dump
}

fn sha256(text: &str) -> Vec<u8> {
    digest::digest(&digest::SHA256, text.as_bytes()).as_ref().to_vec()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat()
}

async fn a_copied_database_lets_nobody_in(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let ada = app.sign_up("ada@example.com").await;
    let jwt = app.token(&ada).await;

    let dump = dump(&db).await;

    assert!(dump.contains("ada@example.com"), "the dump is one: {dump}");
    assert!(dump.contains("$bcrypt-sha256$v=2,t=2b,r=10$"), "{dump}");
    for secret in [PASSWORD, SECRET, &ada.token, &ada.signed_token, &jwt] {
        assert!(!dump.contains(secret), "{secret} is in {dump}");
        assert!(!dump.contains(&hex(secret.as_bytes())), "{secret} is in {dump}");
    }
    if let DatabaseUrl::Sqlite(file) = &db.url {
        for entry in fs::read_dir(file.parent().unwrap()).unwrap() {
            let path = entry.unwrap().path();
            let content = String::from_utf8_lossy(&fs::read(&path).unwrap()).into_owned();
            assert!(
                !content.contains(&ada.token) && !content.contains(PASSWORD),
                "{}",
                path.display()
            );
        }
    }
}

async fn the_dump_is_of_all_tables(db: TestDatabase) {
    let all = match db.engine {
        Engine::Postgres => "SELECT tablename AS value FROM pg_tables WHERE schemaname = 'public'",
        Engine::Sqlite => "SELECT name AS value FROM sqlite_master WHERE type = 'table'",
    };
    let all: HashSet<_> = values(&db, all).await.into_iter().collect();
    let ours = HashSet::from(["__diesel_schema_migrations".to_owned()]);
    assert_eq!(all, &ours | &HashSet::from(TABLES.map(str::to_owned)));
}

async fn a_mailed_token_is_stored_as_a_hash(db: TestDatabase) {
    let app = TestApp::spawn_with(&db, |config| config.features.confirm_delete_user = true).await;
    let ada = app.sign_up("ada@example.com").await;
    let email = json!({ "email": "ada@example.com" });
    let mut tokens = Vec::new();
    for (path, kind) in [
        ("/api/auth/request-password-reset", "reset-password"),
        ("/api/auth/send-verification-email", "verify-email"),
        ("/api/auth/delete-user", "delete-user"),
    ] {
        assert_eq!(app.post_as(&ada, path, &email).await.status, 200);
        tokens.push(app.mail_to("ada@example.com", kind).await.token().to_owned());
    }
    assert_eq!(app.other_mails(&db).await, [""; 0]);

    let dump = dump(&db).await;

    let stored = match db.engine {
        Engine::Postgres => "SELECT encode(token_hash, 'hex') AS value FROM verification_tokens",
        Engine::Sqlite => "SELECT lower(hex(token_hash)) AS value FROM verification_tokens",
    };
    let mut stored = values(&db, stored).await;
    stored.sort();
    let mut hashes = [&tokens[0], &tokens[2]].map(|token| hex(&sha256(token)));
    hashes.sort();
    assert_eq!(stored, hashes, "of a verification link nothing is stored");
    for token in tokens {
        assert!(!dump.contains(&token) && !dump.contains(&hex(token.as_bytes())), "{dump}");
    }
}

async fn no_attempt_shows_who_tried_what(db: TestDatabase) {
    let app = TestApp::spawn_with(&db, |config| config.rate_limit = true).await;
    app.sign_in_request("ada@example.com", PASSWORD).answer().await;
    let email = json!({ "email": "ada@example.com" });
    app.post("/api/auth/request-password-reset").json(&email).answer().await;
    assert_eq!(app.other_mails(&db).await, [""; 0]);

    let dump = dump(&db).await;

    for shown in ["ada@example.com", "127.0.0.1", PASSWORD, "sign-in"] {
        assert!(!dump.contains(shown) && !dump.contains(&hex(shown.as_bytes())), "{dump}");
    }
}

async fn the_private_key_is_sealed(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let x = app.get(JWKS).answer().await.json()["keys"][0]["x"].as_str().unwrap().to_owned();
    let public = BASE64_URL_SAFE_NO_PAD.decode(x).unwrap();

    let sealed = match db.engine {
        Engine::Postgres => "SELECT encode(sealed_private_key, 'hex') AS value FROM signing_keys",
        Engine::Sqlite => "SELECT lower(hex(sealed_private_key)) AS value FROM signing_keys",
    };
    let sealed = values(&db, sealed).await.remove(0);
    let sealed: Vec<u8> = (0..sealed.len() / 2)
        .map(|i| u8::from_str_radix(&sealed[2 * i..2 * i + 2], 16).unwrap())
        .collect();

    assert_eq!(sealed.len(), 12 + 32 + 16, "nonce, seed, tag");
    for window in sealed.windows(32) {
        let key = SigningKey::from_bytes(window.try_into().unwrap());
        assert_ne!(key.verifying_key().as_bytes().as_slice(), public, "the seed is there to read");
    }
}

async fn no_answer_repeats_a_secret(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    app.sign_up("ada@example.com").await;
    let body = json!({ "name": 1, "email": "ada@example.com", "password": PASSWORD });

    for request in [
        app.sign_up_request("ada@example.com"),
        app.sign_up_request("bob@example.com"),
        app.sign_in_request("ada@example.com", PASSWORD),
        app.sign_in_request("ada", PASSWORD),
        app.post(SIGN_UP).json(&body),
        app.post(SIGN_UP).header("content-type", "application/json").body(PASSWORD),
        app.get(JWKS).bearer_auth(PASSWORD),
    ] {
        let answer = format!("{:?}", request.header("origin", FRONT_END).answer().await);
        for secret in [PASSWORD, SECRET, "bcrypt", "$2b$", "\"d\""] {
            assert!(!answer.contains(secret), "{answer}");
        }
    }
}

/// The built service as a process of its own.
pub(crate) fn process(database: &str, variables: &[(&str, &str)]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_auth-service"));
    command
        .env_clear()
        .env("DATABASE_URL", database)
        .env("PORT", "0")
        .env("BCRYPT_COST", "10")
        .envs(variables.iter().copied())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    command
}

/// The built service under way, logging all it can.
pub(crate) struct Service {
    address: String,
    process: Child,
    client: reqwest::Client,
    log: JoinHandle<String>,
}

impl Service {
    pub(crate) async fn start(db: &TestDatabase, variables: &[(&str, &str)]) -> Self {
        let logging = [("BETTER_AUTH_SECRET", SECRET), ("RUST_LOG", "debug")];
        let mut process = process(&db.url(), &[&logging, variables].concat()).spawn().unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let mut log = String::new();
        let address = loop {
            let line = lines.next_line().await.unwrap().expect("the service starts");
            log += &line;
            if let Some((_, address)) = line.split_once("listens on http://") {
                break address.split('"').next().unwrap().to_owned();
            }
        };
        // All the time, or the service would wait for it.
        let log = tokio::spawn(async move {
            while let Some(line) = lines.next_line().await.unwrap() {
                log += &line;
            }
            log
        });
        Self { address, process, client: client(), log }
    }

    pub(crate) fn get(&self, path: &str) -> RequestBuilder {
        self.client.get(format!("http://{}{path}", self.address))
    }

    pub(crate) fn post(&self, path: &str) -> RequestBuilder {
        self.client.post(format!("http://{}{path}", self.address))
    }

    /// Ends it: everything it has logged.
    pub(crate) async fn log(mut self) -> String {
        self.process.kill().await.unwrap();
        let mut errors = String::new();
        self.process.stderr.take().unwrap().read_to_string(&mut errors).await.unwrap();
        self.log.await.unwrap() + &errors
    }
}

async fn the_log_holds_no_secret(db: TestDatabase) {
    let service = Service::start(&db, &[("FRONTEND_URL", FRONT_END)]).await;
    let mut secrets = vec![PASSWORD.to_owned(), "wrong horse 42".to_owned(), SECRET.to_owned()];

    for (path, password) in [
        (SIGN_UP, PASSWORD),
        (SIGN_UP, PASSWORD),
        (SIGN_IN, PASSWORD),
        (SIGN_IN, "wrong horse 42"),
        (SIGN_UP, "short"),
    ] {
        let body = json!({ "name": "Ada", "email": "ada@example.com", "password": password });
        let answer = service.post(path).json(&body).answer().await;
        if answer.status == 200 {
            let ada = answer.signed_in();
            let jwt = service.get(TOKEN).bearer_auth(&ada.token).answer().await;
            secrets.push(jwt.json()["token"].as_str().unwrap().to_owned());
            secrets.push(hex(ada.token.as_bytes()));
            secrets.push(ada.signed_token.rsplit_once('.').unwrap().1.to_owned());
            secrets.push(ada.token);
        }
    }
    let malformed = service.post(SIGN_UP).header("content-type", "application/json");
    malformed.body(format!("{{\"password\":\"{PASSWORD}\"")).answer().await;
    service.get(&format!("/unknown/{PASSWORD}?token={PASSWORD}")).answer().await;
    let log = service.log().await;

    assert!(log.contains("POST /api/auth/sign-up/email 200"), "there is a log: {log}");
    secrets.push("bcrypt-sha256".to_owned());
    for secret in secrets {
        assert!(!log.contains(&secret), "{secret} is in the log");
    }
}

async fn the_log_names_a_mail_and_holds_nothing_of_it(db: TestDatabase) {
    let mails = tempfile::tempdir().unwrap();
    let folder = mails.path().to_str().unwrap();
    let variables = [("MAIL_DIR", folder), ("CONFIRM_DELETE_USER", "on"), ("RATE_LIMIT", "off")];
    let service = Service::start(&db, &variables).await;
    let email = "ada@example.com";
    let body = json!({ "name": "Ada", "email": email, "password": PASSWORD });
    let ada = service.post(SIGN_UP).json(&body).answer().await.signed_in();
    let mut secrets = vec![email.to_owned(), "callbackURL".to_owned(), "/come-back".to_owned()];

    for (path, kind) in [
        ("/api/auth/request-password-reset", "reset-password"),
        ("/api/auth/send-verification-email", "verify-email"),
        ("/api/auth/delete-user", "delete-user"),
    ] {
        let body = json!({
            "email": email, "callbackURL": "/come-back", "redirectTo": "/come-back",
        });
        let answer = service.post(path).bearer_auth(&ada.token).json(&body).answer().await;
        assert_eq!(answer.status, 200, "{answer:?}");
        let mail = mail_in(mails.path(), email, kind).await;
        let link = mail.link().strip_prefix(BASE_URL).unwrap();
        service.get(link).answer().await;
        let again = json!({ "token": mail.token(), "newPassword": PASSWORD });
        service.post("/api/auth/reset-password").json(&again).answer().await;
        secrets.push(mail.token().to_owned());
    }
    service.get(TOKEN).bearer_auth(&ada.token).answer().await;
    let revoke = json!({ "token": ada.token });
    service.post("/api/auth/revoke-session").bearer_auth(&ada.token).json(&revoke).answer().await;
    secrets.push(ada.token);
    let log = service.log().await;

    for kind in ["reset-password", "verify-email", "delete-user"] {
        let named = log
            .split(folder)
            .any(|rest| rest.split_once(".eml").is_some_and(|(name, _)| name.ends_with(kind)));
        assert!(named, "the file of {kind} is named: {log}");
    }
    for secret in secrets {
        assert!(!log.contains(&secret), "{secret} is in {log}");
    }
}

async fn another_secret_does_not_open_the_database(db: TestDatabase) {
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

/// An error with its causes.
fn message(error: &StartError) -> String {
    service_kit::telemetry::Chain(error).to_string()
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

/// A database of this test's own that no service has seen, for SQLite.
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
    without.database_url = DatabaseUrl::Sqlite(file.clone());

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
    without.database_url = DatabaseUrl::Sqlite(file.clone());

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

    assert!(debug.contains("bcrypt_cost: 10"), "{debug}");
    assert!(!debug.contains(SECRET), "{debug}");
    assert!(!debug.contains("hidden-password"), "{debug}");
}

#[actix_web::test]
async fn a_refused_setting_is_named_but_not_repeated() {
    for (name, value) in [
        ("BETTER_AUTH_SECRET", "hidden-but-too-short"),
        ("DATABASE_URL", "mysql://service:hidden@localhost/auth"),
        ("BETTER_AUTH_URL", "hidden"),
        ("FRONTEND_URL", "https://*.hidden.example"),
        ("BCRYPT_COST", "9"),
        ("BCRYPT_COST", "16"),
        ("SESSION_EXPIRES_IN", "0s"),
        ("BETTER_AUTH_AUDIENCE", " "),
        ("WEB_ROOT", "/nowhere"),
        ("MAIL_TEMPLATES", "/nowhere"),
        ("MAIL_FROM", "nobody"),
        ("SMTP_URL", "http://service:hidden@localhost"),
        ("SMTP_URL", "hidden"),
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
