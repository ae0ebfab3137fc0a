//! Databases shared with another service or application.

use std::fs;

use auth_service::MIGRATIONS;
use database::{
    migrate, on_both_engines,
    testing::{Engine, TestDatabase},
};
use diesel::{Connection as _, SqliteConnection, connection::SimpleConnection as _};
use operator_tools::testing::Report;

use crate::{
    app::{SECRET, TestApp, count, values},
    secrets::{Service, process},
};

on_both_engines!(auth_service::MIGRATIONS;
    a_history_of_an_older_version_is_carried_over,
    versions_of_another_service_do_not_count,
    tables_of_another_application_are_refused_before_anything_is_written,
    tables_without_their_history_are_refused,
);

const OLD_HISTORY: &str = "CREATE TABLE __diesel_schema_migrations (\
    version VARCHAR(50) PRIMARY KEY NOT NULL, run_on TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP)";

/// Runs `auth-service migrate`. Returns whether it succeeds, and its output.
async fn migrate_with(database: &str, variables: &[(&str, &str)]) -> (bool, String) {
    let output = process(database, variables).arg("migrate").output().await.unwrap();
    let text = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8(text).unwrap())
}

#[track_caller]
fn succeeds((is_success, text): (bool, String)) {
    assert!(is_success, "{text}");
}

/// Asserts that the `migrate` command, the service and the doctor reject a database with these
/// messages.
async fn is_refused(db: &TestDatabase, setting: &str, texts: &[&str]) {
    let settings = [("BETTER_AUTH_SECRET", SECRET)];
    let (is_success, log) = migrate_with(&db.url(), &settings).await;
    assert!(!is_success, "{log}");
    let output = process(&db.url(), &settings).output().await.unwrap();
    assert!(!output.status.success());
    let started = String::from_utf8(output.stdout).unwrap();
    let report: Report = process(&db.url(), &settings).arg("doctor").output().await.unwrap().into();
    for text in texts {
        report.finds("fault", setting, text);
        for log in [&log, &started] {
            assert!(log.contains(&text.replace('"', "\\\"")) || log.contains(text), "{text} {log}");
        }
    }
}

async fn tables(db: &TestDatabase) -> Vec<String> {
    values(
        db,
        match db.engine {
            Engine::Postgres => {
                "SELECT schemaname || '.' || tablename AS value FROM pg_tables \
                 WHERE schemaname NOT IN ('pg_catalog', 'information_schema') ORDER BY 1"
            }
            Engine::Sqlite => {
                "SELECT name AS value FROM sqlite_master WHERE type = 'table' ORDER BY 1"
            }
        },
    )
    .await
}

/// Restores a database to its initial, empty state.
async fn empty(db: &TestDatabase) {
    migrate::revert(&db.url, MIGRATIONS).await.unwrap();
    db.change("DROP TABLE auth_service_migrations").await;
}

async fn versions(db: &TestDatabase) -> Vec<String> {
    values(db, "SELECT version AS value FROM auth_service_migrations ORDER BY version").await
}

async fn a_history_of_an_older_version_is_carried_over(db: TestDatabase) {
    TestApp::spawn(&db).await.sign_up("ada@example.com").await;
    let before = versions(&db).await;
    db.change(OLD_HISTORY).await;
    db.change(
        "INSERT INTO __diesel_schema_migrations (version) SELECT version FROM auth_service_migrations",
    )
    .await;
    db.change("DROP TABLE auth_service_migrations").await;

    // The service also works if `MIGRATE` forbids it to run migrations.
    let settings = [("BETTER_AUTH_SECRET", SECRET), ("MIGRATE", "false")];
    let report: Report = process(&db.url(), &settings).arg("doctor").output().await.unwrap().into();
    report.finds("ok", "schema", "is up to date");
    Service::start(&db, &settings).await.log().await;

    succeeds(migrate_with(&db.url(), &[]).await);
    assert_eq!(versions(&db).await, before);
    // The old history table is kept, so that older versions of the program still start.
    assert_eq!(count(&db, "__diesel_schema_migrations").await, before.len());
    TestApp::spawn(&db).await.sign_up("bob@example.com").await;
    assert_eq!(count(&db, "users").await, 2);
}

async fn versions_of_another_service_do_not_count(db: TestDatabase) {
    let all = versions(&db).await;
    if db.engine == Engine::Sqlite {
        // Restores the state left by an older version, which mistook the other service's migrations
        // for its own.
        for statement in [
            "DROP TABLE accounts",
            "DROP TABLE sessions",
            "DROP TABLE sign_in_networks",
            "DROP TABLE security_events",
            "DROP TABLE audit_entries",
            "DROP TABLE email_changes",
            "DROP TABLE oauth_clients",
            "DROP TABLE client_assertions",
            "DROP TABLE event_streams",
            "DROP TABLE users",
            "ALTER TABLE mails DROP COLUMN session_id",
            "ALTER TABLE verification_tokens DROP COLUMN session_id",
            "ALTER TABLE signing_keys DROP COLUMN expires_at",
            "ALTER TABLE signing_keys DROP COLUMN activates_at",
            "ALTER TABLE signing_keys DROP COLUMN revoked_at",
            "DROP TABLE auth_service_migrations",
            OLD_HISTORY,
            "INSERT INTO __diesel_schema_migrations (version) \
             VALUES ('20261123000002'), ('20261124000003'), ('20261124000004')",
        ] {
            db.change(statement).await;
        }
    } else {
        empty(&db).await;
        db.change(OLD_HISTORY).await;
    }
    db.change("CREATE TABLE tasks (id text)").await;
    db.change(
        "INSERT INTO __diesel_schema_migrations (version) \
         VALUES ('20261123000001'), ('20261124000001'), ('20261124000002')",
    )
    .await;

    succeeds(migrate_with(&db.url(), &[]).await);
    assert_eq!(versions(&db).await, all);
    let app = TestApp::spawn(&db).await;
    let ada = app.sign_up("ada@example.com").await;
    app.token(&ada).await;
}

async fn tables_of_another_application_are_refused_before_anything_is_written(db: TestDatabase) {
    empty(&db).await;
    let advice = match db.engine {
        Engine::Postgres => ("DATABASE_SCHEMA", "Set DATABASE_SCHEMA=auth_service to give"),
        Engine::Sqlite => ("DATABASE_URL", "Set DATABASE_URL to another file"),
    };
    let (of_fastapi, of_better_auth) = ("a FastAPI application", "seems to belong to Better Auth");
    for (names, columns, origin) in [
        (&["users"][..], "id integer PRIMARY KEY, email text, hashed_password text", of_fastapi),
        (&["users", "sessions", "accounts", "verifications"], "id text", of_better_auth),
        (&["sessions", "django_migrations"], "id text", "a Django application"),
        (&["mails"], "id text", "another application"),
    ] {
        for name in names {
            db.change(&format!("CREATE TABLE {name} ({columns})")).await;
        }
        let before = tables(&db).await;

        is_refused(&db, advice.0, &[&format!("{:?}", names[0]), origin, advice.1]).await;

        assert_eq!(tables(&db).await, before);
        if db.engine == Engine::Postgres {
            let schema = format!("own_{}", names.len() * columns.len());
            let settings = [("BETTER_AUTH_SECRET", SECRET), ("DATABASE_SCHEMA", schema.as_str())];
            let service = Service::start(&db, &settings).await;
            let body = serde_json::json!({
                "name": "Ada",
                "email": "ada@example.com",
                "password": "correct horse battery staple",
            });
            let signed_up =
                service.post("/api/auth/sign-up/email").json(&body).send().await.unwrap();
            assert_eq!(signed_up.status(), 200);
            service.log().await;
            let found: Vec<_> =
                values(&db, &format!("SELECT email AS value FROM {schema}.users")).await;
            assert_eq!(found, ["ada@example.com"]);
        }
        for name in names {
            db.change(&format!("DROP TABLE {name}")).await;
        }
    }
}

async fn tables_without_their_history_are_refused(db: TestDatabase) {
    db.change("DROP TABLE auth_service_migrations").await;
    let setting = match db.engine {
        Engine::Postgres => "DATABASE_SCHEMA",
        Engine::Sqlite => "DATABASE_URL",
    };
    is_refused(&db, setting, &["has no record of it"]).await;
}

#[actix_web::test]
async fn the_file_of_another_application_stays_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("app.db");
    let mut conn = SqliteConnection::establish(file.to_str().unwrap()).unwrap();
    conn.batch_execute("CREATE TABLE users (id integer PRIMARY KEY, hashed_password text)")
        .unwrap();
    drop(conn);
    let before = fs::read(&file).unwrap();
    let url = format!("sqlite://{}", file.display());
    let (is_success, log) = migrate_with(&url, &[]).await;
    assert!(!is_success && log.contains("already has a table \\\"users\\\""), "{log}");
    assert!(fs::read(&file).unwrap() == before, "not even its journal mode is another");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[actix_web::test]
async fn a_schema_is_for_postgresql_and_has_a_name() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("auth.db");
    let url = format!("sqlite://{}", file.display());
    let (is_success, log) = migrate_with(&url, &[("DATABASE_SCHEMA", "own")]).await;
    assert!(!is_success && log.contains("DATABASE_SCHEMA requires PostgreSQL"), "{log}");
    assert!(!file.exists());
    for name in ["a-b", "1a", "a.b", "a\"b", "pg_own", "information_schema", &"a".repeat(64)] {
        let (is_success, log) = migrate_with(&url, &[("DATABASE_SCHEMA", name)]).await;
        assert!(!is_success && log.contains("DATABASE_SCHEMA: "), "{name} {log}");
    }
}

#[actix_web::test]
async fn a_schema_of_the_search_path_is_created_and_used() {
    let Some(db) = TestDatabase::create(Engine::Postgres, MIGRATIONS).await else { return };
    for (options, variables, schema) in [
        ("?options=-c%20search_path%3Dfrom_url", &[][..], "from_url"),
        ("?options=-c%20search_path%3D%22From%5C%20Url%22,public", &[], "From Url"),
        ("?options=-c%20search_path%3Dfrom_url", &[("DATABASE_SCHEMA", "Order")], "Order"),
        ("?options=-c%20statement_timeout%3D9s", &[("DATABASE_SCHEMA", "select")], "select"),
    ] {
        let url = format!("{}{options}", db.url());
        // Runs twice: an existing schema is reused.
        succeeds(migrate_with(&url, variables).await);
        succeeds(migrate_with(&url, variables).await);
        let tables = tables(&db).await;
        assert!(tables.contains(&format!("{schema}.users")), "{tables:?}");
    }
}
