//! Passwords: change, verification inside a session, reset, and rejection of compromised ones.

mod change;
mod compromised;
mod reset;

use serde_json::json;

use crate::{
    app::{Answering as _, SignedIn, TestApp},
    mailbox::Mail,
};

const CHANGE: &str = "/api/auth/change-password";
const VERIFY: &str = "/api/auth/verify-password";
const REQUEST_RESET: &str = "/api/auth/request-password-reset";
const RESET: &str = "/api/auth/reset-password";
const NEW_PASSWORD: &str = "battery staple 43";

/// Asserts that the password `right` signs Ada in, and that `wrong` does not.
async fn is_password(app: &TestApp, right: &str, wrong: &str) {
    let answer = app.sign_in_request("ada@example.com", wrong).answer().await;
    answer.is_error(401, "INVALID_EMAIL_OR_PASSWORD", "Invalid email or password");
    app.sign_in_request("ada@example.com", right).answer().await.signed_in();
}

/// Signs up and signs in again. Returns both sessions.
async fn twice_signed_in(app: &TestApp) -> (SignedIn, SignedIn) {
    (app.sign_up("ada@example.com").await, app.sign_in("ada@example.com").await)
}

/// Requests a reset with a redirect target, and waits for the e-mail.
async fn request_reset(app: &TestApp) -> Mail {
    let body = json!({ "email": "ada@example.com", "redirectTo": "/reset?x=1" });
    assert_eq!(app.post(REQUEST_RESET).json(&body).answer().await.status, 200);
    app.mail_to("ada@example.com", "reset-password").await
}
