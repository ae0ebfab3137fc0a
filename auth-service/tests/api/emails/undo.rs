//! The link that is mailed to the old address and undoes a change of address.

use database::{on_both_engines, testing::TestDatabase};
use reqwest::RequestBuilder;
use serde_json::json;

use super::{CHANGE, VERIFY, change, link, open_bare, user, verification};
use crate::{
    app::{
        Answer, Answering as _, BASE_URL, CLEARED, DAY, FRONT_END, GET_SESSION, PASSWORD, SignedIn,
        TestApp, count, is_nobody, values, with_bearer,
    },
    mailbox::{eventually, token_of},
};

on_both_engines!(auth_service::MIGRATIONS;
    the_owner_of_the_old_address_gets_the_account_back,
    opening_the_link_changes_nothing,
    the_link_is_valid_for_a_week_and_once,
    the_first_of_several_old_addresses_prevails,
    an_unverified_address_has_no_link,
    nobody_else_gets_an_address_that_may_be_restored,
    a_return_to_the_old_address_is_final,
    later_changes_are_undone_too_if_the_clock_is_set_back,
    an_address_that_is_taken_is_not_restored,
    the_password_stays_where_none_can_be_reset,
    the_link_is_not_a_verification_link,
    changes_are_forgotten_after_a_week,
);

const ADA: &str = "ada@example.com";
const UNDO: &str = "/api/auth/undo-change-email";

/// Signs up a user and verifies the address.
async fn verified(app: &TestApp, email: &str) -> SignedIn {
    let who = app.sign_up(email).await;
    assert_eq!(open_bare(app, &verification(app, email).await).await.status, 200);
    who
}

/// Changes the address, and returns the link that is mailed to the old one.
async fn moved(app: &TestApp, who: &SignedIn, old: &str, new: &str) -> String {
    let changed = open_bare(app, &change(app, who, new).await).await;
    assert_eq!(changed.status, 200, "{changed:?}");
    link(app, old, "email-changed").await
}

/// Presses the button of the page that the link leads to.
async fn undo(app: &TestApp, link: &str) -> Answer {
    press(app, link).answer().await
}

fn press(app: &TestApp, link: &str) -> RequestBuilder {
    let request = app.post(UNDO).header("content-type", "application/x-www-form-urlencoded");
    request.body(format!("token={}", token_of(link)))
}

#[track_caller]
fn is_refused(answer: &Answer, code: &str) {
    answer.leads_to(&format!("/api/auth/error?error={code}"));
}

async fn the_owner_of_the_old_address_gets_the_account_back(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let thief = verified(&app, ADA).await;
    let other = app.sign_in(ADA).await;
    let undo_link = moved(&app, &thief, ADA, "thief@example.com").await;
    assert!(undo_link.starts_with(&format!("{BASE_URL}{UNDO}?token=")), "{undo_link}");
    app.advance(6 * DAY);
    let of_thief = change(&app, &thief, "thief2@example.com").await;
    let reset = json!({ "email": "thief@example.com" });
    app.post("/api/auth/request-password-reset").json(&reset).answer().await;
    let reset = app.mail_to("thief@example.com", "reset-password").await;

    let undone = undo(&app, &undo_link).await;

    assert_eq!((undone.status, undone.cookies()), (200, CLEARED.to_vec()), "{undone:?}");
    assert_eq!(undone.header("content-type"), Some("text/html"));
    assert!(undone.body.contains(ADA) && undone.body.contains("reset"), "{}", undone.body);
    for session in [&thief, &other] {
        is_nobody(&with_bearer(&app, GET_SESSION, &session.token).await, &CLEARED);
    }
    let opened = open_bare(&app, &of_thief).await;
    opened.is_error(401, "INVALID_TOKEN", "Invalid token");
    let body = json!({ "token": reset.token(), "newPassword": "another horse 42" });
    let answer = app.post("/api/auth/reset-password").json(&body).answer().await;
    answer.is_error(400, "INVALID_TOKEN", "Invalid token");
    // The old password is invalid for both addresses until the owner sets a new one.
    for email in [ADA, "thief@example.com"] {
        assert_eq!(app.sign_in_request(email, PASSWORD).answer().await.status, 401, "{email}");
    }
    app.post("/api/auth/request-password-reset").json(&json!({ "email": ADA })).answer().await;
    let reset = app.mail_to(ADA, "reset-password").await;
    let body = json!({ "token": reset.token(), "newPassword": PASSWORD });
    app.post("/api/auth/reset-password").json(&body).answer().await.is_done();
    let ada = app.sign_in(ADA).await;
    assert_eq!((&ada.user["id"], &ada.user["emailVerified"]), (&thief.user["id"], &json!(true)));
    let notice = app.mail_to("thief@example.com", "email-changed").await;
    assert!(!notice.text.contains("undo"), "{}", notice.text);
    let recorded = "SELECT action || ' ' || actor || ' ' || coalesce(detail, '') AS value \
                    FROM audit_entries WHERE action = 'undo-change-email'";
    assert_eq!(values(&db, recorded).await, ["undo-change-email user sessions ended: 2"]);
    // One event for each session, and one for the user, which covers tokens of expired sessions.
    assert_eq!(count(&db, "security_events").await, 3);
}

async fn opening_the_link_changes_nothing(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let ada = verified(&app, ADA).await;
    let undo_link = moved(&app, &ada, ADA, "new@example.com").await;
    let before = user(&app, &ada).await;

    let page = app.open(&undo_link).answer().await;
    assert_eq!((page.status, page.header("content-type")), (200, Some("text/html")));
    assert_eq!(page.header("cache-control"), Some("no-store"));
    let policy = page.header("content-security-policy").unwrap();
    assert!(policy.starts_with("default-src 'none'"), "{policy}");
    assert!(page.body.contains("<button>This was not me</button>"), "{}", page.body);
    assert!(page.body.contains(token_of(&undo_link)), "{}", page.body);
    let head = app.client.head(app.url(&format!("{UNDO}?token=x"))).answer().await;
    assert_eq!((head.status, head.body.as_str()), (200, ""));
    let page = app.get(&format!("{UNDO}?token=%22%3E%3Cscript%3E")).answer().await;
    assert!(!page.body.contains("<script"), "{}", page.body);
    assert_eq!(app.get(UNDO).answer().await.status, 400);
    assert_eq!(user(&app, &ada).await, before);

    // The button is pressed in a browser that has a session.
    let from = async |origin: &str| {
        let request = press(&app, &undo_link).header("cookie", &ada.cookie);
        request.header("origin", origin).answer().await
    };
    from("https://evil.example").await.is_error(403, "INVALID_ORIGIN", "Invalid origin");
    assert_eq!(from(BASE_URL).await.status, 200);
}

async fn the_link_is_valid_for_a_week_and_once(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let ada = verified(&app, ADA).await;
    let first = moved(&app, &ada, ADA, "new@example.com").await;
    app.advance(7 * DAY);
    is_refused(&undo(&app, &first).await, "TOKEN_EXPIRED");
    is_refused(&undo(&app, "x?token=nonsense").await, "INVALID_TOKEN");

    let ada = app.sign_in("new@example.com").await;
    app.advance(60);
    open_bare(&app, &change(&app, &ada, "newer@example.com").await).await;
    let second = app.mail_to("new@example.com", "email-changed").await;
    assert!(second.text.contains("valid for 7 days."), "{second:?}");
    assert!(second.html.contains(">This was not me</a>"), "{second:?}");
    let second = second.link().to_owned();
    app.advance(7 * DAY - 1);
    assert_eq!(undo(&app, &second).await.status, 200);
    is_refused(&undo(&app, &second).await, "INVALID_TOKEN");
}

async fn the_first_of_several_old_addresses_prevails(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let thief = verified(&app, ADA).await;
    let of_ada = moved(&app, &thief, ADA, "thief@example.com").await;
    app.advance(60);
    let of_thief = moved(&app, &thief, "thief@example.com", "thief2@example.com").await;
    app.advance(60);
    let later = moved(&app, &thief, "thief2@example.com", "thief3@example.com").await;

    let address = async || values(&db, "SELECT email AS value FROM users").await;
    assert_eq!(undo(&app, &of_thief).await.status, 200);
    assert_eq!(address().await, ["thief@example.com"]);
    is_refused(&undo(&app, &later).await, "INVALID_TOKEN");

    assert_eq!(undo(&app, &of_ada).await.status, 200);
    assert_eq!(address().await, [ADA]);
    is_refused(&undo(&app, &of_thief).await, "INVALID_TOKEN");
    assert_eq!(address().await, [ADA]);
}

/// An unverified address may have been mistyped and belong to somebody else.
async fn an_unverified_address_has_no_link(db: TestDatabase) {
    let app = TestApp::spawn_with(&db, |config| {
        config.features.change_email_without_verification = true;
    })
    .await;
    let ada = app.sign_up(ADA).await;
    app.post_as(&ada, CHANGE, &json!({ "newEmail": "new@example.com" })).await.is_done();
    has_no_link(&app, ADA).await;
    drop(app);

    let app = TestApp::spawn(&db).await;
    let link = change(&app, &ada, "newer@example.com").await;
    assert_eq!(open_bare(&app, &link).await.status, 200);
    has_no_link(&app, "new@example.com").await;
    assert_eq!(count(&db, "email_changes").await, 0);
    app.sign_up(ADA).await;
}

async fn has_no_link(app: &TestApp, old: &str) {
    let told = app.mail_to(old, "email-changed").await;
    assert!(!told.source.contains("token=") && !told.text.contains(UNDO), "{told:?}");
    assert!(told.text.contains("contact the operator"), "{told:?}");
}

async fn nobody_else_gets_an_address_that_may_be_restored(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let thief = verified(&app, ADA).await;
    let helper = app.sign_up("helper@example.com").await;
    let pending = change(&app, &helper, "thief@example.com").await;
    let undo_link = moved(&app, &thief, ADA, "thief@example.com").await;
    app.advance(60);
    moved(&app, &thief, "thief@example.com", "thief2@example.com").await;

    let taken = app.sign_up_request(ADA).answer().await;
    assert_eq!(taken.json()["code"], "USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL");
    app.post_as(&helper, CHANGE, &json!({ "newEmail": ADA })).await.is_done();
    let mailed = app.other_mails(&db).await;
    assert!(!mailed.contains(&format!("change-email to {ADA}")), "{mailed:?}");
    let opened = open_bare(&app, &pending).await;
    opened.is_error(401, "INVALID_TOKEN", "Invalid token");
    // A user can return to an earlier address of the same account.
    open_bare(&app, &change(&app, &thief, "thief@example.com").await).await;
    assert_eq!(user(&app, &thief).await["email"], "thief@example.com");
    assert_eq!(undo(&app, &undo_link).await.status, 200);

    let ada = values(&db, "SELECT email AS value FROM users ORDER BY id").await;
    assert_eq!(ada, [ADA, "helper@example.com"]);
    // A change that was undone does not reserve the address.
    app.sign_up("thief@example.com").await;
}

async fn a_return_to_the_old_address_is_final(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let thief = verified(&app, ADA).await;
    let ada = app.sign_in(ADA).await;
    let undo_link = moved(&app, &thief, ADA, "thief@example.com").await;
    app.advance(60);

    open_bare(&app, &change(&app, &ada, ADA).await).await;

    assert_eq!(user(&app, &ada).await["email"], ADA);
    let notice = app.mail_to("thief@example.com", "email-changed").await;
    assert!(!notice.text.contains("undo"), "the thief cannot undo it: {}", notice.text);
    is_refused(&undo(&app, &undo_link).await, "INVALID_TOKEN");
    assert_eq!(count(&db, "email_changes").await, 0);
}

async fn later_changes_are_undone_too_if_the_clock_is_set_back(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let thief = verified(&app, ADA).await;
    let undo_link = moved(&app, &thief, ADA, "thief@example.com").await;
    app.advance(-20);
    let of_thief = moved(&app, &thief, "thief@example.com", "thief2@example.com").await;

    assert_eq!(undo(&app, &undo_link).await.status, 200);

    is_refused(&undo(&app, &of_thief).await, "INVALID_TOKEN");
    let emails = values(&db, "SELECT email AS value FROM users").await;
    assert_eq!(emails, [ADA]);
}

async fn an_address_that_is_taken_is_not_restored(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let ada = verified(&app, ADA).await;
    let undo_link = moved(&app, &ada, ADA, "new@example.com").await;
    let bob = app.sign_up("bob@example.com").await;
    db.change("UPDATE users SET email = 'ada@example.com' WHERE email = 'bob@example.com'").await;

    is_refused(&undo(&app, &undo_link).await, "USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL");

    assert_eq!(user(&app, &ada).await["email"], "new@example.com");
    assert_eq!(user(&app, &bob).await["email"], ADA);
    assert_eq!(count(&db, "sessions").await, 2);
}

async fn the_password_stays_where_none_can_be_reset(db: TestDatabase) {
    let app = TestApp::spawn_with(&db, |config| config.features.password_reset = false).await;
    let ada = verified(&app, ADA).await;
    let undo_link = moved(&app, &ada, ADA, "new@example.com").await;

    let undone = undo(&app, &undo_link).await;

    assert!(undone.body.contains("change your password"), "{}", undone.body);
    app.sign_in(ADA).await;
}

async fn the_link_is_not_a_verification_link(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let ada = verified(&app, ADA).await;
    let pending = change(&app, &ada, "other@example.com").await;
    let undo_link = moved(&app, &ada, ADA, "new@example.com").await;
    let before = user(&app, &ada).await;

    for path in [VERIFY, "/api/auth/delete-user/callback"] {
        let path = format!("{path}?token={}", token_of(&undo_link));
        let refused = app.get(&path).bearer_auth(&ada.token).answer().await;
        refused.is_a_clean_refusal();
    }
    is_refused(&undo(&app, &pending).await, "INVALID_TOKEN");
    let cross_site = app.post(UNDO).header("origin", FRONT_END).json(&json!({ "token": 1 }));
    assert_eq!(cross_site.answer().await.status, 400);
    assert_eq!(user(&app, &ada).await, before);
}

async fn changes_are_forgotten_after_a_week(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let ada = verified(&app, ADA).await;
    moved(&app, &ada, ADA, "new@example.com").await;
    drop(app);
    db.change("UPDATE email_changes SET created_at = '2025-12-26T03:00:00.000000Z'").await;

    // Housekeeping runs at startup.
    let app = TestApp::spawn(&db).await;
    let gone = async || (count(&db, "email_changes").await == 0).then_some(());
    eventually("the end of a change", gone).await;
    app.sign_up(ADA).await;
}
