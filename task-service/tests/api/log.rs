//! The log at its default level.

use std::{
    io::{BufRead as _, BufReader, Read as _},
    process::{Command, Stdio},
};

use reqwest::{Client, StatusCode};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

#[actix_web::test]
async fn a_refused_token_is_logged_with_its_cause() {
    let folder = tempfile::tempdir().unwrap();
    let database = format!("sqlite://{}", folder.path().join("tasks.db").display());
    let mut service = Command::new(env!("CARGO_BIN_EXE_task-service"))
        .env_clear()
        .env("DATABASE_URL", database)
        .env("PORT", "0")
        // Nothing listens on this port.
        .env("BETTER_AUTH_JWKS_URL", "http://127.0.0.1:1/jwks")
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut output = BufReader::new(service.stdout.take().unwrap());
    let url = loop {
        let mut line = String::new();
        assert!(output.read_line(&mut line).unwrap() > 0, "the service starts");
        let line: Value = serde_json::from_str(&line).unwrap();
        if line["message"] == "listening" {
            break format!("{}/api/tasks", line["url.full"].as_str().unwrap());
        }
    };
    let client = Client::builder().build().unwrap();
    let anonymous = client.get(&url).send().await.unwrap();
    let refused = client.get(&url).bearer_auth("no.token").send().await.unwrap();
    assert_eq!(anonymous.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(refused.status(), StatusCode::UNAUTHORIZED);
    kill_process(Pid::from_child(&service), Signal::TERM).unwrap();
    let mut log = String::new();
    output.read_to_string(&mut log).unwrap();
    service.wait().unwrap();

    let causes: Vec<_> = log.lines().filter(|line| line.contains("/api/tasks 401")).collect();
    let [anonymous, refused] = causes[..] else { panic!("{log}") };
    assert!(anonymous.contains(r#""error":"no bearer token was sent""#), "{anonymous}");
    assert!(refused.contains(r#""error":"invalid token: not a compact JWS"#), "{refused}");
}
