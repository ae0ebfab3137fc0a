//! OAuth clients, which `auth-service clients` manages.

mod commands;

use serde_json::Value;
use service_kit::testing::TestDatabase;

use crate::secrets::process;

/// Runs a command. Returns its exit status, its output and its log.
async fn run(db: &TestDatabase, arguments: &[&str]) -> (Option<i32>, String, String) {
    let mut process = process(&db.url(), &[]);
    let output = process.arg("clients").args(arguments).output().await.unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

/// Runs a successful command and returns the objects that it prints.
async fn json_of(db: &TestDatabase, arguments: &[&str]) -> Vec<Value> {
    let (status, output, log) = run(db, &[arguments, &["--json"]].concat()).await;
    assert_eq!(status, Some(0), "{log}");
    output.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}
