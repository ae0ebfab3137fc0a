//! Source databases that differ from the database of a new Better Auth server.

use std::fs;

use database::{
    on_both_engines,
    testing::{Engine, TestDatabase},
};
use serde_json::Value;

use super::{
    ADA_ID, TOKEN, add_session, add_user, better_auth, command, everything, imported, incomplete,
    refused, sources,
};
use crate::app::{Answering as _, PASSWORD, TestApp, count, values, with_bearer};

on_both_engines!(auth_service::MIGRATIONS;
    a_second_source_with_equal_ids_takes_over_no_account,
    ids_of_accounts_and_sessions_may_be_those_of_another_source,
    bans_are_imported,
    a_ban_of_an_existing_user_is_reported,
    a_lost_second_factor_is_named,
    columns_that_are_not_imported_are_listed_once,
    columns_in_snake_case_are_found,
    other_names_of_tables_and_columns_can_be_given,
    a_missing_column_is_named_and_nothing_is_written,
    a_column_with_two_candidates_is_refused,
    a_mapping_of_an_unknown_name_is_refused,
    sessions_of_another_secret_are_refused,
    sessions_without_a_given_secret_are_refused,
    an_empty_session_table_is_refused,
    users_without_an_id_are_counted,
    text_that_is_not_utf_8_is_named,
    a_source_is_not_changed,
);

const EXPIRES: &str = "2099-01-01T00:00:00.000Z";
/// A signing key that Better Auth 1.7.25 encrypted with [`SECRET`], and one encrypted with another
/// secret.
const KEY: &str = "\"0ff008ec4aad6fb549ee6a9b664e58cc8b30925ec747946ac31658938c9e4cbd5b5a710c8032db53c4e866\
    18adcaa90807b57d32198bcfd12802ee59f0a4a208d08fa923363eaaadec1dc3cad4b4db57113df72890\"";
const KEY_OF_ANOTHER: &str = "\"562d2b547578bba614e43531b8f1bb87148b9d94ea4228be7d089395d19e9e8377cc38ee9762d3a8e5bb5b1f\
    5c119c14f8ae3756f83c65610c4813973ca642a2ae861bd0cdd7d14349450361f7db5cb8579bcb7575\"";

async fn add_session_of(db: &TestDatabase, user_id: &str, id: &str, token: &str) {
    let session = format!(
        "INSERT INTO session VALUES ('{id}', '{user_id}', '{token}', '{EXPIRES}', '{EXPIRES}', \
         '{EXPIRES}', '', '')"
    );
    db.change(&session).await;
}

async fn add_key(db: &TestDatabase, key: &str) {
    db.change("CREATE TABLE jwks (id text, \"publicKey\" text, \"privateKey\" text)").await;
    db.change(&format!("INSERT INTO jwks VALUES ('a key', '', '{key}')")).await;
}

/// Adds a column to a source's user table, with the same value for each user. `of` is the kind of
/// the column: `flag`, `time` or `text`.
async fn add_column(db: &TestDatabase, name: &str, of: &str, value: &str) {
    let (kind, value) = match (of, db.engine) {
        ("flag", Engine::Sqlite) => ("integer", if value == "true" { "1" } else { "0" }.to_owned()),
        ("flag", Engine::Postgres) => ("boolean", value.to_owned()),
        ("time", Engine::Sqlite) => ("date", format!("'{value}'")),
        ("time", Engine::Postgres) => ("timestamptz", format!("'{value}'")),
        _ => ("text", format!("'{value}'")),
    };
    db.change(&format!(r#"ALTER TABLE "user" ADD COLUMN {name} {kind}"#)).await;
    db.change(&format!(r#"UPDATE "user" SET {name} = {value}"#)).await;
}

async fn rename(db: &TestDatabase, table: &str, from: &str, to: &str) {
    db.change(&format!(
        r#"ALTER TABLE "{table}" RENAME COLUMN "{from}" TO "{}""#,
        to.replace('"', "\"\"")
    ))
    .await;
}

async fn is_signed_in(app: &TestApp, token: &str) -> bool {
    let session = with_bearer(app, "/api/auth/get-session", token).await;
    session.json() != Value::Null
}

async fn a_second_source_with_equal_ids_takes_over_no_account(db: TestDatabase) {
    for other in sources().await {
        let Some(first) = better_auth(db.engine).await else { return };
        add_user(&first, "1", "alice@example.com").await;
        imported(&db, &["--from", "better-auth", &first.url()]).await;
        add_user(&other, "1", "bob@example.com").await;
        add_session_of(&other, "1", "s1", TOKEN).await;
        let google =
            "INSERT INTO account VALUES ('g', 'bob at google', 'google', '1', NULL, NULL, NULL)";
        other.change(google).await;
        let before = everything(&db).await;

        let url = other.url();
        for options in
            [&["--sessions"][..], &["--sessions", "--update"], &["--sessions", "--dry-run"]]
        {
            let report =
                incomplete(&db, &[&["--from", "better-auth", &url], options].concat()).await;
            assert!(
                report.contains("skipped user 1: the id already exists with another address"),
                "{report}"
            );
            assert!(report.contains(" 0 other accounts, 0 sessions"), "{report}");
        }

        assert_eq!(everything(&db).await, before);
        let app = TestApp::spawn(&db).await;
        assert!(!is_signed_in(&app, TOKEN).await);
        db.change("DELETE FROM users").await;
    }
}

async fn ids_of_accounts_and_sessions_may_be_those_of_another_source(db: TestDatabase) {
    let (Some(first), Some(second)) = (better_auth(db.engine).await, better_auth(db.engine).await)
    else {
        return;
    };
    for (source, id, email, token) in [
        (&first, "1", "alice@example.com", "the token of alice 0123456789abc"),
        (&second, "2", "bob@example.com", TOKEN),
    ] {
        add_user(source, id, email).await;
        source.change("UPDATE account SET id = '1'").await;
        add_session_of(source, id, "1", token).await;
        imported(&db, &["--from", "better-auth", &source.url(), "--sessions"]).await;
    }

    let app = TestApp::spawn(&db).await;
    let bob = app.sign_in("bob@example.com").await;
    assert_eq!(bob.user["id"], "2");
    let session = with_bearer(&app, "/api/auth/get-session", TOKEN).await.json();
    assert_eq!(session["user"]["id"], "2");
    let ids = "SELECT id AS value FROM sessions WHERE user_id = '1'";
    assert_eq!(values(&db, ids).await, ["1"]);
    let report = imported(&db, &["--from", "better-auth", &second.url(), "--sessions"]).await;
    assert!(report.contains(", 0 other accounts, 0 sessions"), "{report}");
}

async fn bans_are_imported(db: TestDatabase) {
    for source in sources().await {
        for id in ["banned", "until", "over", "free"] {
            add_user(&source, id, &format!("{id}@example.com")).await;
        }
        add_session_of(&source, "banned", "s", TOKEN).await;
        add_column(&source, "banned", "flag", "true").await;
        add_column(&source, "\"banReason\"", "text", "spam").await;
        add_column(&source, "\"banExpires\"", "time", "2020-01-01T00:00:00Z").await;
        source.change(r#"UPDATE "user" SET "banExpires" = NULL WHERE id = 'banned'"#).await;
        source
            .change(&format!(r#"UPDATE "user" SET "banExpires" = '{EXPIRES}' WHERE id = 'until'"#))
            .await;
        source.change(r#"UPDATE "user" SET banned = NULL WHERE id = 'free'"#).await;

        let report = imported(&db, &["--from", "better-auth", &source.url(), "--sessions"]).await;

        assert!(report.contains("user banned: imported as disabled: is banned\n"), "{report}");
        assert!(
            report.contains("user until: imported as disabled: is banned until 2099-01-01"),
            "{report}"
        );
        assert!(report.contains("4 users imported; 4 passwords"), "{report}");
        assert!(report.contains(", 0 other accounts, 0 sessions"), "{report}");
        let bans = "SELECT id || ' ' || ban_reason || ' ' || \
                    coalesce(CAST(ban_expires AS text), '-') AS value \
                    FROM users WHERE NOT is_active ORDER BY id";
        let bans = values(&db, bans).await;
        assert_eq!(bans[0], "banned spam -");
        assert!(bans[1].starts_with("until spam 2099-01-01") && bans.len() == 2, "{bans:?}");
        let app = TestApp::spawn(&db).await;
        for id in ["banned", "until"] {
            let email = format!("{id}@example.com");
            let banned = app.sign_in_request(&email, PASSWORD).answer().await;
            assert_eq!((banned.status, &banned.json()["code"]), (403, &"BANNED_USER".into()));
        }
        assert!(!is_signed_in(&app, TOKEN).await);
        app.sign_in("over@example.com").await;
        app.sign_in("free@example.com").await;
        db.change("DELETE FROM users").await;
    }
}

async fn a_ban_of_an_existing_user_is_reported(db: TestDatabase) {
    let Some(source) = better_auth(db.engine).await else { return };
    add_user(&source, ADA_ID, "ada@example.com").await;
    imported(&db, &["--from", "better-auth", &source.url()]).await;
    add_session_of(&source, ADA_ID, "s", TOKEN).await;
    add_column(&source, "banned", "flag", "true").await;

    let arguments = ["--from", "better-auth", &source.url(), "--sessions", "--update"];
    let report = imported(&db, &arguments).await;

    assert!(report.contains("is banned in the source, but stays active here"), "{report}");
    assert!(report.contains(", 0 other accounts, 0 sessions"), "{report}");
    let app = TestApp::spawn(&db).await;
    app.sign_in("ada@example.com").await;
}

async fn a_lost_second_factor_is_named(db: TestDatabase) {
    for source in sources().await {
        add_user(&source, "two", "two@example.com").await;
        add_user(&source, "key", "key@example.com").await;
        add_column(&source, "two_factor_enabled", "flag", "false").await;
        let yes = if source.engine == Engine::Postgres { "true" } else { "1" };
        source
            .change(&format!(r#"UPDATE "user" SET two_factor_enabled = {yes} WHERE id = 'two'"#))
            .await;
        source.change("CREATE TABLE passkey (id text, \"userId\" text)").await;
        source.change("INSERT INTO passkey VALUES ('1', 'key'), ('2', 'key')").await;

        let report = imported(&db, &["--from", "better-auth", &source.url()]).await;

        assert_eq!(report.matches("second factor lost").count(), 1, "{report}");
        assert!(report.contains("user two: second factor lost"), "{report}");
        assert_eq!(report.matches("user key: passkeys lost").count(), 1, "{report}");
        db.change("DELETE FROM users").await;
    }
}

async fn columns_that_are_not_imported_are_listed_once(db: TestDatabase) {
    let Some(source) = better_auth(db.engine).await else { return };
    add_user(&source, "1", "ada@example.com").await;
    add_user(&source, "2", "bob@example.com").await;
    add_column(&source, "role", "text", "admin").await;
    add_column(&source, "username", "text", "ada").await;
    source.change("ALTER TABLE account ADD COLUMN \"accessToken\" text").await;

    let report = imported(&db, &["--from", "better-auth", &source.url()]).await;

    let user = "columns of \"user\" that are not imported: role, username";
    assert_eq!(report.matches(user).count(), 1, "{report}");
    let account = "columns of \"account\" that are not imported: accessToken";
    assert_eq!(report.matches(account).count(), 1, "{report}");
}

async fn columns_in_snake_case_are_found(db: TestDatabase) {
    for source in sources().await {
        add_user(&source, ADA_ID, "ada@example.com").await;
        add_session(&source, "live", TOKEN, EXPIRES).await;
        for (table, columns) in [
            (
                "user",
                &["emailVerified email_verified", "createdAt created_at", "updatedAt updated_at"][..],
            ),
            ("account", &["accountId account_id", "providerId provider_id", "userId user_id"]),
            ("session", &["userId user_id", "expiresAt expires_at", "userAgent user_agent"]),
        ] {
            for (from, to) in columns.iter().filter_map(|names| names.split_once(' ')) {
                rename(&source, table, from, to).await;
            }
        }

        let report = imported(&db, &["--from", "better-auth", &source.url(), "--sessions"]).await;

        assert!(report.contains("1 users imported; 1 passwords"), "{report}");
        let app = TestApp::spawn(&db).await;
        let ada = app.sign_in("ada@example.com").await;
        assert_eq!(ada.user["emailVerified"], true);
        assert!(is_signed_in(&app, TOKEN).await);
        db.change("DELETE FROM users").await;
    }
}

async fn other_names_of_tables_and_columns_can_be_given(db: TestDatabase) {
    for source in sources().await {
        add_user(&source, ADA_ID, "ada@example.com").await;
        rename(&source, "user", "emailVerified", "is \"good\"").await;
        rename(&source, "user", "email", "mail").await;
        rename(&source, "account", "password", "secret").await;
        source.change(r#"ALTER TABLE "user" DROP COLUMN image"#).await;
        source.change(r#"ALTER TABLE "user" RENAME TO app_users"#).await;
        source.change("ALTER TABLE account RENAME TO app_accounts").await;
        let url = source.url();

        let report = imported(
            &db,
            &[
                "--from",
                "better-auth",
                &url,
                "--table",
                "user=app_users",
                "--table",
                "account=app_accounts",
                "--column",
                "user.emailVerified=is \"good\"",
                "--column",
                "user.email=mail",
                "--column",
                "account.password=secret",
                "--column",
                "user.image=",
            ],
        )
        .await;

        assert!(report.contains("1 users imported; 1 passwords"), "{report}");
        let app = TestApp::spawn(&db).await;
        let ada = app.sign_in("ada@example.com").await;
        assert_eq!(ada.user["emailVerified"], true);
        db.change("DELETE FROM users").await;
    }
}

/// SQLite reads unknown quoted names as strings, so a missing column must be detected before the
/// query.
async fn a_missing_column_is_named_and_nothing_is_written(db: TestDatabase) {
    for source in sources().await {
        add_user(&source, ADA_ID, "ada@example.com").await;
        add_session(&source, "live", TOKEN, EXPIRES).await;
        database::migrate::revert(&db.url, auth_service::MIGRATIONS).await.unwrap();
        for (table, column, options) in [
            ("user", "emailVerified", &[][..]),
            ("account", "password", &[]),
            ("account", "userId", &[]),
            ("session", "userId", &["--sessions"]),
        ] {
            rename(&source, table, column, "something").await;
            let url = source.url();
            let error = refused(&db, &[&["--from", "better-auth", &url], options].concat()).await;
            assert!(error.contains(&format!("has no column {column}")), "{error}");
            assert!(error.contains("something"), "{error}");
            rename(&source, table, "something", column).await;
        }
        assert_eq!(db.columns("users").await, [""; 0]);
    }
}

async fn a_column_with_two_candidates_is_refused(db: TestDatabase) {
    let Some(source) = better_auth(db.engine).await else { return };
    add_user(&source, ADA_ID, "ada@example.com").await;
    add_column(&source, "email_verified", "flag", "false").await;
    let url = source.url();

    let error = refused(&db, &["--from", "better-auth", &url]).await;
    assert!(
        error.contains("--column user.emailVerified=emailVerified or email_verified"),
        "{error}"
    );

    let column = "user.emailVerified=email_verified";
    imported(&db, &["--from", "better-auth", &url, "--column", column]).await;
    let app = TestApp::spawn(&db).await;
    assert_eq!(app.sign_in("ada@example.com").await.user["emailVerified"], false);
}

async fn a_mapping_of_an_unknown_name_is_refused(db: TestDatabase) {
    let Some(source) = better_auth(db.engine).await else { return };
    add_user(&source, ADA_ID, "ada@example.com").await;
    let url = source.url();
    for (option, value, said) in [
        ("--table", "users=people", "the tables are user, account"),
        ("--table", "user=people", "has no table"),
        ("--column", "user.verified=x", "user.emailVerified"),
        ("--column", "emailVerified=x", "user.emailVerified"),
        ("--column", "user.emailVerified=verified", "has no column"),
        ("--column", "user.id=", "this column is required"),
        ("--column", "passkey.userId=owner", "the source has no table passkey"),
    ] {
        let error = refused(&db, &["--from", "better-auth", &url, option, value]).await;
        assert!(error.contains(said), "{value}: {error}");
    }
    assert_eq!(count(&db, "users").await, 0);
}

async fn sessions_of_another_secret_are_refused(db: TestDatabase) {
    for source in sources().await {
        add_user(&source, ADA_ID, "ada@example.com").await;
        add_session(&source, "live", TOKEN, EXPIRES).await;
        let url = source.url();
        let arguments = ["--from", "better-auth", &url, "--sessions"];
        let report = imported(&db, &[&arguments[..], &["--dry-run"]].concat()).await;
        assert!(
            report.contains("the source has nothing to check BETTER_AUTH_SECRET with"),
            "{report}"
        );

        add_key(&source, KEY_OF_ANOTHER).await;
        let error = refused(&db, &arguments).await;
        assert!(
            error.contains("BETTER_AUTH_SECRET is not the secret of the old server"),
            "{error}"
        );
        assert_eq!(count(&db, "users").await, 0);

        source.change(&format!("UPDATE jwks SET \"privateKey\" = '{KEY}'")).await;
        let report = imported(&db, &arguments).await;
        assert!(
            report.contains(" 1 sessions") && !report.contains("BETTER_AUTH_SECRET"),
            "{report}"
        );
        db.change("DELETE FROM users").await;
    }
}

/// Nothing is written, not even a generated secret.
async fn sessions_without_a_given_secret_are_refused(db: TestDatabase) {
    let Some(source) = better_auth(db.engine).await else { return };
    add_user(&source, ADA_ID, "ada@example.com").await;
    add_session(&source, "live", TOKEN, EXPIRES).await;
    let folder = tempfile::tempdir().unwrap();
    let target = format!("sqlite://{}", folder.path().join("auth.db").display());
    let url = source.url();
    for options in [&["--sessions"][..], &["--column", "user.name=none"]] {
        let arguments = [&["--from", "better-auth", &url], options].concat();
        let mut command = command(&target, &arguments);
        let output = command.env_remove("BETTER_AUTH_SECRET").output().await.unwrap();
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "{output:?}");
    }

    // Users alone need no secret, and none is generated.
    let mut command = command(&target, &["--from", "better-auth", &url]);
    let output = command.env_remove("BETTER_AUTH_SECRET").output().await.unwrap();
    assert!(output.status.success(), "{output:?}");
    assert!(!folder.path().join("auth.secret").exists());
}

async fn an_empty_session_table_is_refused(db: TestDatabase) {
    for source in sources().await {
        add_user(&source, ADA_ID, "ada@example.com").await;
        add_key(&source, KEY).await;
        let url = source.url();
        let error = refused(&db, &["--from", "better-auth", &url, "--sessions"]).await;
        assert!(error.contains("is empty") && error.contains("Redis"), "{error}");
        assert_eq!(count(&db, "users").await, 0);
    }
}

async fn users_without_an_id_are_counted(db: TestDatabase) {
    let Some(source) = better_auth(Engine::Sqlite).await else { return };
    add_user(&source, ADA_ID, "ada@example.com").await;
    source.change("INSERT INTO \"user\" (id, email) VALUES (NULL, 'no@example.com')").await;
    source.change("INSERT INTO \"user\" (id, email) VALUES ('', 'blank@example.com')").await;

    let report = incomplete(&db, &["--from", "better-auth", &source.url()]).await;

    assert_eq!(report.matches("skipped a user: the user has no id").count(), 2, "{report}");
    assert!(report.contains("0 users already existed, 2 skipped"), "{report}");
}

async fn text_that_is_not_utf_8_is_named(db: TestDatabase) {
    let Some(source) = better_auth(Engine::Sqlite).await else { return };
    add_user(&source, "1", "ada@example.com").await;
    add_user(&source, "2", "bob@example.com").await;
    source.change("UPDATE \"user\" SET name = CAST(X'4dfc6c6c6572' AS text) WHERE id = '1'").await;
    let url = source.url();

    let report = imported(&db, &["--from", "better-auth", &url]).await;

    assert!(report.contains("2 users imported; 2 passwords"), "{report}");
    assert!(report.contains("user 1: the name has characters that are not UTF-8"), "{report}");
    let app = TestApp::spawn(&db).await;
    assert_eq!(app.sign_in("ada@example.com").await.user["name"], "M\u{fffd}ller");

    source.change("UPDATE \"user\" SET id = CAST(X'ff' AS text) WHERE id = '2'").await;
    let error = refused(&db, &["--from", "better-auth", &url]).await;
    assert!(error.contains("ids that are not UTF-8"), "{error}");
}

/// The import must neither switch a source in rollback mode to WAL nor create files beside it.
async fn a_source_is_not_changed(db: TestDatabase) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("old server's #1.db");
    fs::write(&path, include_bytes!("old_server.db")).unwrap();

    let url = format!("sqlite://{}", path.display());
    let report = imported(&db, &["--from", "better-auth", &url]).await;

    assert!(report.contains("1 users imported; 1 passwords"), "{report}");
    assert_eq!(fs::read(&path).unwrap(), include_bytes!("old_server.db"));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    let app = TestApp::spawn(&db).await;
    app.sign_in("alice@a.example").await;
}
