//! Every table that requests use has the owner first in its key, and every statement of a request,
//! except one, names the owner. This keeps users apart, and a database that is distributed by owner
//! requires it.
//!
//! These tests have a process of their own, because they record the statements of all connections
//! in the process.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a failed test should panic"
)]

#[path = "api/app.rs"]
#[expect(dead_code, reason = "other tests use more of this module")]
mod app;

use std::{
    collections::BTreeSet,
    fs,
    path::Path,
    sync::{Mutex, PoisonError},
};

use database::testing::{Engine, TestDatabase};
use diesel::connection::{InstrumentationEvent, set_default_instrumentation};
use reqwest::{Method, StatusCode};
use serde_json::json;
use task_service::{MIGRATIONS, config::ForeignTasks};

use self::app::TestApp;

/// The tables that requests use. New ones must be added here, to `inventory` in
/// `cli/transfer.rs` and to `docs/sql/distribute-tasks.sql`.
const TABLES: [&str; 2] = ["idempotency_keys", "tasks"];
/// The tables that no request uses: pending erasures, the cursors of the security events feed, and
/// the migration history. A distributed database keeps them on its coordinator.
const OTHER_TABLES: [&str; 3] = ["erasures", "event_cursors", "task_service_migrations"];

/// Query that distinguishes another user's task (403) from a missing one (404).
const FIND_OWNER: &str = "SELECT `tasks`.`user_id` FROM `tasks` WHERE (`tasks`.`id` = ?)";
/// Substrings of the statements of background work, which affects rows of many owners.
const MAINTENANCE: [&str; 2] = [
    "DELETE FROM `idempotency_keys` WHERE (`idempotency_keys`.`created_at` < ?)",
    "WHERE (`tasks`.`title_folded` = ?)",
];

static STATEMENTS: Mutex<Vec<String>> = Mutex::new(Vec::new());

fn record() {
    set_default_instrumentation(|| {
        Some(Box::new(|event: InstrumentationEvent<'_>| {
            if let InstrumentationEvent::StartQuery { query, .. } = event {
                let mut statements = STATEMENTS.lock().unwrap_or_else(PoisonError::into_inner);
                statements.push(query.to_string());
            }
        }))
    })
    .expect("instrumentation can be set");
}

/// Returns the statements executed on `TABLES` since the last call, without their values.
fn recorded() -> Vec<String> {
    let mut statements = STATEMENTS.lock().unwrap_or_else(PoisonError::into_inner);
    let statements = statements
        .drain(..)
        .map(|statement| statement.split(" -- binds: ").next().unwrap_or_default().to_owned());
    let is_ours =
        |statement: &String| TABLES.iter().any(|table| statement.contains(&format!("`{table}`")));
    statements.filter(is_ours).collect()
}

/// Returns whether a statement names the owner of the rows that it reads or writes.
fn names_the_owner(statement: &str) -> bool {
    if statement.starts_with("INSERT INTO") {
        return statement.split("VALUES").next().unwrap_or_default().contains("`user_id`");
    }
    let condition = statement.split_once(" WHERE ").map_or("", |(_, condition)| condition);
    let condition = [" ORDER BY ", " LIMIT ", " RETURNING "]
        .iter()
        .fold(condition, |condition, end| condition.split(end).next().unwrap_or_default());
    condition.contains("`user_id` = ?")
}

/// Calls every endpoint as the owner of the tasks, and those for a single task also as another
/// user, who gets the status `foreign`.
async fn use_the_whole_api(app: &TestApp, foreign: StatusCode) {
    let (ada, bob) = (app.token("ada"), app.token("bob"));
    let task = app.create(&ada, &json!({ "title": "Ada's", "description": "text" })).await;
    let path = format!("/api/tasks/{}", task["id"].as_str().unwrap());
    for title in ["once", "once", "other"] {
        let create = app.request(Method::POST, "/api/tasks", &ada).header("idempotency-key", "key");
        let response = create.json(&json!({ "title": title })).send().await.unwrap();
        assert_eq!(response.status().is_success(), title == "once");
    }
    for query in [
        "",
        "?limit=1",
        "?total=true",
        "?q=a",
        "?completed=false&total=true",
        "?sort=title",
        "?sort=updated_at&order=desc&limit=1",
        "?created_after=2020-01-01T00:00:00Z",
        "?updated_after=2020-01-01T00:00:00Z",
    ] {
        let response = app.get(&format!("/api/tasks{query}"), &ada).await;
        assert_eq!(response.status(), StatusCode::OK, "{query}");
        let next = response.headers().get("link").map(|link| link.to_str().unwrap().to_owned());
        if let Some(next) = next.as_deref().and_then(|link| link.split(['<', '>']).nth(1)) {
            let next = next.find('?').map(|start| format!("/api/tasks{}", &next[start..])).unwrap();
            assert_eq!(app.get(&next, &ada).await.status(), StatusCode::OK);
        }
    }
    for (token, expected) in [(&bob, foreign), (&ada, StatusCode::OK)] {
        assert_eq!(app.get(&path, token).await.status(), expected);
        for method in [Method::PUT, Method::PATCH] {
            for tag in [None, Some("*")] {
                let mut request = app.request(method.clone(), &path, token);
                if let Some(tag) = tag {
                    request = request.header("if-match", tag);
                }
                let body = json!({ "title": "new", "description": null, "completed": true });
                let response = request.json(&body).send().await.unwrap();
                assert_eq!(response.status(), expected, "{method} {tag:?}");
            }
        }
        for method in [Method::PATCH, Method::DELETE] {
            let stale = app.request(method, &path, token).header("if-match", "\"77\"");
            let stale = stale.json(&json!({ "completed": true })).send().await.unwrap();
            let stale_expected =
                if token == &ada { StatusCode::PRECONDITION_FAILED } else { foreign };
            assert_eq!(stale.status(), stale_expected);
        }
        let deleted = app.request(Method::DELETE, &path, token).send().await.unwrap();
        assert_eq!(deleted.status().is_success(), token == &ada);
    }
}

#[actix_web::test]
async fn every_statement_of_a_request_names_the_owner() {
    let db = TestDatabase::create(Engine::Sqlite, MIGRATIONS).await.unwrap();
    record();
    for (foreign_tasks, foreign) in [
        (ForeignTasks::Forbidden, StatusCode::FORBIDDEN),
        (ForeignTasks::NotFound, StatusCode::NOT_FOUND),
    ] {
        let app = TestApp::spawn_with(&db, |config| config.foreign_tasks = foreign_tasks).await;
        use_the_whole_api(&app, foreign).await;

        let statements: BTreeSet<_> = recorded().into_iter().collect();
        assert!(statements.len() > 15, "statements are recorded: {statements:#?}");
        let exempt: BTreeSet<_> =
            statements.iter().filter(|statement| statement.starts_with(FIND_OWNER)).collect();
        assert_eq!(!exempt.is_empty(), foreign_tasks == ForeignTasks::Forbidden, "{exempt:#?}");
        for statement in statements.iter().filter(|statement| !exempt.contains(statement)) {
            let is_maintenance = MAINTENANCE.iter().any(|text| statement.contains(text));
            assert!(is_maintenance || names_the_owner(statement), "{statement}");
        }
    }
}

#[actix_web::test]
async fn every_table_has_its_owner_first_in_the_key() {
    let db = TestDatabase::create(Engine::Sqlite, MIGRATIONS).await.unwrap();
    let tables =
        db.texts("SELECT name AS text FROM sqlite_master WHERE type = 'table' ORDER BY name").await;
    let expected = TABLES.into_iter().chain(OTHER_TABLES).map(str::to_owned);
    assert_eq!(BTreeSet::from_iter(tables), expected.collect());
    for table in TABLES {
        let query = format!("SELECT name AS text FROM pragma_table_info('{table}') WHERE pk = 1");
        assert_eq!(db.texts(&query).await, ["user_id"], "{table}");
    }
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/sql/distribute-tasks.sql");
    let script = fs::read_to_string(script).unwrap();
    let listed = TABLES.iter().rev().map(|table| format!("'{table}'")).collect::<Vec<_>>();
    assert!(script.contains(&format!("ARRAY[{}]", listed.join(", "))), "{script}");
}
