//! Fetching of keys, and the behavior while they are unavailable. In most tests, time is paused: it
//! advances only when a test advances it or when all tasks are idle.

use std::{future::Future, time::Duration};

use jwks_auth::{Error, Refusal, testing::Issuer};
use serde_json::json;
use tokio::time::{Instant, advance};

use crate::world::{World, claims};

const TTL: Duration = Duration::from_mins(5);
const COOLDOWN: Duration = Duration::from_secs(30);

/// Runs two futures concurrently in one task.
async fn together<A, B>(one: impl Future<Output = A>, other: impl Future<Output = B>) -> (A, B) {
    tokio::join!(one, other)
}

#[tokio::test(start_paused = true)]
async fn first_requests_share_one_fetch() {
    let world = World::new();
    world.keys.hold();
    let token = world.token("ada");
    let waiting: Vec<_> = (0..50)
        .map(|_| {
            let (verifier, token) = (world.verifier.clone(), token.clone());
            tokio::spawn(async move { verifier.verify::<serde_json::Value>(&token).await.is_ok() })
        })
        .collect();
    world.keys.fetched(1).await;
    world.keys.release();
    for outcome in waiting {
        assert!(outcome.await.unwrap());
    }
    assert_eq!(world.keys.fetches(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_disconnected_caller_does_not_cancel_the_shared_fetch() {
    let world = World::new();
    world.verify(&world.token("ada")).await.unwrap();
    let new = Issuer::new("second", 2);
    world.keys.publish(&new.jwks());
    world.keys.hold();
    let token = new.sign(&claims("ada"));
    let hasty = tokio::spawn({
        let (verifier, token) = (world.verifier.clone(), token.clone());
        async move { verifier.verify::<serde_json::Value>(&token).await.is_ok() }
    });
    world.keys.fetched(2).await;
    hasty.abort();
    assert!(hasty.await.unwrap_err().is_cancelled());
    let (patient, ()) = together(world.verify(&token), async { world.keys.release() }).await;
    assert!(patient.is_ok());
    assert_eq!(world.keys.fetches(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_new_key_is_found_and_bogus_ones_wait_for_the_cool_down() {
    let world = World::new();
    world.verify(&world.token("ada")).await.unwrap();
    let new = Issuer::new("second", 2);
    world.keys.publish(&json!({ "keys": [world.issuer.jwk(), new.jwk()] }));
    assert!(world.verify(&new.sign(&claims("ada"))).await.is_ok());
    assert_eq!(world.keys.fetches(), 2);
    for n in 0..500 {
        let bogus = Issuer::new(format!("bogus-{n}"), 9).sign(&claims("ada"));
        assert_eq!(world.verify(&bogus).await.err(), Some(Refusal::UnknownKey.into()));
    }
    assert_eq!(world.keys.fetches(), 2);
    advance(COOLDOWN).await;
    let newest = Issuer::new("third", 3);
    world.keys.publish(&newest.jwks());
    assert!(world.verify(&newest.sign(&claims("ada"))).await.is_ok());
    assert_eq!(world.keys.fetches(), 3);
}

#[tokio::test(start_paused = true)]
async fn failed_fetches_cool_down_too() {
    let world = World::new();
    world.verify(&world.token("ada")).await.unwrap();
    world.keys.fail();
    for n in 0..100 {
        let bogus = Issuer::new(format!("bogus-{n}"), 9).sign(&claims("ada"));
        let outcome = world.verify(&bogus).await.err();
        assert!(matches!(outcome, Some(Error::Unavailable { .. })), "{outcome:?}");
    }
    assert_eq!(world.keys.fetches(), 2);
    assert!(world.verify(&world.token("ada")).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn malformed_and_foreign_tokens_cause_no_fetch() {
    let world = World::new();
    world.verify(&world.token("ada")).await.unwrap();
    let hs256 = json!({ "alg": "HS256", "kid": "unknown" });
    let no_text = json!({ "alg": "EdDSA", "kid": 1 });
    let header = json!({ "alg": "EdDSA", "kid": "unknown" }).to_string();
    for token in [
        "nonsense".to_owned(),
        "a.b.c".to_owned(),
        world.issuer.sign_with_header(&hs256, &claims("ada")),
        world.issuer.sign_with_header(&no_text, &claims("ada")),
        world.issuer.sign_text(header, "no claims"),
    ] {
        world.refusal(&token).await;
    }
    assert_eq!(world.keys.fetches(), 1);
}

#[tokio::test(start_paused = true)]
async fn the_set_is_renewed_before_its_lifetime_ends() {
    let world = World::new();
    let token = world.token("ada");
    world.verify(&token).await.unwrap();
    world.keys.publish(&Issuer::new("second", 2).jwks());
    advance(TTL).await;
    world.fetched(2).await;
    assert_eq!(world.refusal(&token).await, Refusal::UnknownKey);
}

#[tokio::test(start_paused = true)]
async fn an_outage_keeps_known_keys_until_they_are_too_old() {
    let stale = Duration::from_hours(24);
    let world = World::with(|builder| builder.max_stale(stale));
    let start = Instant::now();
    let token = world.token("ada");
    world.verify(&token).await.unwrap();
    let good = world.issuer.jwks().to_string();
    let mut failures = 0;
    for document in [
        "<html>".to_owned(),
        good[..60].to_owned(),
        "[]".into(),
        "{}".into(),
        " ".repeat(300 << 10) + &good,
    ] {
        world.keys.publish_bytes(document);
        advance(TTL).await;
        failures += 1;
        world.failed(failures).await;
        assert!(world.verify(&token).await.is_ok());
        assert!(world.verifier.is_ready());
    }
    world.keys.fail();
    advance(stale.checked_sub(start.elapsed()).unwrap()).await;
    assert!(world.verify(&token).await.is_ok());
    advance(Duration::from_secs(1)).await;
    let outcome = world.verify(&token).await.err();
    assert!(matches!(outcome, Some(Error::Unavailable { .. })), "{outcome:?}");
    assert!(!world.verifier.is_ready());

    world.keys.publish_bytes(good);
    advance(COOLDOWN).await;
    world.fetched(2).await;
    assert!(world.verify(&token).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_hanging_fetch_times_out_without_delaying_known_keys() {
    let world = World::new();
    let token = world.token("ada");
    world.verify(&token).await.unwrap();
    world.keys.hold();
    let start = Instant::now();
    let unknown = Issuer::new("unknown", 9).sign(&claims("ada"));
    let waiting = tokio::spawn({
        let verifier = world.verifier.clone();
        async move { verifier.verify::<serde_json::Value>(&unknown).await.err() }
    });
    world.keys.fetched(2).await;
    for n in 0..20 {
        assert!(world.verify(&world.token(&format!("user-{n}"))).await.is_ok());
    }
    assert_eq!(start.elapsed(), Duration::ZERO);
    // All tasks are idle, so the paused time advances to the timeout by itself.
    let outcome = waiting.await.unwrap();
    assert!(matches!(outcome, Some(Error::Unavailable { .. })), "{outcome:?}");
    assert_eq!(start.elapsed().as_secs(), 5);
}

#[tokio::test(start_paused = true)]
async fn fetches_back_off_until_the_issuer_is_available() {
    let world = World::new();
    world.keys.fail();
    let token = world.token("ada");
    let outcome = world.verify(&token).await.err();
    assert_eq!(outcome, Some(Error::Unavailable { retry_after: Duration::from_secs(1) }));
    for (failures, pause) in [(2, 1), (3, 2), (4, 4), (5, 8), (6, 16), (7, 30), (8, 30)] {
        advance(Duration::from_secs(pause)).await;
        world.failed(failures).await;
        assert_eq!(world.keys.fetches(), usize::try_from(failures).unwrap());
    }
    world.keys.publish(&world.issuer.jwks());
    advance(COOLDOWN).await;
    world.fetched(1).await;
    assert!(world.verify(&token).await.is_ok());
}

#[tokio::test]
async fn entries_that_cannot_be_used_are_skipped_one_by_one() {
    let world = World::new();
    let with = |kid: &str, member: &str, value: serde_json::Value| {
        let mut jwk = Issuer::new(kid, 1).jwk();
        jwk[member] = value;
        jwk
    };
    let mut unusable = vec![
        json!({ "kty": "RSA", "kid": "first", "n": "AQAB", "e": "AQAB", "alg": "RS256" }),
        json!({ "kty": "EC", "kid": "first", "crv": "P-256", "x": "AA", "y": "AA" }),
        json!({ "kty": "oct", "kid": "first", "k": "c2VjcmV0", "alg": "HS256" }),
        json!({ "kty": "unheard-of", "kid": "first" }),
        json!("garbage"),
        json!(null),
        json!([]),
        json!({}),
        json!({ "kid": 7 }),
    ];
    for (member, value) in [
        ("kty", json!("EC")),
        ("kty", json!("okp")),
        ("crv", json!("X25519")),
        ("crv", json!("Ed448")),
        ("alg", json!("ES256")),
        ("alg", json!("HS256")),
        ("use", json!("enc")),
        ("key_ops", json!(["sign"])),
        ("key_ops", json!("verify")),
        ("x", json!("short")),
        ("x", json!("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo=")),
        ("x", json!("11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo")),
        ("x", json!(null)),
    ] {
        unusable.push(with("first", member, value));
    }
    // A set without a usable key verifies no token.
    world.keys.publish(&json!({ "keys": unusable }));
    assert_eq!(world.refusal(&world.token("ada")).await, Refusal::UnknownKey);
    assert_eq!(world.verifier.stats().issuers[0].keys, 0);

    let world = World::new();
    unusable.push(world.issuer.jwk());
    for jwk in [
        with("signing", "use", json!("sig")),
        with("verifying", "key_ops", json!(["verify"])),
        with("without", "alg", json!(null)),
    ] {
        unusable.push(jwk);
    }
    world.keys.publish(&json!({ "keys": unusable, "more": 1 }));
    assert!(world.verify(&world.token("ada")).await.is_ok());
    assert_eq!(world.verifier.stats().issuers[0].keys, 4);
}

#[tokio::test]
async fn an_entry_that_is_nested_too_deeply_does_not_affect_others() {
    let world = World::new();
    let deep = "[".repeat(5_000) + &"]".repeat(5_000);
    let jwk = world.issuer.jwk();
    world.keys.publish_bytes(format!(
        r#" {{"deep":{deep},"keys":[{deep},{{"kid":{deep}}},{{"x5c":{deep}}},{jwk}]}}"#
    ));
    assert!(world.verify(&world.token("ada")).await.is_ok());
}

#[tokio::test]
async fn an_array_is_no_key_set_and_no_key() {
    let jwk = World::new().issuer.jwk();
    let as_array = json!([jwk["kid"], "OKP", "Ed25519", jwk["x"], null, null, null]);
    for document in [json!([[jwk]]), json!([jwk]), json!({ "keys": [as_array] })] {
        let world = World::new();
        world.keys.publish(&document);
        assert!(world.verify(&world.token("ada")).await.is_err(), "{document}");
    }
}
