//! Real clients of other languages: what a Python or Node back end does with our tokens, and what
//! passlib does with our password hashes. `TEST_PYTHON` and `TEST_NODE` name interpreters that
//! have the packages of `e2e/clients`; without them these tests say so and pass, except in CI.

use std::{
    io::{self, Write as _},
    path::Path,
    process::Stdio,
};

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use service_kit::{on_both_engines, testing::TestDatabase};
use tokio::{
    io::AsyncWriteExt as _,
    process::{Child, Command},
};

use crate::app::{Answering as _, BASE_URL, JWKS, SIGN_UP, SignedIn, TestApp, values};

on_both_engines!(auth_service::MIGRATIONS;
    a_python_back_end_trusts_our_tokens_and_no_others,
    a_node_back_end_trusts_our_tokens_and_no_others,
    passlib_verifies_our_hashes_and_we_verify_passlibs,
);

pub(crate) const PYTHON: &str = "TEST_PYTHON";
const NODE: &str = "TEST_NODE";

/// The passwords where implementations differ: short, beyond ASCII, beyond bcrypt's 72 bytes.
fn passwords() -> [String; 4] {
    [
        "correct horse 42".to_owned(),
        "Grüße, Łódź, 東京 🔑".to_owned(),
        "a".repeat(73),
        "é".repeat(128),
    ]
}

/// The interpreter, if there is one.
#[expect(clippy::disallowed_methods, reason = "tests have no main that could hand it down")]
pub(crate) fn interpreter(variable: &str) -> Option<String> {
    if let Ok(path) = std::env::var(variable) {
        return Some(path);
    }
    assert!(std::env::var("CI").is_err(), "{variable} is not set, and CI skips nothing");
    // Straight to the stream: the test harness would swallow a print.
    let _ = writeln!(io::stderr(), "skipped: a test with a real client ({variable} is not set)");
    None
}

/// A script of `e2e/clients`, under way.
pub(crate) fn start(interpreter: &str, script: &str, arguments: &[&str]) -> Child {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../e2e/clients");
    Command::new(interpreter)
        .arg(folder.join(script))
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap()
}

/// What a client script says, with `input` on its standard input; `None` when it fails.
async fn run(interpreter: &str, script: &str, arguments: &[&str], input: &str) -> Option<String> {
    let mut client = start(interpreter, script, arguments);
    client.stdin.take().unwrap().write_all(input.as_bytes()).await.unwrap();
    let output = client.wait_with_output().await.unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    output.status.success().then(|| said.trim_end_matches('\n').to_owned())
}

async fn a_python_back_end_trusts_our_tokens_and_no_others(db: TestDatabase) {
    let Some(python) = interpreter(PYTHON) else { return };
    trusts_our_tokens_and_no_others(&db, &python, "verify_with_pyjwt.py").await;
}

async fn a_node_back_end_trusts_our_tokens_and_no_others(db: TestDatabase) {
    let Some(node) = interpreter(NODE) else { return };
    trusts_our_tokens_and_no_others(&db, &node, "verify_with_jose.mjs").await;
}

async fn trusts_our_tokens_and_no_others(db: &TestDatabase, interpreter: &str, script: &str) {
    let app = TestApp::spawn(db).await;
    app.use_real_time();
    let ada = app.sign_up("ada@example.com").await;
    let token = app.token(&ada).await;
    app.advance(-2 * 24 * 60 * 60);
    let expired = {
        let earlier = app.sign_in("ada@example.com").await;
        app.token(&earlier).await
    };
    let url = app.url(JWKS);
    let verify = async |token: &str, issuer: &str, audience: &str| {
        run(interpreter, script, &[&url, issuer, audience], token).await
    };

    let claims = verify(&token, BASE_URL, BASE_URL).await.expect("it verifies");
    let claims: Value = serde_json::from_str(&claims).unwrap();
    assert_eq!(claims["sub"], ada.user["id"]);
    assert_eq!(claims["email"], "ada@example.com");

    let parts: Vec<_> = token.split('.').collect();
    let mut other = claims.clone();
    other["sub"] = json!("somebody-else");
    let other = BASE64_URL_SAFE_NO_PAD.encode(other.to_string());
    let tampered = format!("{}.{other}.{}", parts[0], parts[2]);
    assert_eq!(verify(&tampered, BASE_URL, BASE_URL).await, None);
    assert_eq!(verify(&expired, BASE_URL, BASE_URL).await, None);
    assert_eq!(verify(&token, "http://localhost:3001", BASE_URL).await, None);
    assert_eq!(verify(&token, BASE_URL, "http://localhost:3001").await, None);
}

async fn passlib_verifies_our_hashes_and_we_verify_passlibs(db: TestDatabase) {
    let Some(python) = interpreter(PYTHON) else { return };
    let script = "passlib_hashes.py";
    let app = TestApp::spawn(&db).await;

    for (i, password) in passwords().iter().enumerate() {
        let email = format!("ada{i}@example.com");
        let body = json!({ "name": "Ada", "email": email, "password": password });
        let SignedIn { user, .. } = app.post(SIGN_UP).json(&body).answer().await.signed_in();
        let id = user["id"].as_str().unwrap();

        let ours = format!("SELECT password_hash AS value FROM accounts WHERE user_id = '{id}'");
        let ours = values(&db, &ours).await.remove(0);
        for (password, fits) in [(password.clone(), "true"), (format!("{password}x"), "false")] {
            let said = run(&python, script, &["verify", &ours], &password).await;
            assert_eq!(said.as_deref(), Some(fits), "{ours}");
        }

        let theirs = run(&python, script, &["hash"], password).await.expect("it hashes");
        assert!(theirs.starts_with("$bcrypt-sha256$v=2,t=2b,r="), "{theirs}");
        let replace =
            format!("UPDATE accounts SET password_hash = '{theirs}' WHERE user_id = '{id}'");
        db.change(&replace).await;
        assert_eq!(app.sign_in_request(&email, password).answer().await.signed_in().user, user);
        let wrong: String = std::iter::once('x').chain(password.chars().skip(1)).collect();
        let wrong = app.sign_in_request(&email, &wrong).answer().await;
        assert_eq!(wrong.status, 401);
    }
}
