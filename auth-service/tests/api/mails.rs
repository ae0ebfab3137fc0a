//! Appearance and delivery of e-mails: immediate, delayed, and exactly once.

mod allowance;
mod looks;
mod outbox;
mod templates;

use database::testing::TestDatabase;
use serde_json::json;

use crate::{
    app::{Answering as _, PASSWORD, SIGN_UP, TestApp, values},
    mailbox::{Mail, eventually},
};

const RESET: &str = "/api/auth/request-password-reset";
const SEND: &str = "/api/auth/send-verification-email";

async fn ask_for_reset(app: &TestApp, email: &str) {
    let answer = app.post(RESET).json(&json!({ "email": email })).answer().await;
    assert_eq!(answer.status, 200, "{answer:?}");
}

async fn reset_mail(app: &TestApp, email: &str) -> Mail {
    ask_for_reset(app, email).await;
    app.mail_to(email, "reset-password").await
}

/// Returns whether the token of a reset link is valid.
async fn is_good(app: &TestApp, mail: &Mail) -> bool {
    let path = format!("/api/auth/reset-password/{}?callbackURL=%2F", mail.token());
    let answer = app.get(&path).answer().await;
    !answer.header("location").unwrap().contains("error=")
}

/// Requests one e-mail of each kind, except notices, and returns each with the lifetime of its
/// link.
async fn one_of_each_kind(app: &TestApp) -> Vec<(Mail, &'static str)> {
    let ada = app.sign_up("ada@example.com").await;
    let verify = json!({ "email": "ada@example.com" });
    app.post(SEND).json(&verify).answer().await.is_done();
    let verification = app.mail_to("ada@example.com", "verify-email").await;
    app.open(verification.link()).answer().await.leads_to("/");
    let change = json!({ "newEmail": "new@example.com" });
    app.post_as(&ada, "/api/auth/change-email", &change).await.is_done();
    let confirmation = app.mail_to("ada@example.com", "confirm-change-email").await;
    app.open(confirmation.link()).answer().await.leads_to("/");
    app.post_as(&ada, "/api/auth/delete-user", &json!({})).await.json();
    vec![
        (verification, "1 hour"),
        (confirmation, "1 hour"),
        (app.mail_to("new@example.com", "change-email").await, "1 hour"),
        (reset_mail(app, "ada@example.com").await, "1 hour"),
        (app.mail_to("ada@example.com", "delete-user").await, "24 hours"),
    ]
}

fn all_confirmations(config: &mut auth_service::config::Config) {
    config.features.confirm_change_email = true;
    config.features.confirm_delete_user = true;
}

/// Signs up with this name, which is also used as the image.
async fn named(app: &TestApp, email: &str, name: &str) {
    let body = json!({ "name": name, "email": email, "password": PASSWORD, "image": name });
    app.post(SIGN_UP).json(&body).answer().await.signed_in();
}

/// Returns the recipient and the number of delivery attempts of each pending e-mail, sorted.
async fn tries(db: &TestDatabase) -> Vec<String> {
    let statement = "SELECT email || ': ' || CAST(attempts AS text) AS value FROM mails ORDER BY 1";
    values(db, statement).await
}

/// Waits until a pending e-mail to this address has had exactly one delivery attempt.
async fn is_tried(db: &TestDatabase, email: &str) {
    let tried = format!("{email}: 1");
    eventually(&tried, async || tries(db).await.contains(&tried).then_some(())).await;
}

/// Requests a reset e-mail to this address, and then one to next@example.com. Waits until the link
/// of the first one has been created and both deliveries have failed.
pub(crate) async fn ask_in_vain(app: &TestApp, db: &TestDatabase, email: &str) {
    let before = links(db).await;
    ask_for_reset(app, email).await;
    is_tried(db, email).await;
    let made = async || (links(db).await > before).then_some(());
    eventually("a link", made).await;
    // A delivery fails at once, so the first delivery has failed by the time the delivery of this
    // second e-mail is attempted.
    ask_for_reset(app, "next@example.com").await;
    is_tried(db, "next@example.com").await;
}

/// Returns the number of links that were created and have not been used.
async fn links(db: &TestDatabase) -> usize {
    values(db, "SELECT purpose AS value FROM verification_tokens").await.len()
}
