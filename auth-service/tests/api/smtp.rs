//! Delivery to a real SMTP server in Python; `TEST_PYTHON` names the interpreter.

use std::path::Path;

use auth_service::config::Config;
use database::{on_both_engines, testing::TestDatabase};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt as _, BufReader, Lines},
    net::TcpSocket,
    process::{Child, ChildStdout},
    time::timeout,
};

use crate::{
    app::{Answering as _, BASE_URL, PASSWORD, PATIENCE, SIGN_UP, TestApp, count},
    interop::{PYTHON, interpreter, start},
    mailbox::{Mail, eventually},
    mails::ask_in_vain,
    secrets::Service,
};

on_both_engines!(auth_service::MIGRATIONS;
    a_mail_is_handed_to_the_mail_server,
    an_unavailable_mail_server_delays_no_request,
    a_mail_is_encrypted_and_sent_with_a_login,
    an_untrusted_mail_server_receives_nothing,
    a_refused_login_keeps_the_mail,
    an_unknown_recipient_is_not_retried,
    a_temporarily_refused_recipient_is_retried,
    a_refused_sender_keeps_the_mail,
    a_refusal_to_relay_keeps_the_mail,
    a_hanging_recipient_delays_no_other_mail,
    a_mail_is_marked_as_generated,
);

const RESET: &str = "/api/auth/request-password-reset";

struct MailServer {
    port: u16,
    lines: Lines<BufReader<ChildStdout>>,
    process: Child,
}

impl MailServer {
    async fn start(python: &str, arguments: &[&str]) -> Self {
        let mut process = start(python, "receive_mail.py", arguments);
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let port = lines.next_line().await.unwrap().expect("the mail server starts");
        Self { port: port.parse().unwrap(), lines, process }
    }

    /// Returns the envelope and the content of the next e-mail.
    async fn next(&mut self) -> (Value, Mail) {
        let line = timeout(PATIENCE, self.lines.next_line()).await.expect("a mail arrives");
        let envelope: Value = serde_json::from_str(&line.unwrap().unwrap()).unwrap();
        let mail = Mail::read("", envelope["source"].as_str().unwrap().as_bytes());
        (envelope, mail)
    }
}

fn by_smtp(config: &mut Config, url: &str) {
    config.mail.smtp_url = Some(url.parse().unwrap());
    config.mail.mail_from = "The Tasks <no-reply@auth.example.com>".parse().unwrap();
}

async fn a_mail_is_handed_to_the_mail_server(db: TestDatabase) {
    let Some(python) = interpreter(PYTHON) else { return };
    let mut server = MailServer::start(&python, &["0"]).await;
    let url = format!("smtp://127.0.0.1:{}", server.port);
    let app = TestApp::spawn_with(&db, |config| by_smtp(config, &url)).await;
    app.sign_up("ada@example.com").await;
    app.sign_up("o'neil+tag@example.com").await;

    for email in ["ada@example.com", "o'neil+tag@example.com"] {
        app.post(RESET).json(&json!({ "email": email })).answer().await;

        let (envelope, mail) = server.next().await;
        assert_eq!(envelope["from"], "no-reply@auth.example.com");
        assert_eq!(envelope["to"], json!([email]));
        assert_eq!((mail.to.as_str(), mail.subject.as_str()), (email, "Reset your password"));
        assert!(mail.link().starts_with(BASE_URL), "{mail:?}");
        let body = json!({ "token": mail.token(), "newPassword": "battery staple 43" });
        app.post("/api/auth/reset-password").json(&body).answer().await.is_done();
        let (envelope, notice) = server.next().await;
        assert_eq!(envelope["to"], json!([email]));
        assert_eq!(notice.subject, "The password of your account was changed");
    }
    assert_eq!(app.other_mails(&db).await, [""; 0], "none is a file");
}

async fn an_unavailable_mail_server_delays_no_request(db: TestDatabase) {
    let Some(python) = interpreter(PYTHON) else { return };
    // The port is reserved, but nothing listens on it yet.
    let reserved = TcpSocket::new_v4().unwrap();
    reserved.set_reuseaddr(true).unwrap();
    reserved.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let port = reserved.local_addr().unwrap().port();
    let url = format!("smtp://127.0.0.1:{port}");
    let app = TestApp::spawn_with(&db, |config| by_smtp(config, &url)).await;
    for email in ["ada@example.com", "next@example.com"] {
        app.sign_up(email).await;
    }

    ask_in_vain(&app, &db, "ada@example.com").await;
    let mut server = MailServer::start(&python, &[&port.to_string()]).await;
    app.advance(60);

    let mut recipients = [server.next().await.1.to, server.next().await.1.to];
    recipients.sort();
    assert_eq!(recipients, ["ada@example.com", "next@example.com"]);
    assert_eq!(app.other_mails(&db).await, [""; 0]);
}

const LOGIN: [&str; 2] = ["--login", "service:hidden password"];

fn with_tls<'a>(folder: &'a Path, login: &[&'a str]) -> Vec<&'a str> {
    [&["0", "--tls", folder.to_str().unwrap()], login].concat()
}

async fn a_mail_is_encrypted_and_sent_with_a_login(db: TestDatabase) {
    let Some(python) = interpreter(PYTHON) else { return };
    let folder = tempfile::tempdir().unwrap();
    let mut server = MailServer::start(&python, &with_tls(folder.path(), &LOGIN)).await;
    let url = format!("smtp://service:hidden%20password@localhost:{}?tls=required", server.port);
    let certificate = folder.path().join("certificate.pem");
    // The service reads `SSL_CERT_FILE` from the environment, which only a separate process can set
    // without affecting other tests.
    let variables = [
        ("SMTP_URL", url.as_str()),
        ("SSL_CERT_FILE", certificate.to_str().unwrap()),
        ("RATE_LIMIT", "off"),
    ];
    let service = Service::start(&db, &variables).await;
    let ada = json!({ "name": "Ada", "email": "ada@example.com", "password": PASSWORD });
    service.post(SIGN_UP).json(&ada).answer().await.signed_in();

    service.post(RESET).json(&json!({ "email": "ada@example.com" })).answer().await.json();

    let (envelope, mail) = server.next().await;
    assert_eq!(envelope["tls"], true);
    assert_eq!(mail.to, "ada@example.com");
    let body = json!({ "token": mail.token(), "newPassword": "battery staple 43" });
    service.post("/api/auth/reset-password").json(&body).answer().await.is_done();
    let log = service.log().await;
    for secret in ["hidden", "c2VydmljZ", mail.token(), "callbackURL"] {
        assert!(!log.contains(secret), "{secret} is in {log}");
    }
}

/// Requests two e-mails, and asserts that they stay pending and that the server receives neither.
async fn waits(db: &TestDatabase, url: &str, mut server: MailServer) {
    let app = TestApp::spawn_with(db, |config| by_smtp(config, url)).await;
    for email in ["ada@example.com", "next@example.com"] {
        app.sign_up(email).await;
    }

    ask_in_vain(&app, db, "ada@example.com").await;

    drop(app);
    assert_eq!(count(db, "mails").await, 2);
    drop(server.process.stdin.take());
    assert_eq!(server.lines.next_line().await.unwrap(), None);
}

async fn an_untrusted_mail_server_receives_nothing(db: TestDatabase) {
    let Some(python) = interpreter(PYTHON) else { return };
    let folder = tempfile::tempdir().unwrap();
    let server = MailServer::start(&python, &with_tls(folder.path(), &[])).await;
    let url = format!("smtp://localhost:{}?tls=required", server.port);

    waits(&db, &url, server).await;
}

async fn a_refused_login_keeps_the_mail(db: TestDatabase) {
    let Some(python) = interpreter(PYTHON) else { return };
    let arguments = [&["0"], LOGIN.as_slice()].concat();
    let server = MailServer::start(&python, &arguments).await;
    let url = format!("smtp://service:another@127.0.0.1:{}", server.port);

    waits(&db, &url, server).await;
}

async fn an_unknown_recipient_is_not_retried(db: TestDatabase) {
    let Some(python) = interpreter(PYTHON) else { return };
    let mut server = MailServer::start(&python, &["0", "--refuse", "550"]).await;
    let url = format!("smtp://127.0.0.1:{}", server.port);
    let app = TestApp::spawn_with(&db, |config| by_smtp(config, &url)).await;
    app.sign_up("ada@example.com").await;

    let answer = app.post(RESET).json(&json!({ "email": "ada@example.com" })).answer().await;
    assert_eq!(answer.status, 200);

    let given_up = async || (count(&db, "mails").await == 0).then_some(());
    eventually("an empty outbox", given_up).await;
    drop(server.process.stdin.take());
    assert_eq!(server.lines.next_line().await.unwrap(), None);
}

async fn a_temporarily_refused_recipient_is_retried(db: TestDatabase) {
    let Some(python) = interpreter(PYTHON) else { return };
    let server = MailServer::start(&python, &["0", "--refuse", "451"]).await;
    let url = format!("smtp://127.0.0.1:{}", server.port);

    waits(&db, &url, server).await;
}

async fn a_refused_sender_keeps_the_mail(db: TestDatabase) {
    let Some(python) = interpreter(PYTHON) else { return };
    let server = MailServer::start(&python, &["0", "--refuse-sender", "553"]).await;
    let url = format!("smtp://127.0.0.1:{}", server.port);

    waits(&db, &url, server).await;
}

async fn a_refusal_to_relay_keeps_the_mail(db: TestDatabase) {
    let Some(python) = interpreter(PYTHON) else { return };
    let server = MailServer::start(&python, &["0", "--refuse", "550 5.7.1"]).await;
    let url = format!("smtp://127.0.0.1:{}", server.port);

    waits(&db, &url, server).await;
}

async fn a_hanging_recipient_delays_no_other_mail(db: TestDatabase) {
    let Some(python) = interpreter(PYTHON) else { return };
    let hung = "ada@hung.example.com";
    let mut server = MailServer::start(&python, &["0", "--hang-at", hung]).await;
    let url = format!("smtp://127.0.0.1:{}", server.port);
    let app = TestApp::spawn_with(&db, |config| by_smtp(config, &url)).await;
    for email in [hung, "next@example.com"] {
        app.sign_up(email).await;
    }
    let ask = async |email: &str| {
        app.post(RESET).json(&json!({ "email": email })).answer().await.json();
    };

    // Requests more e-mails than may be in flight per domain.
    for _ in 0..6 {
        ask(hung).await;
    }
    for _ in 0..4 {
        let line = timeout(PATIENCE, server.lines.next_line()).await.expect("the server is asked");
        assert_eq!(line.unwrap().as_deref(), Some("\"hangs\""));
    }
    for _ in 0..3 {
        ask("next@example.com").await;
        assert_eq!(server.next().await.1.to, "next@example.com");
    }
    assert!(count(&db, "mails").await >= 6, "those are still in flight");
}

async fn a_mail_is_marked_as_generated(db: TestDatabase) {
    let Some(python) = interpreter(PYTHON) else { return };
    let mut server = MailServer::start(&python, &["0"]).await;
    let url = format!("smtp://127.0.0.1:{}", server.port);
    let app = TestApp::spawn_with(&db, |config| by_smtp(config, &url)).await;
    app.sign_up("ada@example.com").await;

    app.post(RESET).json(&json!({ "email": "ada@example.com" })).answer().await.json();

    let (_, mail) = server.next().await;
    for header in ["Auto-Submitted: auto-generated\r\n", "X-Auto-Response-Suppress: All\r\n"] {
        assert!(mail.source.contains(header), "{mail:?}");
    }
}
