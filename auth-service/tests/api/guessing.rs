//! Protection against password guessing: which clients have to wait.

use database::{on_both_engines, testing::TestDatabase};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::app::{
    Answer, Answering as _, DAY, GET_SESSION, PASSWORD, SignedIn, TestApp, with_bearer,
};

on_both_engines!(auth_service::MIGRATIONS;
    a_client_that_guesses_waits_longer_and_longer,
    an_account_that_does_not_exist_is_guarded_the_same,
    guessing_from_one_address_does_not_lock_the_owner_out_elsewhere,
    distributed_guesses_at_one_account_are_slowed_down,
    an_ipv6_subscriber_cannot_lock_others_out,
    neighboring_networks_share_a_back_off,
    a_network_that_signed_in_before_is_not_locked_out,
    a_password_reset_lifts_a_lock,
    parallel_guesses_gain_no_attempts,
    guesses_do_not_affect_existing_sessions,
    a_correct_password_resets_the_counts,
    guesses_inside_a_session_are_slowed_down_too,
    an_old_guess_is_forgotten,
);

const ADA: &str = "ada@example.com";
const WRONG: &str = "wrong horse 42";
const VERIFY: &str = "/api/auth/verify-password";
const CHANGE: &str = "/api/auth/change-password";

/// Starts a service that enforces rate limits and trusts a local proxy, so that tests can choose
/// the addresses of clients.
async fn guarded(db: &TestDatabase) -> TestApp {
    TestApp::spawn_with(db, |config| {
        config.rate_limit = true;
        config.trusted_proxies = vec!["127.0.0.1".parse().unwrap()];
    })
    .await
}

async fn try_in(app: &TestApp, client: &str, email: &str, password: &str) -> Answer {
    app.sign_in_request(email, password).header("x-forwarded-for", client).answer().await
}

/// Sends wrong passwords, as fast as the rate limit of the path allows, until one is refused.
/// Returns the number of attempts before that one, and the required wait in seconds.
async fn guess_until_refused(app: &TestApp, client: &str, email: &str) -> (usize, u64) {
    for number in 0.. {
        if number > 0 && number % 3 == 0 {
            app.advance(10);
        }
        let answer = try_in(app, client, email, WRONG).await;
        if answer.status == 429 {
            answer.is_codeless_error(429, "Too many requests. Please try again later.");
            assert_eq!(answer.header("x-retry-after"), answer.header("retry-after"));
            return (number, answer.header("retry-after").unwrap().parse().unwrap());
        }
        answer.is_error(401, "INVALID_EMAIL_OR_PASSWORD", "Invalid email or password");
    }
    unreachable!()
}

async fn waits_of(app: &TestApp, email: &str) -> Vec<u64> {
    let mut waits = Vec::new();
    let (free, mut wait) = guess_until_refused(app, "192.0.2.1", email).await;
    assert_eq!(free, 5);
    for _ in 0..11 {
        waits.push(wait);
        app.advance(i64::try_from(wait).unwrap());
        let answer = try_in(app, "192.0.2.1", email, WRONG).await;
        assert_eq!(answer.status, 401, "the pause is over");
        // The failed attempt doubled the back-off, so the next attempt is refused.
        let refused = try_in(app, "192.0.2.1", email, WRONG).await;
        assert_eq!(refused.status, 429);
        wait = refused.header("retry-after").unwrap().parse().unwrap();
    }
    waits
}

async fn a_client_that_guesses_waits_longer_and_longer(db: TestDatabase) {
    let app = guarded(&db).await;
    app.sign_up(ADA).await;

    let waits = waits_of(&app, ADA).await;

    assert_eq!(waits, [10, 20, 40, 80, 160, 320, 640, 1280, 2560, 3600, 3600]);
}

async fn an_account_that_does_not_exist_is_guarded_the_same(db: TestDatabase) {
    let app = guarded(&db).await;

    let waits = waits_of(&app, "nobody@example.com").await;

    assert_eq!(waits, [10, 20, 40, 80, 160, 320, 640, 1280, 2560, 3600, 3600]);
}

async fn guessing_from_one_address_does_not_lock_the_owner_out_elsewhere(db: TestDatabase) {
    let app = guarded(&db).await;
    app.sign_up(ADA).await;

    for _ in 0..8 {
        let (_, wait) = guess_until_refused(&app, "192.0.2.66", ADA).await;
        app.advance(i64::try_from(wait).unwrap());
    }

    try_in(&app, "192.0.2.1", ADA, PASSWORD).await.signed_in();
}

/// Sends wrong passwords, each from a different address. Returns the number of passwords that were
/// checked.
async fn spread(app: &TestApp, tries: u32, email: &str) -> usize {
    let mut tried = 0;
    for number in 0..tries {
        let client = format!("198.{}.{}.7", number / 250, number % 250);
        tried += usize::from(try_in(app, &client, email, WRONG).await.status == 401);
    }
    tried
}

async fn distributed_guesses_at_one_account_are_slowed_down(db: TestDatabase) {
    let app = guarded(&db).await;
    app.sign_up(ADA).await;

    for email in [ADA, "nobody@example.com", "ADA@example.com"] {
        let expected = if email == "ADA@example.com" { 0 } else { 50 };
        assert_eq!(spread(&app, 120, email).await, expected, "{email}");
    }
    // All clients still share one back-off, including those that use up their own free attempts.
    for _ in 0..30 {
        app.advance(400);
        assert_eq!(spread(&app, 120, ADA).await, 1);
    }
}

async fn an_ipv6_subscriber_cannot_lock_others_out(db: TestDatabase) {
    let app = guarded(&db).await;
    app.sign_up(ADA).await;

    // These guesses come from a provider's /32, each from the network of a different subscriber.
    let mut tried = 0;
    for number in 0..80 {
        let client = format!("2001:db8:{number:x}::1");
        tried += usize::from(try_in(&app, &client, ADA, WRONG).await.status == 401);
    }
    assert_eq!(tried, 20);
    // These guesses come from many /64 networks of one subscriber.
    let mut tried = 0;
    for number in 0..80 {
        let client = format!("2001:db9:1:{number:x}::1");
        tried += usize::from(try_in(&app, &client, ADA, WRONG).await.status == 401);
    }
    assert_eq!(tried, 10);

    for client in ["192.0.2.1", "2001:dba::1"] {
        try_in(&app, client, ADA, PASSWORD).await.signed_in();
    }
}

async fn neighboring_networks_share_a_back_off(db: TestDatabase) {
    let app = guarded(&db).await;
    app.sign_up(ADA).await;

    for number in 0..10 {
        let client = format!("192.0.2.{number}");
        assert_eq!(try_in(&app, &client, ADA, WRONG).await.status, 401);
    }

    let refused = try_in(&app, "192.0.2.99", ADA, PASSWORD).await;
    assert_eq!((refused.status, refused.header("retry-after")), (429, Some("10")));
    try_in(&app, "192.0.3.1", ADA, PASSWORD).await.signed_in();
}

async fn a_network_that_signed_in_before_is_not_locked_out(db: TestDatabase) {
    let app = guarded(&db).await;
    let home = "203.0.113.1";
    let sign_up = app.sign_up_request(ADA).header("x-forwarded-for", home);
    sign_up.answer().await.signed_in();
    try_in(&app, "2001:db8:5:6::1", ADA, PASSWORD).await.signed_in();

    assert_eq!(spread(&app, 60, ADA).await, 50);

    assert_eq!(try_in(&app, "203.0.114.1", ADA, PASSWORD).await.status, 429);
    for known in [home, "2001:db8:5:6::2"] {
        try_in(&app, known, ADA, PASSWORD).await.signed_in();
    }
    // Guesses from a known network are limited as usual.
    app.advance(10);
    assert_eq!(guess_until_refused(&app, home, ADA).await, (5, 10));
    // A network is known only for the users who signed in from it.
    app.sign_up("eve@example.com").await;
    assert_eq!(spread(&app, 60, "eve@example.com").await, 50);
    assert_eq!(try_in(&app, home, "eve@example.com", PASSWORD).await.status, 429);
}

async fn a_password_reset_lifts_a_lock(db: TestDatabase) {
    let app = guarded(&db).await;
    app.sign_up(ADA).await;
    assert_eq!(spread(&app, 60, ADA).await, 50);
    let client = "203.0.113.1";
    assert_eq!(try_in(&app, client, ADA, PASSWORD).await.status, 429);

    let body = json!({ "email": ADA });
    let request = app.post("/api/auth/request-password-reset").header("x-forwarded-for", client);
    request.json(&body).answer().await.json();
    let mail = app.mail_to(ADA, "reset-password").await;
    let body = json!({ "token": mail.token(), "newPassword": "battery staple 43" });
    let request = app.post("/api/auth/reset-password").header("x-forwarded-for", client);
    request.json(&body).answer().await.is_done();

    try_in(&app, client, ADA, "battery staple 43").await.signed_in();
    assert_eq!(try_in(&app, "203.0.114.1", ADA, "battery staple 43").await.status, 429);
}

async fn parallel_guesses_gain_no_attempts(db: TestDatabase) {
    let app = guarded(&db).await;
    app.sign_up(ADA).await;
    let mut crowd = JoinSet::new();
    for number in 0..100 {
        let request = app.sign_in_request(ADA, WRONG);
        let client = format!("198.51.{number}.7");
        crowd.spawn_local(request.header("x-forwarded-for", client).answer());
    }

    let tried = crowd.join_all().await.iter().filter(|answer| answer.status == 401).count();

    assert!(tried <= 50, "{tried}");
}

async fn guesses_do_not_affect_existing_sessions(db: TestDatabase) {
    let app = guarded(&db).await;
    let ada = app.sign_up(ADA).await;
    spread(&app, 60, ADA).await;

    assert_eq!(with_bearer(&app, GET_SESSION, &ada.token).await.json()["user"], ada.user);
    app.post_as(&ada, VERIFY, &json!({ "password": PASSWORD })).await.is_done();
    let body = json!({ "currentPassword": PASSWORD, "newPassword": "a new password" });
    assert_eq!(app.post_as(&ada, CHANGE, &body).await.status, 200);
}

async fn a_correct_password_resets_the_counts(db: TestDatabase) {
    let app = guarded(&db).await;
    app.sign_up(ADA).await;

    for _ in 0..10 {
        for _ in 0..2 {
            assert_eq!(try_in(&app, "192.0.2.1", ADA, WRONG).await.status, 401);
        }
        try_in(&app, "192.0.2.1", ADA, PASSWORD).await.signed_in();
        app.advance(10);
    }
}

async fn guesses_inside_a_session_are_slowed_down_too(db: TestDatabase) {
    let app = guarded(&db).await;
    let ada = app.sign_up(ADA).await;
    let guess = async |path: &str, body: Value| {
        app.advance(10);
        app.post_as(&ada, path, &body).await
    };
    let wrong =
        async |who: &SignedIn| app.post_as(who, VERIFY, &json!({ "password": WRONG })).await;

    for _ in 0..2 {
        wrong(&ada).await.is_error(400, "INVALID_PASSWORD", "Invalid password");
        let body = json!({ "currentPassword": WRONG, "newPassword": "a new password" });
        guess(CHANGE, body).await.is_error(400, "INVALID_PASSWORD", "Invalid password");
    }
    let body = json!({ "password": WRONG });
    let answer = guess("/api/auth/delete-user", body).await;
    answer.is_error(400, "INVALID_PASSWORD", "Invalid password");

    let refused = wrong(&ada).await;
    refused.is_codeless_error(429, "Too many requests. Please try again later.");
    assert_eq!(refused.header("retry-after"), Some("10"));
    // The limit also applies to other sessions of the account, but not to sign-ins.
    let other = try_in(&app, "192.0.2.1", ADA, PASSWORD).await.signed_in();
    assert_eq!(wrong(&other).await.status, 429);
    app.advance(10);
    app.post_as(&ada, VERIFY, &json!({ "password": PASSWORD })).await.is_done();
    wrong(&ada).await.is_error(400, "INVALID_PASSWORD", "Invalid password");
}

async fn an_old_guess_is_forgotten(db: TestDatabase) {
    let app = guarded(&db).await;
    app.sign_up(ADA).await;
    let (free, _) = guess_until_refused(&app, "192.0.2.1", ADA).await;

    app.advance(DAY);

    assert_eq!(guess_until_refused(&app, "192.0.2.1", ADA).await.0, free);
}
