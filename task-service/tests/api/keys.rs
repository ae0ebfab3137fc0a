//! Rules R13 to R19, except R14: when the issuer's keys are fetched, and what happens while they
//! are unavailable. The name of each test gives the number of its rule and states what the rule
//! requires.

use std::{pin::pin, time::Duration};

use database::{on_both_engines, testing::TestDatabase};
use futures_util::future::join_all;
use jwks_auth::testing::Issuer;
use reqwest::StatusCode;
use serde_json::{Value, json};
use task_service::config::Config;

use crate::app::{Answer, KeyServer, TestApp, claims, problem};

on_both_engines!(task_service::MIGRATIONS;
    r16_fifty_first_requests_share_one_fetch,
    r13_a_new_key_is_accepted_without_a_restart,
    r13_a_withdrawn_key_is_refused_when_the_lifetime_ends,
    r15_five_hundred_unknown_keys_cause_one_fetch,
    r15_failed_fetches_cool_down_too,
    r15_a_flood_of_unknown_keys_does_not_block_a_rotation,
    r15_malformed_and_foreign_tokens_cause_no_fetch,
    r17_an_outage_of_the_issuer_changes_nothing_for_known_keys,
    r18_a_fetch_that_hangs_does_not_delay_known_keys,
    r18_requests_get_503_until_the_issuer_is_available,
    r17_keys_that_are_too_old_are_not_trusted,
    r19_entries_that_cannot_be_used_are_skipped,
);

fn quickly(config: &mut Config) {
    config.jwks_cache_ttl = Duration::from_millis(250);
    config.jwks_cooldown = Duration::from_millis(50);
    config.jwks_fetch_timeout = Duration::from_secs(1);
}

async fn r16_fifty_first_requests_share_one_fetch(db: TestDatabase) {
    let keys = KeyServer::start_with(Answer::Hang);
    let app = TestApp::spawn_trusting(keys, &db, |_| {}).await;
    let token = app.token("ada");
    let requests = join_all((0..50).map(|_| app.status_for(&token)));
    let release = async { app.keys.publish(&[app.keys.issuer().jwk()]) };
    let (statuses, ()) = tokio::join!(requests, release);
    assert!(statuses.iter().all(|status| *status == StatusCode::OK), "{statuses:?}");
    assert_eq!(app.keys.fetches(), 1);
}

async fn r13_a_new_key_is_accepted_without_a_restart(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let (old, new) = (app.keys.issuer(), Issuer::new("second", 2));
    assert_eq!(app.status_for(&app.token("ada")).await, StatusCode::OK);
    app.keys.publish(&[new.jwk(), old.jwk()]);
    app.keys.sign_with(new);
    assert_eq!(app.status_for(&app.token("ada")).await, StatusCode::OK);
    assert_eq!(app.status_for(&old.sign(&claims("ada"))).await, StatusCode::OK);
    assert_eq!(app.keys.fetches(), 2);
}

async fn r13_a_withdrawn_key_is_refused_when_the_lifetime_ends(db: TestDatabase) {
    let app = TestApp::spawn_with(&db, quickly).await;
    let token = app.token("ada");
    assert_eq!(app.status_for(&token).await, StatusCode::OK);
    app.keys.publish(&[Issuer::new("second", 2).jwk()]);
    // The second of two fetches starts after the first has been processed.
    app.keys.more_fetches(2).await;
    assert_eq!(app.status_for(&token).await, StatusCode::UNAUTHORIZED);
}

async fn r15_five_hundred_unknown_keys_cause_one_fetch(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    assert_eq!(app.status_for(&app.token("ada")).await, StatusCode::OK);
    let before = app.keys.fetches();
    let tokens: Vec<_> =
        (0..500).map(|n| Issuer::new(format!("bogus-{n}"), 9).sign(&claims("ada"))).collect();
    for tokens in tokens.chunks(50) {
        let statuses = join_all(tokens.iter().map(|token| app.status_for(token))).await;
        assert!(statuses.iter().all(|status| *status == StatusCode::UNAUTHORIZED));
    }
    assert_eq!(app.keys.fetches(), before + 1);
}

async fn r15_failed_fetches_cool_down_too(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let token = app.token("ada");
    assert_eq!(app.status_for(&token).await, StatusCode::OK);
    app.keys.answer(Answer::Text(500, String::new()));
    let before = app.keys.fetches();
    for n in 0..100 {
        let unknown = Issuer::new(format!("bogus-{n}"), 9).sign(&claims("ada"));
        assert_eq!(app.status_for(&unknown).await, StatusCode::SERVICE_UNAVAILABLE);
    }
    assert_eq!(app.keys.fetches(), before + 1);
    assert_eq!(app.status_for(&token).await, StatusCode::OK);
}

async fn r15_a_flood_of_unknown_keys_does_not_block_a_rotation(db: TestDatabase) {
    let app = TestApp::spawn_with(&db, quickly).await;
    assert_eq!(app.status_for(&app.token("ada")).await, StatusCode::OK);
    let bogus = Issuer::new("bogus", 9).sign(&claims("ada"));
    let new = Issuer::new("second", 2);
    app.keys.publish(&[new.jwk()]);
    app.keys.sign_with(new);
    let flood = async {
        for _ in 0..100 {
            assert_eq!(app.status_for(&bogus).await, StatusCode::UNAUTHORIZED);
        }
    };
    tokio::join!(flood, app.keys.more_fetches(2));
    assert_eq!(app.status_for(&app.token("ada")).await, StatusCode::OK);
}

async fn r15_malformed_and_foreign_tokens_cause_no_fetch(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    assert_eq!(app.status_for(&app.token("ada")).await, StatusCode::OK);
    let before = app.keys.fetches();
    let hs256 = json!({ "alg": "HS256", "kid": "unknown" });
    let no_text = json!({ "alg": "EdDSA", "kid": 1 });
    for token in [
        "nonsense".to_owned(),
        "a.b.c".to_owned(),
        app.keys.issuer().sign_with_header(&hs256, &claims("ada")),
        app.keys.issuer().sign_with_header(&no_text, &claims("ada")),
    ] {
        assert_eq!(app.status_for(&token).await, StatusCode::UNAUTHORIZED);
    }
    assert_eq!(app.keys.fetches(), before);
}

async fn r17_an_outage_of_the_issuer_changes_nothing_for_known_keys(db: TestDatabase) {
    let app = TestApp::spawn_with(&db, quickly).await;
    let token = app.token("ada");
    assert_eq!(app.status_for(&token).await, StatusCode::OK);
    let unknown = Issuer::new("unknown", 9).sign(&claims("ada"));
    let good = app.keys.issuer().jwks();
    for answer in [
        Answer::Text(500, "{}".into()),
        Answer::Text(404, good.to_string()),
        Answer::Text(302, good.to_string()),
        Answer::Text(200, "<html>".into()),
        Answer::Text(200, good.to_string()[..60].into()),
        Answer::Text(200, "[]".into()),
        Answer::Text(200, " ".repeat(20 << 20) + &good.to_string()),
        Answer::Hang,
    ] {
        app.keys.answer(answer);
        // The second of two fetches starts after the first has failed.
        app.keys.more_fetches(2).await;
        assert_eq!(app.status_for(&token).await, StatusCode::OK);
        let status = app.status_for(&unknown).await;
        assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    }
    app.keys.answer(Answer::Document(good));
    app.keys.more_fetches(2).await;
    assert_eq!(app.status_for(&unknown).await, StatusCode::UNAUTHORIZED);
}

async fn r18_a_fetch_that_hangs_does_not_delay_known_keys(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let token = app.token("ada");
    assert_eq!(app.status_for(&token).await, StatusCode::OK);
    app.keys.answer(Answer::Hang);
    let unknown = Issuer::new("unknown", 9).sign(&claims("ada"));
    let mut waiting = pin!(app.status_for(&unknown));
    let others = async {
        app.keys.more_fetches(1).await;
        for user in 0..20 {
            // These tokens are new, but signed with a known key.
            let token = app.token(&format!("user {user}"));
            assert_eq!(app.status_for(&token).await, StatusCode::OK);
        }
    };
    tokio::select! {
        status = &mut waiting => panic!("the others had to wait for the fetch: {status}"),
        () = others => {}
    }
    // The other requests were completed during the pending fetch, which may now complete.
    app.keys.publish(&[app.keys.issuer().jwk()]);
    assert_eq!(waiting.await, StatusCode::UNAUTHORIZED);
}

async fn r18_requests_get_503_until_the_issuer_is_available(db: TestDatabase) {
    let keys = KeyServer::start_with(Answer::Text(500, String::new()));
    let app = TestApp::spawn_trusting(keys, &db, quickly).await;
    let token = app.token("ada");
    let response = app.get("/api/tasks", &token).await;
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert!(response.headers().contains_key("retry-after"));
    assert_eq!(problem(response).await["code"], "issuer_unavailable");
    let ready = app.client.get(app.url("/health/ready")).send().await.unwrap();
    assert_eq!(ready.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(ready.json::<Value>().await.unwrap()["keys"], "unavailable");
    // A request without a token gets 401 rather than 503, because rejecting it requires no key.
    let missing = app.client.get(app.url("/api/tasks")).send().await.unwrap();
    assert_eq!(missing.status(), StatusCode::UNAUTHORIZED);

    app.keys.publish(&[app.keys.issuer().jwk()]);
    app.keys.more_fetches(2).await;
    assert_eq!(app.status_for(&token).await, StatusCode::OK);
}

async fn r17_keys_that_are_too_old_are_not_trusted(db: TestDatabase) {
    let app = TestApp::spawn_with(&db, |config| {
        quickly(config);
        config.jwks_max_stale = Duration::from_secs(1);
    })
    .await;
    let token = app.token("ada");
    assert_eq!(app.status_for(&token).await, StatusCode::OK);
    app.keys.answer(Answer::Text(500, String::new()));
    // There is at most one failure per cool-down of 50 ms, so after 25 failures, the set is older
    // than a second.
    app.keys.more_fetches(25).await;
    assert_eq!(app.status_for(&token).await, StatusCode::SERVICE_UNAVAILABLE);
}

async fn r19_entries_that_cannot_be_used_are_skipped(db: TestDatabase) {
    let keys = KeyServer::start();
    let good = keys.issuer().jwk();
    keys.publish(&[
        json!({ "kty": "RSA", "kid": "first-rsa", "n": "AQAB", "e": "AQAB", "alg": "RS256" }),
        json!({ "kty": "EC", "kid": "ec", "crv": "P-256", "x": "AA", "y": "AA" }),
        json!({ "kty": "oct", "kid": "first", "k": "c2VjcmV0", "alg": "HS256" }),
        json!({ "kty": "OKP", "kid": "x25519", "crv": "X25519", "x": "AA" }),
        json!({ "kty": "unheard-of" }),
        json!("garbage"),
        json!(null),
        json!({ "kid": 7 }),
        good,
    ]);
    let app = TestApp::spawn_trusting(keys, &db, |_| {}).await;
    assert_eq!(app.status_for(&app.token("ada")).await, StatusCode::OK);
}
