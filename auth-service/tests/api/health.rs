//! The `health` command, which checks in a container whether the service is ready.

use std::{
    net::{SocketAddr, TcpListener},
    process::Output,
};

use database::{on_both_engines, testing::TestDatabase};
use tokio::process::Command;

use crate::app::TestApp;

on_both_engines!(auth_service::MIGRATIONS;
    a_ready_service_is_healthy,
    a_missing_listener_is_not_healthy,
);

async fn a_ready_service_is_healthy(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let output = health(app.address).await;
    assert!(output.status.success());
    assert_eq!(lines(&output).len(), 0);
}

async fn a_missing_listener_is_not_healthy(_db: TestDatabase) {
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let output = health(address).await;
    assert_eq!(output.status.code(), Some(1));
    let [line] = &lines(&output)[..] else { panic!("one line, not {:?}", lines(&output)) };
    assert!(line.contains(&format!("no response from {address}: Connection refused")), "{line}");
}

/// Runs the command with `HOST` set to all addresses, as in a container.
async fn health(address: SocketAddr) -> Output {
    Command::new(env!("CARGO_BIN_EXE_auth-service"))
        .arg("health")
        .env_clear()
        .env("HOST", "0.0.0.0")
        .env("PORT", address.port().to_string())
        .env("RUST_LOG", "warn")
        .output()
        .await
        .unwrap()
}

fn lines(output: &Output) -> Vec<String> {
    let text = String::from_utf8([&*output.stdout, &*output.stderr].concat()).unwrap();
    text.lines().map(str::to_owned).collect()
}
