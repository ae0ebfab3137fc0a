//! The `health` command, which checks the readiness of the service.

use std::process::Output;

use database::{on_both_engines, testing::TestDatabase};
use tokio::process::Command;

use crate::app::{Answer, KeyServer, TestApp};

on_both_engines!(task_service::MIGRATIONS;
    a_ready_service_is_healthy,
    without_the_issuers_keys_a_service_is_not_healthy,
);

async fn a_ready_service_is_healthy(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    app.status_for(&app.token("ada")).await;
    let output = health(&app).await;
    assert!(output.status.success(), "{output:?}");
}

async fn without_the_issuers_keys_a_service_is_not_healthy(db: TestDatabase) {
    let keys = KeyServer::start_with(Answer::Text(500, String::new()));
    let app = TestApp::spawn_trusting(keys, &db, |_| {}).await;
    let output = health(&app).await;
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stdout).unwrap();
    assert_eq!(said.lines().count(), 1, "{said}");
    let reason = r#"not ready: 503 Service Unavailable {\"status\":\"unavailable\""#;
    assert!(said.contains(reason), "{said}");
}

/// Runs the command with `HOST` set to all addresses, as in a container.
async fn health(app: &TestApp) -> Output {
    Command::new(env!("CARGO_BIN_EXE_task-service"))
        .arg("health")
        .env_clear()
        .env("HOST", "0.0.0.0")
        .env("PORT", app.address.port().to_string())
        .output()
        .await
        .unwrap()
}
