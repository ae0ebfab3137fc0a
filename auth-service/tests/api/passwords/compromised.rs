//! Compromised passwords are rejected wherever a password is chosen.

use std::{fs, process::Command};

use database::{on_both_engines, testing::TestDatabase};
use serde_json::json;

use super::{CHANGE, NEW_PASSWORD, RESET, is_password, request_reset};
use crate::app::{Answer, Answering as _, PASSWORD, SIGN_UP, TestApp};

on_both_engines!(auth_service::MIGRATIONS;
    a_common_password_is_refused_wherever_one_is_chosen,
    common_passwords_can_be_allowed,
    more_passwords_are_refused_by_a_list_of_hashes,
    a_list_that_cannot_be_read_stops_the_start,
);

#[track_caller]
fn is_compromised(answer: &Answer) {
    let message =
        "The password you entered has been compromised. Please choose a different password.";
    answer.is_error(400, "PASSWORD_COMPROMISED", message);
}

async fn sign_up(app: &TestApp, email: &str, password: &str) -> Answer {
    let body = json!({ "name": "Ada", "email": email, "password": password });
    app.post(SIGN_UP).json(&body).answer().await
}

async fn a_common_password_is_refused_wherever_one_is_chosen(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    for password in ["password", "12345678", "iloveyou", "PassWord", "qwertyuiop"] {
        is_compromised(&sign_up(&app, "ada@example.com", password).await);
    }
    let ada = app.sign_up("ada@example.com").await;

    let body = json!({ "currentPassword": PASSWORD, "newPassword": "password" });
    is_compromised(&app.post_as(&ada, CHANGE, &body).await);
    let mail = request_reset(&app).await;
    let body = json!({ "token": mail.token(), "newPassword": "password" });
    is_compromised(&app.post(RESET).json(&body).answer().await);

    is_password(&app, PASSWORD, "password").await;
    let body = json!({ "token": mail.token(), "newPassword": NEW_PASSWORD });
    app.post(RESET).json(&body).answer().await.is_done();
}

async fn common_passwords_can_be_allowed(db: TestDatabase) {
    let app = TestApp::spawn_with(&db, |config| config.refuse_common_passwords = false).await;

    sign_up(&app, "ada@example.com", "password").await.signed_in();
}

/// Returns the SHA-1 hash of a password in upper-case hexadecimal, computed by `sha1sum`.
fn sha1(password: &str) -> String {
    let output = Command::new("sh")
        .args(["-c", "printf %s \"$0\" | sha1sum | cut -d' ' -f1", password])
        .output()
        .unwrap();
    String::from_utf8(output.stdout).unwrap().trim().to_uppercase()
}

async fn more_passwords_are_refused_by_a_list_of_hashes(db: TestDatabase) {
    let file = tempfile::NamedTempFile::new().unwrap();
    let list = format!("{}:42\n{}\n", sha1("leaked horse 1"), &sha1("leaked horse 2")[..12]);
    fs::write(file.path(), list).unwrap();
    let app = TestApp::spawn_with(&db, |config| {
        config.compromised_passwords_file = Some(file.path().to_owned());
    })
    .await;

    for password in ["leaked horse 1", "leaked horse 2", "password"] {
        is_compromised(&sign_up(&app, "ada@example.com", password).await);
    }
    sign_up(&app, "ada@example.com", "leaked horse 3").await.signed_in();
}

async fn a_list_that_cannot_be_read_stops_the_start(db: TestDatabase) {
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), "correct horse 42\n").unwrap();
    for path in [file.path(), &file.path().with_extension("missing")] {
        let mut config = crate::app::config(&db.url);
        config.compromised_passwords_file = Some(path.to_owned());
        let error = TestApp::start(config).await.err().expect("it does not start");
        assert_eq!(error.to_string(), "cannot use COMPROMISED_PASSWORDS_FILE");
    }
}
