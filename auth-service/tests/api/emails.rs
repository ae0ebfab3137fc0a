//! Verifying and changing e-mail addresses with mailed links, and undoing a change.

mod change;
mod page;
mod recovery;
mod required;
mod undo;
mod verification;

use serde_json::{Value, json};

use crate::{
    app::{Answer, Answering as _, SignedIn, TestApp},
    mailbox::token_of,
};

const SEND: &str = "/api/auth/send-verification-email";
const VERIFY: &str = "/api/auth/verify-email";
const CHANGE: &str = "/api/auth/change-email";

#[track_caller]
fn is_unverified(answer: &Answer) {
    answer.is_error(403, "EMAIL_NOT_VERIFIED", "Email not verified");
}

/// Waits for the e-mail of this kind to this address, and returns its link.
async fn link(app: &TestApp, to: &str, kind: &str) -> String {
    app.mail_to(to, kind).await.link().to_owned()
}

/// Requests a verification link without a session, and returns the link.
async fn verification(app: &TestApp, email: &str) -> String {
    app.post(SEND).json(&json!({ "email": email })).answer().await.is_done();
    link(app, email, "verify-email").await
}

/// Requests a change of address with a redirect target, and returns the mailed link.
async fn change(app: &TestApp, who: &SignedIn, new: &str) -> String {
    let body = json!({ "newEmail": new, "callbackURL": "/moved?a=1" });
    app.post_as(who, CHANGE, &body).await.is_done();
    link(app, new, "change-email").await
}

/// Opens a mailed link without its redirect target.
async fn open_bare(app: &TestApp, link: &str) -> Answer {
    app.get(&format!("{VERIFY}?token={}", token_of(link))).answer().await
}

async fn user(app: &TestApp, who: &SignedIn) -> Value {
    app.get_session(&who.cookie).await.json()["user"].take()
}

/// Asserts that a token is rejected with this error, which is in the body or, if the request has a
/// redirect target, in the `Location`.
async fn is_refused(app: &TestApp, token: &str, cookie: &str, code: &str, message: &str) {
    let open = |query: &str| {
        let path = format!("{VERIFY}?token={token}{query}");
        app.get(&path).header("cookie", cookie).answer()
    };
    for query in ["", "&callbackURL="] {
        open(query).await.is_error(401, code, message);
    }
    for (target, told) in [
        ("%2Fwelcome", format!("/welcome?error={code}")),
        ("%2Fwelcome%3Fa%3D1", format!("/welcome?a=1&error={code}")),
        ("%2Fwelcome%23top", format!("/welcome?error={code}#top")),
        ("http%3A%2F%2Flocalhost%3A5173%2Fin", format!("http://localhost:5173/in?error={code}")),
    ] {
        let answer = open(&format!("&callbackURL={target}")).await;
        answer.leads_to(&told);
        assert!(answer.cookies().is_empty());
    }
}
