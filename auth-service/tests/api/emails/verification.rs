//! Verifying an address by a mailed link.

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use database::{on_both_engines, testing::TestDatabase};
use serde_json::{Value, json};

use super::{CHANGE, SEND, VERIFY, change, is_refused, link, open_bare, user, verification};
use crate::{
    app::{Answering as _, BASE_URL, CLEARED, TestApp, count, shown},
    mailbox::token_of,
};

on_both_engines!(auth_service::MIGRATIONS;
    a_mailed_link_verifies_an_address,
    a_verification_request_gets_the_same_response_for_every_address,
    inside_a_session_only_ones_own_unverified_address_is_verified,
    a_request_for_a_verification_has_an_address_and_a_trusted_target,
    verifying_addresses_can_be_switched_off,
    a_verification_link_is_valid_for_an_hour,
    a_forged_token_verifies_nothing,
    a_verification_link_leads_to_trusted_places_only,
    a_link_of_a_deleted_user_reports_it,
    opening_a_link_signs_in_if_so_configured,
    a_link_opened_in_a_session_signs_in_if_so_configured,
);

async fn a_mailed_link_verifies_an_address(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let ada = app.sign_up("ada@example.com").await;
    let bob = app.sign_up("bob@example.com").await;
    let body = json!({ "email": "ada@example.com", "callbackURL": "/welcome?a=1" });
    app.post(SEND).json(&body).answer().await.is_done();
    app.advance(60);

    let ada_link = link(&app, "ada@example.com", "verify-email").await;
    let start = format!("{BASE_URL}{VERIFY}/confirm?token=");
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

async fn a_verification_request_gets_the_same_response_for_every_address(db: TestDatabase) {
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

async fn a_verification_link_is_valid_for_an_hour(db: TestDatabase) {
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
    // A token is valid for its user only, not for a later user of the address.
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

async fn a_link_of_a_deleted_user_reports_it(db: TestDatabase) {
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
