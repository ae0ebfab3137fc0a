//! `auth-service export` and `import` preserve all data, apart from the counts of recent attempts
//! and the used client assertions.

use std::{fs, path::Path};

use database::{DatabaseUrl, on_both_engines, testing::TestDatabase};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::process::Command;

use crate::{
    app::{Answering as _, DAY, PASSWORD, SECRET, SIGN_OUT, TestApp, count, values, with_bearer},
    token::{jwks, verified},
};

on_both_engines!(auth_service::MIGRATIONS;
    all_data_moves_to_the_other_engine_and_back,
    all_columns_of_all_tables_but_short_lived_ones_are_exported,
    an_export_needs_no_secret_and_shows_no_token,
    keys_encrypted_with_another_secret_are_refused,
    a_refused_export_leaves_no_files_behind,
    an_export_is_imported_as_a_whole,
);

fn service(db: &TestDatabase, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_auth-service"));
    command.args(arguments).env("DATABASE_URL", db.url()).env("LOG_FORMAT", "json");
    command
}

async fn exported(db: &TestDatabase) -> String {
    let output = service(db, &["export"]).output().await.unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// Exports the database to a file in a temporary folder. Returns the folder and the path of the
/// file.
async fn exported_file(db: &TestDatabase) -> (TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("export.jsonl").to_str().unwrap().to_owned();
    let output = service(db, &["export", &path]).output().await.unwrap();
    assert!(output.status.success(), "{output:?}");
    (folder, path)
}

/// Runs an import. Returns whether it succeeded, and what it imported or why it failed.
async fn import(db: &TestDatabase, secret: &str, arguments: &[&str]) -> (bool, String) {
    let mut command = service(db, &[&["import"], arguments].concat());
    let output = command.env("BETTER_AUTH_SECRET", secret).output().await.unwrap();
    let line: Value = serde_json::from_slice(&output.stdout).unwrap();
    let is_done = output.status.success();
    let (message, field) =
        if is_done { ("imported and verified", "contents") } else { ("exiting", "error") };
    assert_eq!(line["message"], message, "{line}");
    (is_done, line[field].as_str().unwrap().to_owned())
}

/// Returns an export without its header, which contains the time.
fn rows(export: &str) -> &str {
    export.split_once('\n').unwrap().1
}

/// Inserts at least one row into every exported table.
async fn fill(db: &TestDatabase) {
    let app = TestApp::spawn(db).await;
    let ada = app.sign_up("ada@example.com").await;
    app.sign_in("ada@example.com").await;
    app.post_as(&ada, SIGN_OUT, &json!({})).await;
    let reset = json!({ "email": "ada@example.com" });
    app.post("/api/auth/request-password-reset").json(&reset).answer().await;
    app.mail_to("ada@example.com", "reset-password").await;
    drop(app);
    wait_with_a_mail(db).await;
    have_changed_the_address(db).await;
    create_client(db).await;
}

/// Inserts a change of address that can be undone.
async fn have_changed_the_address(db: &TestDatabase) {
    db.change(
        "INSERT INTO email_changes SELECT 'a change', id, 'old@example.com', \
         '2026-01-02T03:04:05.678901Z' FROM users WHERE email = 'ada@example.com'",
    )
    .await;
}

async fn create_client(db: &TestDatabase) {
    let output = service(db, &["clients", "create", "backup"]).output().await.unwrap();
    assert!(output.status.success(), "{output:?}");
}

/// Inserts an unsent e-mail.
async fn wait_with_a_mail(db: &TestDatabase) {
    db.change(
        "INSERT INTO mails SELECT 'a mail', 'verify-email', id, email, NULL, '/w\u{e4}y', 3, \
         '2099-01-01T00:00:00.000001Z', '2026-01-02T03:04:05.678901Z', NULL FROM users \
         WHERE email = 'ada@example.com'",
    )
    .await;
}

async fn all_data_moves_to_the_other_engine_and_back(db: TestDatabase) {
    let rotating = |config: &mut auth_service::config::Config| {
        config.jwt_rotation_interval = Some(std::time::Duration::from_hours(24));
        config.jwt_grace_period = std::time::Duration::from_hours(24 * 30);
    };
    let app = TestApp::spawn_with(&db, rotating).await;
    let first = app.sign_up("ada@example.com").await;
    let old_token = app.token(&first).await;
    // The next key is published an hour before it signs.
    app.advance(DAY - 3600);
    jwks(&app).await;
    app.advance(3601);
    let ada = app.sign_in("ada@example.com").await;
    let token = app.token(&ada).await;
    app.sign_up("bob@example.com").await;
    app.post_as(&ada, "/api/auth/update-user", &json!({ "name": "Äda \u{1f511} \"L\\\"" }))
        .await
        .is_done();
    let forgotten = json!({ "email": "bob@example.com" });
    app.post("/api/auth/request-password-reset").json(&forgotten).answer().await;
    let reset = app.mail_to("bob@example.com", "reset-password").await;
    let keys = jwks(&app).await;
    let session = app.get_session(&ada.cookie).await.json();
    let listed = with_bearer(&app, "/api/auth/list-sessions", &ada.token).await.json();
    drop(app);
    wait_with_a_mail(&db).await;
    have_changed_the_address(&db).await;
    db.change("UPDATE users SET updated_at = '1999-12-31T23:59:59.000001Z' WHERE name = 'Ada'")
        .await;
    let there = db.elsewhere(auth_service::MIGRATIONS).await;
    let back = there.elsewhere(auth_service::MIGRATIONS).await;

    let (_folder, file) = exported_file(&db).await;
    let (is_done, log) = import(&there, SECRET, &[&file]).await;
    assert!(is_done, "{log}");
    assert!(
        log.starts_with("18 rows: 2 accounts, 4 audit_entries, 1 email_changes, 1 mails, 3 "),
        "{log}"
    );
    let (_folder, file) = exported_file(&there).await;
    let (is_done, log) = import(&back, SECRET, &["--from", "export", &file]).await;
    assert!(is_done, "{log}");

    let export = exported(&db).await;
    assert!(export.contains("1999-12-31T23:59:59.000001Z"));
    for db in [&there, &back] {
        assert_eq!(rows(&exported(db).await), rows(&export));
        let app = TestApp::spawn_with(db, rotating).await;
        app.advance(DAY + 1);
        assert_eq!(app.get_session(&ada.cookie).await.json(), session);
        let sessions = with_bearer(&app, "/api/auth/list-sessions", &ada.token).await.json();
        assert_eq!(sessions, listed);
        assert_eq!(jwks(&app).await, keys);
        assert!(verified(&old_token, &keys).is_some() && verified(&token, &keys).is_some());
        let (header, _) = verified(&app.token(&ada).await, &keys).expect("the same key signs");
        assert_eq!(header["kid"], keys["keys"][0]["kid"]);
        app.sign_in("ada@example.com").await;
        let wrong = app.sign_in_request("ada@example.com", "wrong horse 42").answer().await;
        assert_eq!(wrong.status, 401);
        let body = json!({ "newPassword": "another horse 42", "token": reset.token() });
        app.post("/api/auth/reset-password").json(&body).answer().await.is_done();
        let bob = app.sign_in_request("bob@example.com", "another horse 42").answer().await;
        bob.signed_in();
    }
}

async fn all_columns_of_all_tables_but_short_lived_ones_are_exported(db: TestDatabase) {
    fill(&db).await;
    let export = exported(&db).await;
    let schema = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/store/schema.rs");
    let schema = fs::read_to_string(schema).unwrap();
    let tables = schema.lines().filter_map(|line| line.strip_prefix("    ")?.split_once(" ("));
    let is_exported = |table: &&str| !["attempts", "client_assertions"].contains(table);
    let tables: Vec<_> = tables.map(|(table, _)| table).filter(is_exported).collect();
    assert_eq!(tables.len(), 12, "{tables:?}");

    for table in tables {
        let start = format!("{{\"table\":\"{table}\"");
        let line = export.lines().find(|line| line.starts_with(&start)).expect(table);
        let line: Value = serde_json::from_str(line).unwrap();
        let mut members: Vec<_> = line["row"].as_object().unwrap().keys().collect();
        members.sort_unstable();
        let columns = db.columns(table).await;
        let columns: Vec<_> = columns.iter().map(|c| c.split(' ').next().unwrap()).collect();
        assert_eq!(members, columns, "{table}");
    }
}

async fn an_export_needs_no_secret_and_shows_no_token(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let ada = app.sign_up("ada@example.com").await;

    let export = exported(&db).await;

    assert!(export.contains("$bcrypt-sha256$"));
    for secret in [&ada.token, PASSWORD, SECRET] {
        assert!(!export.contains(secret));
    }
    if let DatabaseUrl::Sqlite(path) = &db.url {
        assert!(!path.with_extension("secret").exists(), "none was made");
    }
}

async fn keys_encrypted_with_another_secret_are_refused(db: TestDatabase) {
    fill(&db).await;
    let (_folder, file) = exported_file(&db).await;
    let there = db.elsewhere(auth_service::MIGRATIONS).await;

    let (is_done, log) = import(&there, "another-secret-do-not-use-0000000000", &[&file]).await;

    assert!(!is_done);
    assert_eq!(
        log,
        "line 2: BETTER_AUTH_SECRET does not decrypt this key: set it to the secret of the exported \
         service"
    );
    assert_eq!(count(&there, "signing_keys").await + count(&there, "users").await, 0);
    let (is_done, log) = import(&there, SECRET, &[&file]).await;
    assert!(is_done, "{log}");
}

/// If a rejected import generated a secret, that secret would conflict with the right one.
async fn a_refused_export_leaves_no_files_behind(db: TestDatabase) {
    fill(&db).await;
    let (_folder, file) = exported_file(&db).await;
    let there = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}", there.path().join("auth.db").display());
    for secret in [None, Some("another-secret-do-not-use-0000000000")] {
        let mut command = service(&db, &["import", &file]);
        command.env("DATABASE_URL", &url).env_remove("BETTER_AUTH_SECRET");
        command.envs(secret.map(|secret| ("BETTER_AUTH_SECRET", secret)));

        let output = command.output().await.unwrap();

        assert!(!output.status.success());
        let log = String::from_utf8(output.stdout).unwrap();
        assert!(log.contains("line 2: BETTER_AUTH_SECRET"), "{log}");
        assert_eq!(fs::read_dir(there.path()).unwrap().count(), 0, "{log}");
    }
}

async fn an_export_is_imported_as_a_whole(db: TestDatabase) {
    fill(&db).await;
    let (_folder, file) = exported_file(&db).await;
    let there = db.elsewhere(auth_service::MIGRATIONS).await;
    drop(TestApp::spawn(&there).await);

    for option in ["--sessions", "--dry-run"] {
        let (is_done, log) = import(&there, SECRET, &[&file, option]).await;
        assert!(!is_done && log.contains("imported as a whole"), "{log}");
    }
    let url = "postgres://ada:hidden@db.test/old";
    let (is_done, log) = import(&there, SECRET, &[url]).await;
    assert!(!is_done);
    assert!(log.starts_with("with `--from export`"), "{log}");
    assert!(log.ends_with("expected a file, not a URL"), "{log}");
    // This database contains a key, because a service has been started on it before.
    let (is_done, log) = import(&there, SECRET, &[&file]).await;
    assert!(!is_done);
    assert!(log.starts_with("DATABASE_URL already contains other rows (1 signing_keys)"));
    assert_eq!(count(&there, "users").await, 0);
    let kept = values(&there, "SELECT id AS value FROM signing_keys").await;
    assert!(!fs::read_to_string(&file).unwrap().contains(&kept[0]));
}
