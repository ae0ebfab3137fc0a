//! Secrets must not leak: passwords, tokens, keys, and the secret that protects them.

mod at_rest;
mod configured;
mod in_the_log;
mod rotated;

use std::process::Stdio;

use database::testing::TestDatabase;
use reqwest::{Method, RequestBuilder, StatusCode};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader},
    process::{Child, Command},
    task::{JoinHandle, yield_now},
};

use crate::app::{SECRET, client};

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat()
}

/// Returns a command that runs the built program with only these environment variables and a few
/// defaults.
pub(crate) fn process(database: &str, variables: &[(&str, &str)]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_auth-service"));
    command
        .env_clear()
        .env("DATABASE_URL", database)
        .env("PORT", "0")
        .env("BCRYPT_COST", "10")
        .envs(variables.iter().copied())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    command
}

/// A running service process. Its log level is `debug`, unless a variable sets another one.
pub(crate) struct Service {
    pub(crate) address: String,
    process: Child,
    client: reqwest::Client,
    log: JoinHandle<String>,
}

impl Service {
    pub(crate) async fn start(db: &TestDatabase, variables: &[(&str, &str)]) -> Self {
        let service = Self::launch(db, variables).await;
        while service.get("/health/ready").send().await.unwrap().status() != StatusCode::OK {
            yield_now().await;
        }
        service
    }

    /// Starts the service without waiting until it is ready.
    pub(crate) async fn launch(db: &TestDatabase, variables: &[(&str, &str)]) -> Self {
        let logging = [("BETTER_AUTH_SECRET", SECRET), ("RUST_LOG", "debug")];
        let mut process = process(&db.url(), &[&logging, variables].concat()).spawn().unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let mut log = String::new();
        let address = loop {
            let line = lines.next_line().await.unwrap().expect("the service starts");
            log.extend([line.as_str(), "\n"]);
            let line: Value = serde_json::from_str(&line).unwrap();
            if line["message"] == "listening" {
                let url = line["url.full"].as_str().unwrap();
                break url.strip_prefix("http://").unwrap().to_owned();
            }
        };
        // The log is read continuously, because the service would block on a full pipe.
        let log = tokio::spawn(async move {
            while let Some(line) = lines.next_line().await.unwrap() {
                log.extend([line.as_str(), "\n"]);
            }
            log
        });
        Self { address, process, client: client(), log }
    }

    pub(crate) fn get(&self, path: &str) -> RequestBuilder {
        self.request(Method::GET, path)
    }

    pub(crate) fn post(&self, path: &str) -> RequestBuilder {
        self.request(Method::POST, path)
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("http://{}{path}", self.address))
    }

    /// Stops the service and returns its log.
    pub(crate) async fn log(mut self) -> String {
        let id = i32::try_from(self.process.id().unwrap()).unwrap();
        kill_process(Pid::from_raw(id).unwrap(), Signal::TERM).unwrap();
        self.process.wait().await.unwrap();
        let mut errors = String::new();
        self.process.stderr.take().unwrap().read_to_string(&mut errors).await.unwrap();
        self.log.await.unwrap() + &errors
    }
}
