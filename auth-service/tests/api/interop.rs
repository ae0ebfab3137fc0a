//! Real clients in Python and Node, which verify and introspect the service's tokens, read its
//! security events and verify its password hashes. `TEST_PYTHON` and `TEST_NODE` name interpreters
//! with the packages of `e2e/clients`. Without them, these tests are skipped with a message, except
//! in CI, where they fail.

use std::{
    collections::BTreeMap,
    fs,
    io::{self, Write as _},
    path::Path,
    process::Stdio,
};

use auth_service::config::JwtAlgorithm;
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use database::{on_both_engines, testing::TestDatabase};
use serde_json::{Value, json};
use tokio::{
    io::AsyncWriteExt as _,
    process::{Child, Command},
};

use crate::app::{Answering as _, BASE_URL, Form as _, JWKS, SIGN_UP, SignedIn, TestApp, values};

on_both_engines!(auth_service::MIGRATIONS;
    a_python_back_end_trusts_our_tokens_and_no_others,
    a_node_back_end_trusts_our_tokens_and_no_others,
    each_library_supports_the_names_of_the_algorithm_as_documented,
    the_fastapi_example_accepts_our_tokens,
    receivers_in_python_and_node_read_our_security_events,
    resource_servers_in_python_and_node_introspect_our_tokens,
    passlib_verifies_our_hashes_and_we_verify_passlibs,
);

pub(crate) const PYTHON: &str = "TEST_PYTHON";
const NODE: &str = "TEST_NODE";

/// An ordinary password, and passwords that implementations may treat differently: non-ASCII, and
/// longer than bcrypt's 72 bytes.
fn passwords() -> [String; 4] {
    [
        "correct horse 42".to_owned(),
        "Grüße, Łódź, 東京 🔑".to_owned(),
        "a".repeat(73),
        "é".repeat(128),
    ]
}

/// Returns the path of the interpreter that the environment variable names. If the variable is not
/// set, returns `None`, or panics in CI.
#[expect(clippy::disallowed_methods, reason = "tests have no main function to read it")]
pub(crate) fn interpreter(variable: &str) -> Option<String> {
    if let Ok(path) = std::env::var(variable) {
        return Some(path);
    }
    assert!(std::env::var("CI").is_err(), "{variable} is not set, and CI skips nothing");
    // Writes to standard error directly, because the test harness captures the output of
    // `eprintln!`.
    let _ = writeln!(io::stderr(), "skipped: a test with a real client ({variable} is not set)");
    None
}

/// Starts a script of `e2e/clients`.
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

/// Runs a client script with `input` on standard input. Returns its output, or `None` if it fails.
async fn run(interpreter: &str, script: &str, arguments: &[&str], input: &str) -> Option<String> {
    let mut client = start(interpreter, script, arguments);
    client.stdin.take().unwrap().write_all(input.as_bytes()).await.unwrap();
    let output = client.wait_with_output().await.unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    output.status.success().then(|| said.trim_end_matches('\n').to_owned())
}

async fn a_python_back_end_trusts_our_tokens_and_no_others(db: TestDatabase) {
    let Some(python) = interpreter(PYTHON) else { return };
    let scripts = ["pyjwt", "joserfc", "authlib", "jwcrypto"];
    let scripts = scripts.map(|library| format!("verify_with_{library}.py"));
    trusts_our_tokens_and_no_others(&db, &python, &scripts).await;
}

async fn a_node_back_end_trusts_our_tokens_and_no_others(db: TestDatabase) {
    let Some(node) = interpreter(NODE) else { return };
    trusts_our_tokens_and_no_others(&db, &node, &["verify_with_jose.mjs".to_owned()]).await;
}

async fn trusts_our_tokens_and_no_others(db: &TestDatabase, interpreter: &str, scripts: &[String]) {
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
    for script in scripts {
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
}

/// Compares the table of libraries in `docs/verifying-tokens.md` with their behavior.
async fn each_library_supports_the_names_of_the_algorithm_as_documented(db: TestDatabase) {
    let (Some(python), Some(node)) = (interpreter(PYTHON), interpreter(NODE)) else { return };
    let mut rows = BTreeMap::<String, Vec<String>>::new();
    for (algorithm, name) in [(JwtAlgorithm::EdDsa, "EdDSA"), (JwtAlgorithm::Ed25519, "Ed25519")] {
        let app = TestApp::spawn_with(&db, |config| config.jwt_alg = algorithm).await;
        app.use_real_time();
        let ada = app.sign_up(&format!("{name}@example.com")).await;
        let token = app.token(&ada).await;
        for (interpreter, script) in [(&python, "algorithms.py"), (&node, "algorithms.mjs")] {
            let outcomes = run(interpreter, script, &[&app.url(JWKS), name], &token).await;
            let outcomes = outcomes.expect("the script runs");
            for line in outcomes.lines() {
                let (library, outcome) = line.split_once(": ").unwrap();
                rows.entry(library.to_owned()).or_default().push(outcome.to_owned());
            }
        }
    }
    assert_eq!(rows.len(), 5);
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/verifying-tokens.md");
    let page = fs::read_to_string(page).unwrap();
    for (library, outcomes) in rows {
        let row = format!("| {library} | {} |", outcomes.join(" | "));
        assert!(page.contains(&row), "the page lacks: {row}");
    }
}

async fn receivers_in_python_and_node_read_our_security_events(db: TestDatabase) {
    let clients = [
        (interpreter(PYTHON), "receive_events_with_pyjwt.py"),
        (interpreter(NODE), "receive_events_with_jose.mjs"),
    ];
    let secret = "the secret of a receiver, in a test";
    let app = TestApp::spawn_with(&db, |config| {
        config.events.events_secret = vec![secret.into()];
    })
    .await;
    app.use_real_time();
    let ada = app.sign_up("ada@example.com").await;
    app.post_as(&ada, "/api/auth/sign-out", &json!({})).await;
    let ada = app.sign_in("ada@example.com").await;
    app.post_as(&ada, "/api/auth/delete-user", &json!({})).await;
    let (feed, keys) = (app.url("/security-events"), app.url(JWKS));

    for (interpreter, script) in clients {
        let Some(interpreter) = interpreter else { continue };
        let receive = async |secret: &str, issuer: &str| {
            run(&interpreter, script, &[&feed, &keys, issuer, BASE_URL], secret).await
        };
        let said = receive(secret, BASE_URL).await.expect("it receives events");
        let events: Vec<Value> =
            said.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let subjects: Vec<_> = events.iter().map(|event| &event["subject"]).collect();
        assert_eq!(subjects.len(), 2, "{script} {said}");
        assert_eq!(subjects[0]["user"]["sub"], ada.user["id"], "{script}");
        assert_eq!(subjects[1]["sub"], ada.user["id"], "{script}");
        assert_eq!(receive("another secret of a receiver", BASE_URL).await, None, "{script}");
        assert_eq!(receive(secret, "http://localhost:3001").await, None, "{script}");
    }
}

async fn resource_servers_in_python_and_node_introspect_our_tokens(db: TestDatabase) {
    let clients = [(interpreter(PYTHON), "introspect.py"), (interpreter(NODE), "introspect.mjs")];
    let secret = "the secret of a receiver, in a test";
    let app = TestApp::spawn_with(&db, |config| {
        config.events.events_secret = vec![secret.into()];
    })
    .await;
    let ada = app.sign_up("ada@example.com").await;
    let url = app.url("/api/auth/oauth2/introspect");

    for (interpreter, script) in clients {
        let Some(interpreter) = interpreter else { continue };
        let introspect = async |secret: &str, token: &str| {
            let input = format!("{secret}\n{token}\n");
            run(&interpreter, script, &[&url, BASE_URL], &input).await
        };
        let token = app.token(&ada).await;
        let said = introspect(secret, &token).await.expect("it introspects the token");
        let claims: Value = serde_json::from_str(&said).unwrap();
        assert_eq!(claims["sub"], ada.user["id"], "{script}");
        assert_eq!(introspect("another secret of a receiver", &token).await, None, "{script}");
        let form = [("token", &token)];
        app.post("/api/auth/oauth2/revoke").form(&form).answer().await.is_ok(&json!({}));
        assert_eq!(introspect(secret, &token).await, None, "{script}");
    }
}

async fn the_fastapi_example_accepts_our_tokens(db: TestDatabase) {
    let Some(python) = interpreter(PYTHON) else { return };
    let app = TestApp::spawn(&db).await;
    app.use_real_time();
    let ada = app.sign_up("ada@example.com").await;
    let token = app.token(&ada).await;
    let url = app.url(JWKS);
    let call = async |token: &str| {
        let arguments = [url.as_str(), BASE_URL];
        let output = run(&python, "call_fastapi_example.py", &arguments, token).await;
        serde_json::from_str::<Value>(&output.expect("the example runs")).unwrap()
    };

    let body = json!({ "id": ada.user["id"], "email": "ada@example.com" });
    assert_eq!(call(&token).await, json!({ "status": 200, "body": body }));
    assert_eq!(call("").await["status"], 401);
    assert_eq!(call(&token[..token.len() - 8]).await["status"], 401);
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
