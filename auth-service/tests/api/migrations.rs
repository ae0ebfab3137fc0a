//! Migrations on both engines. Their result must match `schema.rs`.

use std::{fs, path::Path};

use auth_service::MIGRATIONS;
use database::{
    migrate, on_both_engines,
    testing::{Engine, TestDatabase},
};
use serde_json::json;
use tokio::task::JoinSet;

use crate::{
    app::{Answering as _, GET_SESSION, JWKS, TestApp, config, count},
    mailbox::eventually,
};

on_both_engines!(auth_service::MIGRATIONS;
    the_schema_goes_down_and_up_again,
    services_that_start_concurrently_migrate_once,
    the_schema_in_the_code_is_the_schema_in_the_database,
    no_data_of_a_deleted_user_remains,
    a_missing_schema_is_waited_for,
);

const TABLES: [&str; 12] = [
    "accounts",
    "attempts",
    "audit_entries",
    "client_assertions",
    "email_changes",
    "mails",
    "oauth_clients",
    "sessions",
    "sign_in_networks",
    "signing_keys",
    "users",
    "verification_tokens",
];

async fn the_schema_goes_down_and_up_again(db: TestDatabase) {
    migrate::revert(&db.url, MIGRATIONS).await.unwrap();
    for table in TABLES {
        assert_eq!(db.columns(table).await, Vec::<String>::new(), "{table}");
    }

    migrate::run(&db.url, MIGRATIONS).await.unwrap();
    migrate::run(&db.url, MIGRATIONS).await.unwrap();

    let app = TestApp::spawn(&db).await;
    let ada = app.sign_up("ada@example.com").await;
    app.token(&ada).await;
}

async fn services_that_start_concurrently_migrate_once(db: TestDatabase) {
    migrate::revert(&db.url, MIGRATIONS).await.unwrap();
    let mut starts = JoinSet::new();
    for _ in 0..8 {
        let url = db.url.clone();
        starts.spawn(async move { migrate::run(&url, MIGRATIONS).await });
    }

    for outcome in starts.join_all().await {
        outcome.unwrap();
    }
    assert_eq!(count(&db, "auth_service_migrations").await, 16);
}

/// Returns the columns of a table in `schema.rs` as `name type [not null]`, sorted.
fn columns_in_the_code(engine: Engine, table: &str) -> Vec<String> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/store/schema.rs");
    let source = fs::read_to_string(source).unwrap();
    let (_, definition) = source.split_once(&format!("    {table} (")).unwrap();
    let (definition, _) = definition.split_once("\n    }").unwrap();
    let columns = definition.lines().filter_map(|line| {
        let (name, sql_type) = line.trim().trim_end_matches(',').split_once(" -> ")?;
        let inner = sql_type.strip_prefix("Nullable<").and_then(|rest| rest.strip_suffix('>'));
        let on_engine = match (inner.unwrap_or(sql_type), engine) {
            ("Text", _) | ("TimestampUtc", Engine::Sqlite) => "text",
            ("Bool", _) => "boolean",
            ("Integer", _) => "integer",
            ("Binary", Engine::Postgres) => "bytea",
            ("Binary", Engine::Sqlite) => "blob",
            ("TimestampUtc", Engine::Postgres) => "timestamp with time zone",
            (other, _) => panic!("unknown column type {other}"),
        };
        let not_null = if inner.is_none() { " not null" } else { "" };
        Some(format!("{name} {on_engine}{not_null}"))
    });
    let mut columns: Vec<_> = columns.collect();
    columns.sort_unstable();
    columns
}

async fn the_schema_in_the_code_is_the_schema_in_the_database(db: TestDatabase) {
    for table in TABLES {
        let in_the_code = columns_in_the_code(db.engine, table);
        assert!(in_the_code.len() >= 3, "{in_the_code:?}");
        assert_eq!(db.columns(table).await, in_the_code, "{table}");
    }
}

async fn no_data_of_a_deleted_user_remains(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    app.sign_up("ada@example.com").await;

    db.change("DELETE FROM users").await;

    assert_eq!(count(&db, "accounts").await, 0);
    assert_eq!(count(&db, "sessions").await, 0);
}

async fn a_missing_schema_is_waited_for(db: TestDatabase) {
    migrate::revert(&db.url, MIGRATIONS).await.unwrap();
    let mut config = config(&db.url);
    config.server.migrate = false;
    let app = TestApp::start_unprepared(config).await.unwrap();

    let ready = app.get("/health/ready").answer().await;
    assert_eq!((ready.status, ready.header("retry-after")), (503, Some("1")));
    let missing = json!({
        "status": "unavailable",
        "database": "ok",
        "schema": "unavailable",
        "keys": "unavailable",
    });
    assert_eq!(ready.json(), missing);
    for request in [
        app.sign_up_request("ada@example.com"),
        app.get(GET_SESSION).bearer_auth("a token"),
        app.get(JWKS),
        app.post("/api/auth/request-password-reset").json(&json!({ "email": "ada@example.com" })),
    ] {
        let refused = request.answer().await;
        refused.is_error(503, "SERVICE_UNAVAILABLE", "Service temporarily unavailable");
        assert_eq!(refused.header("retry-after"), Some("1"));
    }
    assert_eq!(app.get("/health/live").answer().await.status, 200);

    migrate::run(&db.url, MIGRATIONS).await.unwrap();
    eventually("readiness", async || {
        (app.get("/health/ready").answer().await.status == 200).then_some(())
    })
    .await;
    let ada = app.sign_up("ada@example.com").await;
    app.token(&ada).await;
}

#[test]
fn the_migrate_command_creates_a_missing_database() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("data/new.db");
    let status = std::process::Command::new(env!("CARGO_BIN_EXE_auth-service"))
        .arg("migrate")
        .env("DATABASE_URL", format!("sqlite://{}", file.display()))
        .status()
        .unwrap();
    assert!(status.success());
    assert!(file.is_file());
}
