//! `auth-service import`: users of another service can sign in with their existing credentials.

mod files;
mod hashes;
mod services;
mod sources;
mod update;

use std::{io::Write as _, iter, process::Output};

use database::{
    on_both_engines,
    testing::{Engine, TestDatabase},
};
use serde_json::json;
use tempfile::NamedTempFile;
use tokio::process::Command;

use crate::app::{
    Answering as _, PASSWORD, SECRET, START_SHOWN, TestApp, count, values, with_bearer,
};

on_both_engines!(auth_service::MIGRATIONS;
    users_of_better_auth_sign_in_with_their_old_passwords,
    sessions_are_imported_on_request,
    importing_twice_changes_nothing,
    local_changes_are_kept,
    a_dry_run_changes_nothing,
    many_users_are_imported_once_each,
    users_of_a_csv_file_sign_in_with_hashes_of_any_supported_kind,
    a_csv_file_needs_nothing_but_addresses,
    rows_that_cannot_be_imported_are_reported,
    a_source_that_cannot_be_read_is_an_error_in_one_line,
);

/// Better Auth's scrypt hash of [`PASSWORD`].
const SCRYPT: &str = "000102030405060708090a0b0c0d0e0f:\
    8ed9adfc898e960d174d858ac4c12440866742e40bbdadfaf92ab0dd306633d8\
    f5b206c823ad596219b4cc0669395ea4e73b6aeb098da40879b8688fc0b1eca7";
/// Hashes of [`PASSWORD`], created by passlib and argon2-cffi.
const OTHERS: [&str; 4] = [
    "$2b$05$vqUhrIwkDcP5xczYxBaAteG5t5XkGQEX0cuxGPXx3TyW2dJmLyF2K",
    "$2y$05$MCYEGWcmpjBMp8YulCdTEOkHfKUm5vxcTLgJAVd90Ni.6w7OfOQaS",
    "$argon2id$v=19$m=64,t=2,p=2$SgnBeE8pZcwZY8x5j9Fayw$\
     UjYpU2WRfjE04Ub3ycSGU7JjS06eum5H+Jc/MM40m5k",
    "$scrypt$ln=4,r=8,p=1$59zbu9cao5SSMgYgxJiz9g$EYzBnT7OE0LwjqE3pKeLFPNR9eiq25gCGullUywikMw",
];
const ADA_ID: &str = "ExampleUserId0123456789ABCDEFGHI";
const TOKEN: &str = "ExampleSessionToken0123456789ABC";
/// The start time of every test, which is long before the system time that the command uses.
const CREATED: &str = "2026-01-02T03:00:00.123Z";

fn command(database_url: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_auth-service"));
    command.arg("import").args(arguments).env("DATABASE_URL", database_url);
    command.env("BETTER_AUTH_SECRET", SECRET);
    command
}

async fn import(db: &TestDatabase, arguments: &[&str]) -> Output {
    command(&db.url(), arguments).output().await.unwrap()
}

/// Runs an import that must fail because it skips users, and returns its report.
async fn incomplete(db: &TestDatabase, arguments: &[&str]) -> String {
    let output = import(db, arguments).await;
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// Runs an import that must be rejected as a whole with a one-line error, and returns the error.
async fn refused(db: &TestDatabase, arguments: &[&str]) -> String {
    let output = import(db, arguments).await;
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let error = [output.stdout, output.stderr].concat();
    let error = String::from_utf8(error).unwrap();
    assert_eq!(error.lines().count(), 1, "{error}");
    error
}

/// Runs an import that must succeed without skipping a user, and returns its report.
async fn imported(db: &TestDatabase, arguments: &[&str]) -> String {
    let output = import(db, arguments).await;
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

fn file(content: impl AsRef<[u8]>) -> NamedTempFile {
    let mut file = NamedTempFile::new().unwrap();
    file.write_all(content.as_ref()).unwrap();
    file
}

async fn imported_csv(db: &TestDatabase, csv: &str) -> String {
    imported(db, &["--from", "csv", file(csv).path().to_str().unwrap()]).await
}

async fn incomplete_csv(db: &TestDatabase, csv: &str) -> String {
    incomplete(db, &["--from", "csv", file(csv).path().to_str().unwrap()]).await
}

/// Creates a database with the tables of Better Auth. Returns `None` if the engine is unavailable.
async fn better_auth(engine: Engine) -> Option<TestDatabase> {
    let db = TestDatabase::create(engine, auth_service::MIGRATIONS).await?;
    let (flag, time) = match engine {
        Engine::Postgres => ("boolean", "timestamptz"),
        Engine::Sqlite => ("integer", "date"),
    };
    for table in [
        format!(
            r#"CREATE TABLE "user" (id text PRIMARY KEY, name text, email text, image text,
            "emailVerified" {flag}, "createdAt" {time}, "updatedAt" {time})"#
        ),
        format!(
            r#"CREATE TABLE account (id text PRIMARY KEY, "accountId" text, "providerId" text,
            "userId" text, password text, "createdAt" {time}, "updatedAt" {time})"#
        ),
        format!(
            r#"CREATE TABLE session (id text PRIMARY KEY, "userId" text, token text,
            "expiresAt" {time}, "createdAt" {time}, "updatedAt" {time}, "ipAddress" text,
            "userAgent" text)"#
        ),
    ] {
        db.change(&table).await;
    }
    Some(db)
}

/// Returns a Better Auth database on each available engine.
async fn sources() -> Vec<TestDatabase> {
    let mut sources = Vec::new();
    for engine in [Engine::Sqlite, Engine::Postgres] {
        sources.extend(better_auth(engine).await);
    }
    sources
}

async fn add_user(db: &TestDatabase, id: &str, email: &str) {
    let yes = if db.engine == Engine::Postgres { "true" } else { "1" };
    let user = format!(
        r#"INSERT INTO "user" VALUES
        ('{id}', 'Ada', '{email}', NULL, {yes}, '{CREATED}', '{CREATED}')"#
    );
    db.change(&user).await;
    let account = format!(
        "INSERT INTO account VALUES \
         ('account of {id}', '{id}', 'credential', '{id}', '{SCRYPT}', '{CREATED}', '{CREATED}')"
    );
    db.change(&account).await;
}

async fn add_session(db: &TestDatabase, id: &str, token: &str, expires_at: &str) {
    let session = format!(
        "INSERT INTO session VALUES ('{id}', '{ADA_ID}', '{token}', '{expires_at}', '{CREATED}', \
         '{CREATED}', '192.0.2.7', 'Phone/1.0')"
    );
    db.change(&session).await;
}

/// Returns the main columns of all rows that an import could change.
async fn everything(db: &TestDatabase) -> Vec<String> {
    let mut rows = Vec::new();
    for columns in [
        "id || name || email || coalesce(image, '-') AS value FROM users",
        "id || user_id || provider_id || account_id || coalesce(password_hash, '-') AS value \
         FROM accounts",
        "id || user_id || ip_address || user_agent AS value FROM sessions",
    ] {
        rows.extend(values(db, &format!("SELECT {columns} ORDER BY 1")).await);
    }
    rows
}

async fn is_upgraded(db: &TestDatabase) -> bool {
    let hashes = values(db, "SELECT password_hash AS value FROM accounts").await;
    hashes.iter().all(|hash| hash.starts_with("$bcrypt-sha256$"))
}

async fn users_of_better_auth_sign_in_with_their_old_passwords(db: TestDatabase) {
    for source in sources().await {
        add_user(&source, ADA_ID, "Ada@Example.com").await;
        let google = format!(
            "INSERT INTO account VALUES ('google account', 'google id', 'google', '{ADA_ID}', \
             NULL, '{CREATED}', '{CREATED}')"
        );
        source.change(&google).await;

        let report = imported(&db, &["--from", "better-auth", &source.url()]).await;

        assert!(report.contains("1 users imported; 1 passwords, 1 other accounts"));
        let app = TestApp::spawn(&db).await;
        let wrong = app.sign_in_request("ada@example.com", "wrong horse 42").answer().await;
        wrong.is_error(401, "INVALID_EMAIL_OR_PASSWORD", "Invalid email or password");
        let ada = app.sign_in("ada@example.com").await;
        assert_eq!(
            ada.user,
            json!({
                "id": ADA_ID, "name": "Ada", "email": "ada@example.com", "emailVerified": true,
                "image": null, "createdAt": START_SHOWN, "updatedAt": START_SHOWN
            })
        );
        let accounts = with_bearer(&app, "/api/auth/list-accounts", &ada.token).await.json();
        let ids: Vec<_> = accounts.as_array().unwrap().iter().map(|a| &a["accountId"]).collect();
        assert_eq!(ids, [&json!(ADA_ID), &json!("google id")]);
        let stored = "SELECT password_hash AS value FROM accounts WHERE provider_id = 'credential'";
        assert!(values(&db, stored).await[0].starts_with("$bcrypt-sha256$"), "it is upgraded");
        app.sign_in("ada@example.com").await;
        db.change("DELETE FROM users").await;
    }
}

async fn sessions_are_imported_on_request(db: TestDatabase) {
    for source in sources().await {
        add_user(&source, ADA_ID, "ada@example.com").await;
        add_session(&source, "live", TOKEN, "2099-01-01T00:00:00.000Z").await;
        add_session(&source, "old", "another token", "2026-01-01T00:00:00.000Z").await;
        let url = source.url();

        let without = imported(&db, &["--from", "better-auth", &url]).await;
        assert!(without.contains(" 0 sessions"), "{without}");
        let with = imported(&db, &["--from", "better-auth", &url, "--sessions"]).await;
        assert!(with.contains(" 1 sessions"), "{with}");
        assert!(with.contains("a session has expired"), "{with}");
        assert!(!with.contains("token"), "{with}");

        let app = TestApp::spawn(&db).await;
        // The cookie for [`TOKEN`], signed by Better Auth with [`SECRET`].
        let cookie = "better-auth.session_token=ExampleSessionToken0123456789ABC.\
                      mD61K9apYmY%2B5%2BUbYzZhr7IrajLjjJ6lqee2PxaC5XU%3D";
        let session = app.get_session(cookie).await.json();
        assert_eq!(session["user"]["id"], ADA_ID);
        assert_eq!(session["session"]["id"], "live");
        assert_eq!(session["session"]["userAgent"], "Phone/1.0");
        let listed = with_bearer(&app, "/api/auth/list-sessions", TOKEN).await.json();
        assert_eq!(listed[0]["token"], TOKEN);
        db.change("DELETE FROM users").await;
    }
}

async fn importing_twice_changes_nothing(db: TestDatabase) {
    let Some(source) = better_auth(db.engine).await else { return };
    add_user(&source, ADA_ID, "ada@example.com").await;
    add_session(&source, "live", TOKEN, "2099-01-01T00:00:00.000Z").await;
    let url = source.url();
    let arguments = ["--from", "better-auth", &url, "--sessions"];
    imported(&db, &arguments).await;
    let before = everything(&db).await;
    assert_eq!(before.len(), 3);

    let report = imported(&db, &arguments).await;

    assert!(report.contains("0 users imported"), "{report}");
    assert!(report.contains(" 0 sessions"), "{report}");
    assert!(report.contains("1 users already existed, 0 skipped"), "{report}");
    assert_eq!(everything(&db).await, before);
}

async fn local_changes_are_kept(db: TestDatabase) {
    let Some(source) = better_auth(db.engine).await else { return };
    add_user(&source, ADA_ID, "ada@example.com").await;
    let url = source.url();
    imported(&db, &["--from", "better-auth", &url]).await;
    let app = TestApp::spawn(&db).await;
    let ada = app.sign_in("ada@example.com").await;
    let body = json!({ "currentPassword": PASSWORD, "newPassword": "a new password" });
    assert_eq!(app.post_as(&ada, "/api/auth/change-password", &body).await.status, 200);
    let body = json!({ "name": "Countess" });
    app.post_as(&ada, "/api/auth/update-user", &body).await.is_done();
    db.change("UPDATE users SET email = 'countess@example.com'").await;

    let report = incomplete(&db, &["--from", "better-auth", &url]).await;

    assert!(report.contains("the id already exists with another address"), "{report}");

    let answer = app.sign_in_request("countess@example.com", "a new password").answer().await;
    assert_eq!(answer.signed_in().user["name"], "Countess");
    assert_eq!(count(&db, "users").await, 1);
}

async fn a_dry_run_changes_nothing(db: TestDatabase) {
    let Some(source) = better_auth(db.engine).await else { return };
    add_user(&source, ADA_ID, "ada@example.com").await;
    add_session(&source, "live", TOKEN, "2099-01-01T00:00:00.000Z").await;
    let url = source.url();

    let dry = ["--from", "better-auth", &url, "--sessions", "--dry-run"];
    let report = imported(&db, &dry).await;

    assert!(report.contains("1 users would be imported; 1 passwords"), "{report}");
    assert!(report.contains(" 1 sessions"), "{report}");
    assert!(everything(&db).await.is_empty());

    // Missing tables are not created either.
    database::migrate::revert(&db.url, auth_service::MIGRATIONS).await.unwrap();
    let report = imported(&db, &dry).await;
    assert!(report.contains("1 users would be imported"), "{report}");
    assert_eq!(db.columns("users").await, [""; 0]);
}

async fn many_users_are_imported_once_each(db: TestDatabase) {
    let Some(source) = better_auth(db.engine).await else { return };
    let users = (0..1201).map(|number| {
        let verified = if db.engine == Engine::Postgres { "false" } else { "0" };
        format!("('{number:x}', '', 'u{number}@example.com', NULL, {verified}, '{CREATED}', NULL)")
    });
    let users: Vec<_> = users.collect();
    source.change(&format!(r#"INSERT INTO "user" VALUES {}"#, users.join(", "))).await;

    let report = imported(&db, &["--from", "better-auth", &source.url()]).await;

    assert!(report.contains("1201 users imported; 0 passwords"), "{report}");
    assert_eq!(count(&db, "users").await, 1201);
}

async fn users_of_a_csv_file_sign_in_with_hashes_of_any_supported_kind(db: TestDatabase) {
    let users = OTHERS.iter().chain([&SCRYPT]).enumerate().map(|(number, hash)| {
        format!("\"Ada, {number}\",u{number}@example.com,\"{hash}\",true,{CREATED}\n")
    });
    let header = "name,email,password_hash,email_verified,created_at\n".to_owned();
    let csv = iter::once(header).chain(users).collect::<String>();

    let report = imported_csv(&db, &csv).await;

    assert!(report.contains("5 users imported; 5 passwords"), "{report}");
    let app = TestApp::spawn(&db).await;
    for number in 0..5 {
        let email = format!("u{number}@example.com");
        let wrong = app.sign_in_request(&email, "wrong horse 42").answer().await;
        wrong.is_error(401, "INVALID_EMAIL_OR_PASSWORD", "Invalid email or password");
        let user = app.sign_in(&email).await.user;
        assert_eq!(user["name"], format!("Ada, {number}"));
        assert_eq!(
            (&user["emailVerified"], &user["createdAt"]),
            (&json!(true), &json!(START_SHOWN))
        );
    }
    assert!(is_upgraded(&db).await);
    for number in 0..5 {
        app.sign_in(&format!("u{number}@example.com")).await;
    }
    let before = everything(&db).await;
    let report = imported_csv(&db, &csv).await;
    assert!(report.contains("5 users already existed"), "{report}");
    assert_eq!(everything(&db).await, before);
}

async fn a_csv_file_needs_nothing_but_addresses(db: TestDatabase) {
    let report = imported_csv(&db, "plan,email\nfree,ada@example.com\n").await;

    assert!(report.contains("1 users imported; 0 passwords"), "{report}");
    assert!(report.contains("columns that are not imported: plan"), "{report}");
    let app = TestApp::spawn(&db).await;
    let none = app.sign_in_request("ada@example.com", PASSWORD).answer().await;
    none.is_error(401, "INVALID_EMAIL_OR_PASSWORD", "Invalid email or password");
    // An imported user without a password sets one with a password reset.
    let body = json!({ "email": "ada@example.com" });
    app.post("/api/auth/request-password-reset").json(&body).answer().await;
    let mail = app.mail_to("ada@example.com", "reset-password").await;
    let body = json!({ "newPassword": PASSWORD, "token": mail.token() });
    app.post("/api/auth/reset-password").json(&body).answer().await.is_done();
    app.sign_in("ada@example.com").await;
}

async fn rows_that_cannot_be_imported_are_reported(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    app.sign_up("here@example.com").await;
    let long = "x".repeat(256);
    let csv = format!(
        "id,email,password_hash,created_at\n\
         1,nonsense,,\n\
         2,here@example.com,,\n\
         {long},long@example.com,,\n\
         4,ada@example.com,$1$unknown,\n\
         4,other@example.com,,\n\
         6,ADA@example.com,,\n\
         7,late@example.com,,yesterday\n\
         8,costly@example.com,\"$argon2id$v=19$m=4194304,t=2,p=1$c2FsdHNhbHRzYWx0$xS4xTHZ8J9xpW6vBOX6NPp8KN+13qwws0PuS/AcrMp0\",\n"
    );

    let report = incomplete_csv(&db, &csv).await;

    for line in [
        "skipped line 2: the address is malformed",
        "skipped line 3: another user here already has the address",
        "skipped line 4: the id is blank, longer than 255 characters, or contains control characters",
        "line 5: imported without a password: its password hash is not accepted: ",
        "skipped line 6: the source has another user with this id",
        "skipped line 7: the source has another user with this address",
        "skipped line 8: created_at \"yesterday\" cannot be read as a time",
        "2 users imported; 0 passwords",
        "0 users already existed, 6 skipped",
    ] {
        assert!(report.contains(line), "no {line:?} in\n{report}");
    }
    assert!(!report.contains("$argon2id"), "{report}");
    assert_eq!(count(&db, "users").await, 3);
}

async fn a_source_that_cannot_be_read_is_an_error_in_one_line(db: TestDatabase) {
    let nothing = tempfile::tempdir().unwrap();
    let missing = format!("sqlite://{}", nothing.path().join("none.db").display());
    let file = nothing.path().join("users.csv");
    std::fs::write(&file, "name\nAda\n").unwrap();
    let file = file.to_str().unwrap();
    let no_better_auth = db.url();
    for arguments in [
        ["--from", "better-auth", missing.as_str()],
        ["--from", "better-auth", "mysql://user:hunter22@localhost/x"],
        ["--from", "better-auth", "postgres://user:hunter22@127.0.0.1:1/x"],
        ["--from", "better-auth", &no_better_auth],
        ["--from", "csv", "/no/such/file.csv"],
        ["--from", "csv", "postgres://user:hunter22@localhost/x"],
        ["--from", "auth0", "postgres://user:hunter22@localhost/x"],
        ["--from", "csv", file],
    ] {
        let output = import(&db, &arguments).await;
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8(said).unwrap();
        assert_eq!(output.status.code(), Some(1), "{arguments:?}: {said}");
        assert_eq!(said.lines().count(), 1, "{said}");
        assert!(!said.contains("hunter22"), "{said}");
    }
    assert!(!nothing.path().join("none.db").exists());
}
