//! Addresses: verified, required to be verified, and changed, by mailed links.

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use service_kit::{on_both_engines, testing::TestDatabase};

use crate::{
    app::{
        Answer, BASE_URL, CLEARED, PASSWORD, SIGN_IN, SIGN_UP, START_SHOWN, Send as _, SignedIn,
        TestApp, count, members, shown,
    },
    mailbox::token_of,
};

on_both_engines!(auth_service::MIGRATIONS;
    a_mailed_link_verifies_an_address,
    a_verification_mail_is_asked_for_the_same_way_for_everybody,
    inside_a_session_only_ones_own_unverified_address_is_verified,
    a_request_for_a_verification_has_an_address_and_a_trusted_target,
    verifying_addresses_can_be_switched_off,
    a_verification_link_is_good_for_an_hour,
    a_forged_token_verifies_nothing,
    a_verification_link_leads_to_trusted_places_only,
    a_link_for_a_user_who_is_gone_says_so,
    a_mailed_link_changes_an_address,
    a_change_of_address_may_be_opened_without_a_session_or_by_bearer,
    a_change_of_address_works_once_and_voids_the_others,
    a_change_of_address_is_no_business_of_another_user,
    a_change_of_address_to_one_that_was_taken_meanwhile_changes_nothing,
    a_change_of_address_is_refused_in_the_order_of_the_contract,
    a_change_to_a_taken_address_looks_like_any_other,
    a_change_that_was_asked_for_by_somebody_who_left_serves_nobody_else,
    changing_addresses_can_be_switched_off,
    an_address_that_was_never_verified_may_change_at_once_if_so_configured,
    the_old_address_confirms_a_change_if_so_configured,
    opening_a_link_signs_in_if_so_configured,
    a_link_opened_in_a_session_signs_in_if_so_configured,
    an_address_must_be_verified_if_so_configured,
    a_taken_address_cannot_be_told_from_a_free_one_where_verification_is_required,
    a_verification_mail_goes_out_at_sign_up_if_so_configured,
    a_verification_mail_goes_out_at_a_refused_sign_in_if_so_configured,
);

const SEND: &str = "/api/auth/send-verification-email";
const VERIFY: &str = "/api/auth/verify-email";
const CHANGE: &str = "/api/auth/change-email";

#[track_caller]
fn is_unverified(answer: &Answer) {
    answer.is_error(403, "EMAIL_NOT_VERIFIED", "Email not verified");
}

/// The link of the mail of this kind to this address.
async fn link(app: &TestApp, to: &str, kind: &str) -> String {
    app.mail_to(to, kind).await.link().to_owned()
}

/// A verification link for an address, asked for without a session.
async fn verification(app: &TestApp, email: &str) -> String {
    app.post(SEND).json(&json!({ "email": email })).answer().await.is_done();
    link(app, email, "verify-email").await
}

/// The link that moves somebody to a new address, with a page to come back to.
async fn change(app: &TestApp, who: &SignedIn, new: &str) -> String {
    let body = json!({ "newEmail": new, "callbackURL": "/moved?a=1" });
    app.post_as(who, CHANGE, &body).await.is_done();
    link(app, new, "change-email").await
}

/// Opens what a link carries without a page to come back to.
async fn open_bare(app: &TestApp, link: &str) -> Answer {
    app.get(&format!("{VERIFY}?token={}", token_of(link))).answer().await
}

async fn user(app: &TestApp, who: &SignedIn) -> Value {
    app.get_session(&who.cookie).await.json()["user"].take()
}

/// Without a page to come back to the error is a body, with one it is told there.
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

async fn a_mailed_link_verifies_an_address(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let ada = app.sign_up("ada@example.com").await;
    let bob = app.sign_up("bob@example.com").await;
    let body = json!({ "email": "ada@example.com", "callbackURL": "/welcome?a=1" });
    app.post(SEND).json(&body).answer().await.is_done();
    app.advance(60);

    let ada_link = link(&app, "ada@example.com", "verify-email").await;
    let start = format!("{BASE_URL}{VERIFY}?token=");
    assert!(ada_link.starts_with(&start), "{ada_link}");
    assert!(ada_link.ends_with("&callbackURL=%2Fwelcome%3Fa%3D1"), "{ada_link}");
    for _ in 0..2 {
        let opened = app.open(&ada_link).answer().await;
        opened.leads_to("/welcome?a=1");
        assert!(opened.cookies().is_empty(), "nobody is signed in by it");
    }
    let mut verified = ada.user.clone();
    verified["emailVerified"] = json!(true);
    verified["updatedAt"] = json!(shown(60));
    assert_eq!(user(&app, &ada).await, verified);

    let bob_link = verification(&app, "bob@example.com").await;
    assert!(bob_link.ends_with("&callbackURL=%2F"), "{bob_link}");
    for _ in 0..2 {
        let opened = open_bare(&app, &bob_link).await;
        opened.is_ok(&json!({ "status": true, "user": null }));
        assert!(opened.cookies().is_empty());
    }
    assert_eq!(user(&app, &bob).await["emailVerified"], true);
    app.open(&bob_link).answer().await.leads_to("/");
}

async fn a_verification_mail_is_asked_for_the_same_way_for_everybody(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    app.sign_up("ada@example.com").await;
    app.sign_up("verified@example.com").await;
    open_bare(&app, &verification(&app, "verified@example.com").await).await;

    let mut answers = Vec::new();
    for email in ["ADA@example.com", "verified@example.com", "nobody@example.com"] {
        answers.push(app.post(SEND).json(&json!({ "email": email })).answer().await);
    }

    for answer in &answers {
        answer.is_done();
        assert_eq!(answer.stable_headers(), answers[0].stable_headers());
    }
    assert_eq!(app.other_mails(&db).await, ["verify-email to ada@example.com"]);
}

async fn inside_a_session_only_ones_own_unverified_address_is_verified(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let ada = app.sign_up("ada@example.com").await;
    app.sign_up("bob@example.com").await;
    let ask = async |email: &str| app.post_as(&ada, SEND, &json!({ "email": email })).await;

    ask("Ada@Example.com").await.is_done();
    open_bare(&app, &link(&app, "ada@example.com", "verify-email").await).await;

    ask("ada@example.com").await.is_error(
        400,
        "EMAIL_ALREADY_VERIFIED",
        "Email is already verified",
    );
    for other in ["bob@example.com", "nobody@example.com"] {
        ask(other).await.is_error(400, "EMAIL_MISMATCH", "Email mismatch");
    }
    db.change("DELETE FROM sessions").await;
    let gone = ask("nobody@example.com").await;
    gone.is_done();
    assert_eq!(gone.cookies(), CLEARED);
    assert_eq!(app.other_mails(&db).await, [""; 0]);
}

async fn a_request_for_a_verification_has_an_address_and_a_trusted_target(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    app.sign_up("ada@example.com").await;
    let ask = async |body: Value| app.post(SEND).json(&body).answer().await;

    for (body, message) in [
        (json!({}), "[body.email] Invalid input: expected string, received undefined"),
        (json!({ "email": "ada" }), "[body.email] Invalid email address"),
        (
            json!({ "email": "ada@example.com", "callbackURL": null }),
            "[body.callbackURL] Invalid input: expected string, received null",
        ),
    ] {
        ask(body).await.is_error(400, "VALIDATION_ERROR", message);
    }
    let foreign = json!({ "email": "ada@example.com", "callbackURL": "https://evil.example" });
    ask(foreign).await.is_error(403, "INVALID_CALLBACK_URL", "Invalid callbackURL");
    assert_eq!(app.other_mails(&db).await, [""; 0]);
}

async fn verifying_addresses_can_be_switched_off(db: TestDatabase) {
    let app = TestApp::spawn_with(&db, |config| config.features.email_verification = false).await;
    let ada = app.sign_up("ada@example.com").await;
    let ask = async |body: Value| app.post(SEND).json(&body).answer().await;
    let not_enabled = "Verification email isn't enabled";

    let answer = ask(json!({ "email": "ada@example.com" })).await;
    answer.is_error(400, "VERIFICATION_EMAIL_NOT_ENABLED", not_enabled);
    assert_eq!(ask(json!({ "email": "ada" })).await.json()["code"], "VALIDATION_ERROR");

    let answer = app.post_as(&ada, CHANGE, &json!({ "newEmail": "new@example.com" })).await;
    answer.is_codeless_error(400, not_enabled);
    assert_eq!(app.other_mails(&db).await, [""; 0]);
}

async fn a_verification_link_is_good_for_an_hour(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let ada = app.sign_up("ada@example.com").await;
    let bob = app.sign_up("bob@example.com").await;
    let mut links = Vec::new();
    for email in ["ada@example.com", "bob@example.com"] {
        links.push(verification(&app, email).await);
    }
    let change = change(&app, &bob, "new@example.com").await;

    app.advance(3599);
    open_bare(&app, &links[0]).await.is_ok(&json!({ "status": true, "user": null }));

    app.advance(1);
    for link in [&links[0], &links[1], &change] {
        is_refused(&app, token_of(link), "", "TOKEN_EXPIRED", "Token expired").await;
    }
    assert_eq!(user(&app, &ada).await["emailVerified"], true);
    assert_eq!(user(&app, &bob).await, bob.user);
}

async fn a_forged_token_verifies_nothing(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let ada = app.sign_up("ada@example.com").await;
    let bob = app.sign_up("bob@example.com").await;
    let good = token_of(&verification(&app, "ada@example.com").await).to_owned();
    let [header, claims, signature] = good.split('.').collect::<Vec<_>>()[..] else { panic!() };
    let encode = |claims: &Value| BASE64_URL_SAFE_NO_PAD.encode(claims.to_string());
    let mut others: Value =
        serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(claims).unwrap()).unwrap();
    others["email"] = json!("bob@example.com");
    others["userId"] = bob.user["id"].clone();
    let (none, other) = (encode(&json!({ "alg": "none" })), encode(&others));
    let id = ada.user["id"].as_str().unwrap();

    for token in [
        String::new(),
        "nonsense".to_owned(),
        id.to_owned(),
        ada.token.clone(),
        app.token(&ada).await,
        format!("{header}.{claims}."),
        format!("{none}.{claims}."),
        format!("{none}.{other}.{signature}"),
        format!("{header}.{other}.{signature}"),
        format!("{header}.{claims}.{}", signature.chars().rev().collect::<String>()),
        format!("{good}x"),
        format!("x{good}"),
    ] {
        is_refused(&app, &token, "", "INVALID_TOKEN", "Invalid token").await;
    }

    for who in [&ada, &bob] {
        assert_eq!(user(&app, who).await, who.user);
    }
    // A token is good for its user, not for whoever has the address now.
    db.change("DELETE FROM users").await;
    let successor = app.sign_up("ada@example.com").await;
    is_refused(&app, &good, "", "INVALID_TOKEN", "Invalid token").await;
    assert_eq!(user(&app, &successor).await, successor.user);
}

async fn a_verification_link_leads_to_trusted_places_only(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let ada = app.sign_up("ada@example.com").await;
    let verification = verification(&app, "ada@example.com").await;
    let token = token_of(&verification);
    let open = async |query: &str| app.get(&format!("{VERIFY}?{query}")).answer().await;

    for target in ["https%3A%2F%2Fevil.example", "%2F%2Fevil.example", "welcome", "%2F%5Cevil"] {
        let answer = open(&format!("token={token}&callbackURL={target}")).await;
        answer.is_error(403, "INVALID_CALLBACK_URL", "Invalid callbackURL");
        assert_eq!(answer.header("location"), None);
        let answer = open(&format!("callbackURL={target}")).await;
        assert_eq!(answer.json()["code"], "VALIDATION_ERROR", "the schema comes first");
    }
    for (query, received) in [("", "undefined"), ("token=a&token=b", "array")] {
        let message = format!("[query.token] Invalid input: expected string, received {received}");
        open(query).await.is_error(400, "VALIDATION_ERROR", &message);
    }
    assert_eq!(user(&app, &ada).await, ada.user, "no page, no verification");
}

async fn a_link_for_a_user_who_is_gone_says_so(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let ada = app.sign_up("ada@example.com").await;
    let bob = app.sign_up("bob@example.com").await;
    let given_up = verification(&app, "bob@example.com").await;
    let links =
        [verification(&app, "ada@example.com").await, change(&app, &ada, "new@example.com").await];

    open_bare(&app, &change(&app, &bob, "bob2@example.com").await).await;
    is_refused(&app, token_of(&given_up), "", "USER_NOT_FOUND", "User not found").await;

    db.change("DELETE FROM users").await;
    for link in links {
        is_refused(&app, token_of(&link), "", "USER_NOT_FOUND", "User not found").await;
    }
}

async fn a_mailed_link_changes_an_address(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let ada = app.sign_up("ada@example.com").await;
    let other = app.sign_in("ada@example.com").await;

    let body = json!({ "newEmail": "Countess@Example.com", "callbackURL": "/moved?a=1" });
    app.post_as(&ada, CHANGE, &body).await.is_done();
    let link = link(&app, "countess@example.com", "change-email").await;
    assert!(link.starts_with(&format!("{BASE_URL}{VERIFY}?token=")), "{link}");
    assert!(link.ends_with("&callbackURL=%2Fmoved%3Fa%3D1"), "{link}");
    assert_eq!(user(&app, &ada).await, ada.user, "nothing has changed so far");
    app.advance(60);

    let opened = app.open(&link).header("cookie", &ada.cookie).answer().await;

    opened.leads_to("/moved?a=1");
    assert_eq!(opened.cookies().len(), 1, "the cookie is sent again");
    assert!(opened.cookies()[0].contains("; Max-Age=604800;"), "{opened:?}");
    assert_eq!(opened.header("set-auth-token"), Some(ada.signed_token.as_str()));
    let mut changed = ada.user.clone();
    changed["email"] = json!("countess@example.com");
    changed["updatedAt"] = json!(shown(60));
    for session in [&ada, &other] {
        assert_eq!(user(&app, session).await, changed);
    }
    let old = app.sign_in_request("ada@example.com", PASSWORD).answer().await;
    old.is_error(401, "INVALID_EMAIL_OR_PASSWORD", "Invalid email or password");
    assert_eq!(app.sign_in("countess@example.com").await.user, changed);
    app.sign_up("ada@example.com").await;
}

async fn a_change_of_address_may_be_opened_without_a_session_or_by_bearer(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let ada = app.sign_up("ada@example.com").await;
    open_bare(&app, &verification(&app, "ada@example.com").await).await;

    let opened = open_bare(&app, &change(&app, &ada, "second@example.com").await).await;
    assert!(opened.cookies().is_empty());
    let verified = user(&app, &ada).await;
    assert_eq!(
        (&verified["email"], &verified["emailVerified"]),
        (&json!("second@example.com"), &json!(true))
    );
    opened.is_ok(&json!({ "status": true, "user": verified }));

    let opened = app.open(&change(&app, &ada, "third@example.com").await).answer().await;
    opened.leads_to("/moved?a=1");
    assert!(opened.cookies().is_empty());

    let link = change(&app, &ada, "fourth@example.com").await;
    let opened = app.open(&link).bearer_auth(&ada.token).answer().await;
    opened.leads_to("/moved?a=1");
    assert_eq!(opened.header("set-auth-token"), Some(ada.signed_token.as_str()));
    assert_eq!(user(&app, &ada).await["email"], "fourth@example.com");
}

async fn a_change_of_address_works_once_and_voids_the_others(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let ada = app.sign_up("ada@example.com").await;
    let first = change(&app, &ada, "first@example.com").await;
    let second = change(&app, &ada, "second@example.com").await;

    assert_eq!(open_bare(&app, &second).await.status, 200);

    for link in [first, second] {
        is_refused(&app, token_of(&link), "", "INVALID_TOKEN", "Invalid token").await;
    }
    assert_eq!(user(&app, &ada).await["email"], "second@example.com");
}

async fn a_change_of_address_is_no_business_of_another_user(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let ada = app.sign_up("ada@example.com").await;
    let eve = app.sign_up("eve@example.com").await;
    let link = change(&app, &ada, "new@example.com").await;

    is_refused(&app, token_of(&link), &eve.cookie, "INVALID_USER", "Invalid user").await;

    assert_eq!(user(&app, &ada).await, ada.user);
    assert_eq!(user(&app, &eve).await, eve.user);
    assert_eq!(open_bare(&app, &link).await.status, 200, "the link is as good as before");
}

async fn a_change_of_address_to_one_that_was_taken_meanwhile_changes_nothing(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let ada = app.sign_up("ada@example.com").await;
    let link = change(&app, &ada, "new@example.com").await;
    let faster = app.sign_up("new@example.com").await;

    is_refused(&app, token_of(&link), "", "INVALID_TOKEN", "Invalid token").await;

    for who in [ada, faster] {
        assert_eq!(user(&app, &who).await, who.user);
    }
}

async fn a_change_of_address_is_refused_in_the_order_of_the_contract(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let ada = app.sign_up("ada@example.com").await;
    let ask = async |body: Value| app.post_as(&ada, CHANGE, &body).await;

    let anonymous = async |body: Value| app.post(CHANGE).json(&body).answer().await;
    let missing = "[body.newEmail] Invalid input: expected string, received undefined";
    anonymous(json!({})).await.is_error(400, "VALIDATION_ERROR", missing);
    let answer = anonymous(json!({ "newEmail": "new@example.com" })).await;
    answer.is_error(401, "UNAUTHORIZED", "Unauthorized");
    for (body, message) in [
        (json!({ "newEmail": "ada" }), "[body.newEmail] Invalid email address"),
        (
            json!({ "newEmail": 1 }),
            "[body.newEmail] Invalid input: expected string, received number",
        ),
        (
            json!({ "newEmail": "new@example.com", "callbackURL": null }),
            "[body.callbackURL] Invalid input: expected string, received null",
        ),
    ] {
        ask(body).await.is_error(400, "VALIDATION_ERROR", message);
    }
    let foreign = json!({ "newEmail": "new@example.com", "callbackURL": "//evil.example" });
    ask(foreign).await.is_error(403, "INVALID_CALLBACK_URL", "Invalid callbackURL");
    for same in ["ada@example.com", "ADA@Example.COM"] {
        ask(json!({ "newEmail": same })).await.is_codeless_error(400, "Email is the same");
    }
    assert_eq!(app.other_mails(&db).await, [""; 0]);
}

async fn a_change_to_a_taken_address_looks_like_any_other(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let ada = app.sign_up("ada@example.com").await;
    app.sign_up("bob@example.com").await;

    let free = app.post_as(&ada, CHANGE, &json!({ "newEmail": "new@example.com" })).await;
    let taken = app.post_as(&ada, CHANGE, &json!({ "newEmail": "BOB@example.com" })).await;

    for answer in [&free, &taken] {
        answer.is_done();
        assert_eq!(answer.stable_headers(), free.stable_headers());
    }
    assert_eq!(app.other_mails(&db).await, ["change-email to new@example.com"]);
}

async fn a_change_that_was_asked_for_by_somebody_who_left_serves_nobody_else(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let eve = app.sign_up("ada@example.com").await;
    // A file where the folder should be: mails have to wait.
    std::fs::remove_dir(app.mail_dir.path()).unwrap();
    std::fs::write(app.mail_dir.path(), "").unwrap();
    app.post_as(&eve, CHANGE, &json!({ "newEmail": "eve@example.com" })).await.is_done();
    assert_eq!(count(&db, "mails").await, 1);

    assert_eq!(app.post_as(&eve, "/api/auth/delete-user", &json!({})).await.status, 200);
    app.sign_up("ada@example.com").await;

    assert_eq!(count(&db, "mails").await, 0);
}

async fn changing_addresses_can_be_switched_off(db: TestDatabase) {
    let app = TestApp::spawn_with(&db, |config| config.features.change_email = false).await;
    let ada = app.sign_up("ada@example.com").await;

    for new in ["new@example.com", "ada@example.com"] {
        let answer = app.post_as(&ada, CHANGE, &json!({ "newEmail": new })).await;
        answer.is_error(400, "CHANGE_EMAIL_DISABLED", "Change email is disabled");
    }
    let malformed = app.post_as(&ada, CHANGE, &json!({})).await;
    assert_eq!(malformed.json()["code"], "VALIDATION_ERROR");
    let body = json!({ "newEmail": "new@example.com" });
    let anonymous = app.post(CHANGE).json(&body).answer().await;
    anonymous.is_error(401, "UNAUTHORIZED", "Unauthorized");
    assert_eq!(app.other_mails(&db).await, [""; 0]);
}

async fn an_address_that_was_never_verified_may_change_at_once_if_so_configured(db: TestDatabase) {
    let app = TestApp::spawn_with(&db, |config| {
        config.features.change_email_without_verification = true;
    })
    .await;
    let ada = app.sign_up("ada@example.com").await;
    app.sign_up("taken@example.com").await;
    let ask = async |body: Value| app.post_from_page(&ada.cookie, CHANGE, &body).await;

    let taken = ask(json!({ "newEmail": "taken@example.com" })).await;
    taken.is_done();
    assert_eq!(user(&app, &ada).await, ada.user);

    let changed = ask(json!({ "newEmail": "new@example.com", "callbackURL": "/in" })).await;
    changed.is_done();
    assert_eq!(changed.header("set-auth-token"), Some(ada.signed_token.as_str()));
    assert_eq!(user(&app, &ada).await["email"], "new@example.com");
    // One verification mail, to the new address.
    let verification = link(&app, "new@example.com", "verify-email").await;
    assert_eq!(app.other_mails(&db).await, [""; 0]);
    app.open(&verification).answer().await.leads_to("/in");

    let verified = ask(json!({ "newEmail": "newer@example.com" })).await;
    verified.is_done();
    assert!(verified.cookies().is_empty());
    let user = user(&app, &ada).await;
    assert_eq!((&user["email"], &user["emailVerified"]), (&json!("new@example.com"), &json!(true)));
    assert_eq!(app.other_mails(&db).await, ["change-email to newer@example.com"]);
}

async fn the_old_address_confirms_a_change_if_so_configured(db: TestDatabase) {
    let app = TestApp::spawn_with(&db, |config| config.features.confirm_change_email = true).await;
    let ada = app.sign_up("ada@example.com").await;
    let eve = app.sign_up("eve@example.com").await;

    // Nobody can confirm by an address that was never verified.
    let direct = change(&app, &ada, "second@example.com").await;
    assert_eq!(open_bare(&app, &direct).await.status, 200);
    open_bare(&app, &verification(&app, "second@example.com").await).await;

    let body = json!({ "newEmail": "third@example.com", "callbackURL": "/moved" });
    app.post_as(&ada, CHANGE, &body).await.is_done();
    let confirmation = link(&app, "second@example.com", "confirm-change-email").await;
    assert!(confirmation.ends_with("&callbackURL=%2Fmoved"), "{confirmation}");
    let token = token_of(&confirmation);
    is_refused(&app, token, &eve.cookie, "INVALID_USER", "Invalid user").await;
    assert_eq!(app.other_mails(&db).await, [""; 0], "the new address waits for the old one");

    app.open(&confirmation).answer().await.leads_to("/moved");
    assert_eq!(user(&app, &ada).await["email"], "second@example.com");
    let mailed = link(&app, "third@example.com", "change-email").await;
    assert!(mailed.ends_with("&callbackURL=%2Fmoved"), "{mailed}");
    // It may be opened again, which mails again.
    open_bare(&app, &confirmation).await.is_done();
    let again = link(&app, "third@example.com", "change-email").await;
    assert!(again.ends_with("&callbackURL=%2F"), "{again}");

    app.open(&mailed).answer().await.leads_to("/moved");
    let user = user(&app, &ada).await;
    assert_eq!(
        (&user["email"], &user["emailVerified"]),
        (&json!("third@example.com"), &json!(true))
    );
    is_refused(&app, token, "", "INVALID_TOKEN", "Invalid token").await;

    let taken = app.post_as(&ada, CHANGE, &json!({ "newEmail": "eve@example.com" })).await;
    taken.is_done();
    assert_eq!(app.other_mails(&db).await, [""; 0]);
}

async fn opening_a_link_signs_in_if_so_configured(db: TestDatabase) {
    let app = TestApp::spawn_with(&db, |config| {
        config.features.auto_sign_in_after_verification = true;
    })
    .await;
    let ada = app.sign_up("ada@example.com").await;
    let link = verification(&app, "ada@example.com").await;

    let opened = app.open(&link).answer().await;

    opened.leads_to("/");
    let [cookie] = opened.cookies()[..] else { panic!("{opened:?}") };
    assert!(cookie.contains("; Max-Age=604800;"), "{cookie}");
    let signed = opened.header("set-auth-token").unwrap();
    assert!(!signed.starts_with(&ada.token), "it is a session of its own");
    let session = app.get_session(cookie.split(';').next().unwrap()).await.json();
    assert_eq!(session["user"]["emailVerified"], true);
    assert_eq!(session["user"]["id"], ada.user["id"]);
    let again = app.open(&link).answer().await;
    again.leads_to("/");
    assert!(again.cookies().is_empty(), "only the first opening signs in");
    assert_eq!(count(&db, "sessions").await, 2);
}

async fn a_link_opened_in_a_session_signs_in_if_so_configured(db: TestDatabase) {
    let app = TestApp::spawn_with(&db, |config| {
        config.features.auto_sign_in_after_verification = true;
    })
    .await;
    let ada = app.sign_up("ada@example.com").await;
    let bob = app.sign_up("bob@example.com").await;
    let open_in_adas_session = async |email: &str| {
        let link = verification(&app, email).await;
        app.get(&format!("{VERIFY}?token={}", token_of(&link)))
            .header("cookie", &ada.cookie)
            .answer()
            .await
    };

    let own = open_in_adas_session("ada@example.com").await;
    own.is_ok(&json!({ "status": true, "user": null }));
    assert_eq!(own.header("set-auth-token"), Some(ada.signed_token.as_str()));
    assert_eq!(count(&db, "sessions").await, 2);

    let anothers = open_in_adas_session("bob@example.com").await;
    let [cookie] = anothers.cookies()[..] else { panic!("{anothers:?}") };
    let session = app.get_session(cookie.split(';').next().unwrap()).await.json();
    assert_eq!(session["user"]["id"], bob.user["id"], "the browser changes hands");
    assert_eq!(count(&db, "sessions").await, 3);
}

fn sign_up_body(name: &str, email: &str) -> Value {
    json!({ "name": name, "email": email, "password": PASSWORD, "callbackURL": "/in" })
}

async fn an_address_must_be_verified_if_so_configured(db: TestDatabase) {
    let app =
        TestApp::spawn_with(&db, |config| config.features.require_email_verification = true).await;

    let answer = app.post(SIGN_UP).json(&sign_up_body("Ada", "Ada@Example.com")).answer().await;

    let body = answer.json();
    assert_eq!((answer.status, members(&body)), (200, vec!["token", "user"]));
    assert_eq!(body["token"], Value::Null);
    let mut ada = body["user"].clone();
    let id = ada["id"].as_str().unwrap();
    assert_eq!(
        ada,
        json!({
            "id": id, "name": "Ada", "email": "ada@example.com", "emailVerified": false,
            "image": null, "createdAt": START_SHOWN, "updatedAt": START_SHOWN,
        })
    );
    assert!(answer.cookies().is_empty());
    assert_eq!(answer.header("set-auth-token"), None);
    assert_eq!(count(&db, "sessions").await, 0);
    let wrong = app.sign_in_request("ada@example.com", "wrong horse 42").answer().await;
    wrong.is_error(401, "INVALID_EMAIL_OR_PASSWORD", "Invalid email or password");
    let refused = app.sign_in_request("ada@example.com", PASSWORD).answer().await;
    is_unverified(&refused);
    assert!(refused.cookies().is_empty());
    // A reset proves who reads the mail, and yet it does not verify.
    let reset = json!({ "email": "ada@example.com" });
    app.post("/api/auth/request-password-reset").json(&reset).answer().await;
    let mail = app.mail_to("ada@example.com", "reset-password").await;
    let reset = json!({ "token": mail.token(), "newPassword": PASSWORD });
    app.post("/api/auth/reset-password").json(&reset).answer().await.is_done();
    is_unverified(&app.sign_in_request("ada@example.com", PASSWORD).answer().await);

    let link = link(&app, "ada@example.com", "verify-email").await;
    let opened = app.open(&link).answer().await;
    opened.leads_to("/in");
    assert!(opened.cookies().is_empty());
    ada["emailVerified"] = json!(true);
    assert_eq!(app.sign_in("ada@example.com").await.user, ada);
    assert_eq!(app.other_mails(&db).await, [""; 0], "no mail at a refused sign-in");
}

async fn a_taken_address_cannot_be_told_from_a_free_one_where_verification_is_required(
    db: TestDatabase,
) {
    let app =
        TestApp::spawn_with(&db, |config| config.features.require_email_verification = true).await;
    let sign_up = async |name: &str, email: &str| {
        let mut body = sign_up_body(name, email);
        body["image"] = json!("p.png");
        app.post(SIGN_UP).json(&body).answer().await
    };
    let free = sign_up("Ada", "ada@example.com").await;
    let link = link(&app, "ada@example.com", "verify-email").await;

    let taken = sign_up("Eve", "ADA@example.com").await;
    open_bare(&app, &link).await;
    app.advance(60);
    let taken_and_verified = sign_up("Eve", "ada@example.com").await;

    for (duplicate, moment) in [(taken, 0), (taken_and_verified, 60)] {
        assert_eq!(duplicate.stable_headers(), free.stable_headers());
        let body = duplicate.json();
        assert_eq!((duplicate.status, &body["token"]), (200, &Value::Null));
        let id = body["user"]["id"].as_str().unwrap();
        assert_ne!(free.json()["user"]["id"], id);
        assert_eq!(id.len(), free.json()["user"]["id"].as_str().unwrap().len());
        assert_eq!(
            body["user"],
            json!({
                "id": id, "name": "Eve", "email": "ada@example.com", "emailVerified": false,
                "image": "p.png", "createdAt": shown(moment), "updatedAt": shown(moment),
            })
        );
    }
    assert_eq!(app.sign_in("ada@example.com").await.user["name"], "Ada");
    assert_eq!(count(&db, "users").await, 1);
    assert_eq!(app.other_mails(&db).await, [""; 0]);
}

async fn a_verification_mail_goes_out_at_sign_up_if_so_configured(db: TestDatabase) {
    let mut mailed = Vec::new();
    for (i, sends) in [None, Some(true), Some(false)].into_iter().enumerate() {
        let app = TestApp::spawn_with(&db, |config| {
            config.features.send_verification_on_sign_up = sends;
        })
        .await;
        let body = sign_up_body("Ada", &format!("ada{i}@example.com"));
        app.post(SIGN_UP).json(&body).answer().await.signed_in();
        if sends == Some(true) {
            let link = link(&app, "ada1@example.com", "verify-email").await;
            app.open(&link).answer().await.leads_to("/in");
        }
        mailed.extend(app.other_mails(&db).await);
    }
    assert_eq!(mailed, [""; 0]);

    let app = TestApp::spawn_with(&db, |config| {
        config.features.require_email_verification = true;
        config.features.send_verification_on_sign_up = Some(false);
    })
    .await;
    app.sign_up_request("eve@example.com").answer().await;
    assert_eq!(app.other_mails(&db).await, [""; 0]);
}

async fn a_verification_mail_goes_out_at_a_refused_sign_in_if_so_configured(db: TestDatabase) {
    let app = TestApp::spawn_with(&db, |config| {
        config.features.require_email_verification = true;
        config.features.send_verification_on_sign_in = true;
    })
    .await;
    app.sign_up_request("ada@example.com").answer().await;
    assert_eq!(app.other_mails(&db).await, ["verify-email to ada@example.com"]);
    let body = json!({ "email": "ada@example.com", "password": PASSWORD, "callbackURL": "/in" });
    let sign_in = async || app.post(SIGN_IN).json(&body).answer().await;

    app.sign_in_request("ada@example.com", "wrong horse 42").answer().await;
    app.sign_in_request("nobody@example.com", PASSWORD).answer().await;
    assert_eq!(app.other_mails(&db).await, [""; 0]);

    is_unverified(&sign_in().await);
    let link = link(&app, "ada@example.com", "verify-email").await;
    app.open(&link).answer().await.leads_to("/in");
    sign_in().await.signed_in();
    assert_eq!(app.other_mails(&db).await, [""; 0]);
}
