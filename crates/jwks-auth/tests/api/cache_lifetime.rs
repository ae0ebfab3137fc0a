//! Expiry, revocation and removal of cached tokens.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use jwks_auth::{Error, Refusal, RegisteredClaims, testing::Issuer};
use serde_json::json;
use tokio::time::advance;

use crate::world::{NOW, World, claims};

const TTL: Duration = Duration::from_mins(5);

#[tokio::test]
async fn a_cached_token_expires() {
    let world = World::new();
    let token = world.token("ada");
    for (now, outcome) in [(NOW, Ok(())), (NOW + 3629, Ok(())), (NOW + 3630, Err(Error::Expired))] {
        world.set_now(now);
        assert_eq!(world.verify(&token).await.map(drop), outcome, "{now}");
    }
    assert_eq!(world.verifier.stats().cache.hits, 1);
}

#[tokio::test(start_paused = true)]
async fn a_cached_token_is_rejected_once_its_key_is_withdrawn() {
    let world = World::new();
    let token = world.token("ada");
    world.verify(&token).await.unwrap();
    world.keys.publish(&Issuer::new("second", 2).jwks());
    advance(TTL).await;
    world.fetched(2).await;
    assert_eq!(world.refusal(&token).await, Refusal::UnknownKey);
    assert_eq!(world.verifier.stats().cache.hits, 0);
}

#[tokio::test(start_paused = true)]
async fn a_cached_token_is_rejected_when_its_kid_gets_another_key() {
    let world = World::new();
    let token = world.token("ada");
    world.verify(&token).await.unwrap();
    world.keys.publish(&Issuer::new("first", 2).jwks());
    advance(TTL).await;
    world.fetched(2).await;
    assert_eq!(world.refusal(&token).await, Refusal::BadSignature);
}

#[tokio::test(start_paused = true)]
async fn refetching_the_same_key_keeps_the_cache() {
    let world = World::new();
    let token = world.token("ada");
    world.verify(&token).await.unwrap();
    world.keys.publish(&json!({ "keys": [Issuer::new("second", 2).jwk(), world.issuer.jwk()] }));
    advance(TTL).await;
    world.fetched(2).await;
    world.verify(&token).await.unwrap();
    assert_eq!(world.verifier.stats().cache.hits, 1);
}

#[tokio::test(start_paused = true)]
async fn a_cached_token_is_rejected_when_the_keys_are_too_old() {
    let world = World::with(|builder| builder.max_stale(Duration::from_mins(10)));
    let token = world.token("ada");
    world.verify(&token).await.unwrap();
    world.keys.fail();
    advance(Duration::from_secs(601)).await;
    let outcome = world.verify(&token).await.err();
    assert!(matches!(outcome, Some(Error::Unavailable { .. })), "{outcome:?}");
}

/// Returns the tokens of three users with two sessions each.
fn tokens(world: &World) -> Vec<String> {
    let mut tokens = Vec::new();
    for (sub, iat) in [("ada", NOW - 30), ("bob", NOW - 20), ("eve", NOW - 10)] {
        for sid in [1, 2] {
            let mut claims = claims(sub);
            claims["iat"] = iat.into();
            claims["sid"] = format!("{sub}-{sid}").into();
            claims["jti"] = format!("token-{sub}-{sid}").into();
            tokens.push(world.issuer.sign(&claims));
        }
    }
    tokens
}

type IsMeant = fn(&RegisteredClaims) -> bool;

#[tokio::test]
async fn cached_tokens_are_invalidated_by_their_claims() {
    let predicates: [(IsMeant, usize); 5] = [
        (|claims| claims.sub == "ada", 2),
        (|claims| claims.sid.as_deref() == Some("bob-1"), 1),
        (|claims| claims.jti.as_deref() == Some("token-eve-2"), 1),
        (|claims| claims.iat.is_some_and(|iat| iat < 1_767_322_785.0), 4),
        (|_| true, 6),
    ];
    for (is_meant, count) in predicates {
        let world = World::new();
        let tokens = tokens(&world);
        for token in &tokens {
            world.verify(token).await.unwrap();
        }
        world.verifier.invalidate_where(is_meant);
        assert_eq!(world.verifier.stats().cache.entries, tokens.len() - count);
        for token in &tokens {
            world.verify(token).await.unwrap();
        }
        let misses = tokens.len() + count;
        assert_eq!(world.verifier.stats().cache.misses, u64::try_from(misses).unwrap());
    }
}

#[tokio::test]
async fn one_token_is_invalidated_and_the_others_stay() {
    let world = World::new();
    let tokens = tokens(&world);
    for token in &tokens {
        world.verify(token).await.unwrap();
    }
    world.verifier.invalidate(&tokens[0]);
    world.verifier.invalidate("never seen");
    assert_eq!(world.verifier.stats().cache.entries, tokens.len() - 1);
}

#[tokio::test]
async fn a_token_that_is_being_verified_is_not_kept_after_an_invalidation() {
    let ways: [fn(&World, &str); 3] = [
        |world, _| world.verifier.invalidate_all(),
        |world, token| world.verifier.invalidate(token),
        |world, _| world.verifier.invalidate_where(|claims| claims.sub == "ada"),
    ];
    for invalidate in ways {
        let world = World::new();
        world.keys.hold();
        let token = world.token("ada");
        let verifying = tokio::spawn({
            let (verifier, token) = (world.verifier.clone(), token.clone());
            async move { verifier.verify::<serde_json::Value>(&token).await.is_ok() }
        });
        // Waits until the verification has started and is waiting for the keys.
        while world.verifier.stats().cache.misses == 0 {
            tokio::task::yield_now().await;
        }
        invalidate(&world, &token);
        world.keys.release();
        assert!(verifying.await.unwrap());
        assert_eq!(world.verifier.stats().cache.entries, 0);
    }
}

#[tokio::test]
async fn a_revoked_token_is_refused_whether_it_was_seen_or_not() {
    for entries in [0, 100] {
        let is_revoked = Arc::new(AtomicBool::new(false));
        let asked = Arc::clone(&is_revoked);
        let world = World::with(|builder| {
            builder.token_cache(entries).revoked_if(move |claims| {
                claims.sid.as_deref() == Some("ada-1") && asked.load(Ordering::Relaxed)
            })
        });
        let tokens = tokens(&world);
        for token in &tokens {
            world.verify(token).await.unwrap();
        }
        is_revoked.store(true, Ordering::Relaxed);
        assert_eq!(world.refusal(&tokens[0]).await, Refusal::Revoked);
        assert!(world.verify(&tokens[1]).await.is_ok());
        // A forged token must not reveal what is revoked.
        let mut claims = claims("ada");
        claims["sid"] = "ada-1".into();
        let forged = Issuer::new("first", 9).sign(&claims);
        assert_eq!(world.refusal(&forged).await, Refusal::BadSignature);
    }
}
