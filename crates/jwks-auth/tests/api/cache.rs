//! Contents and limits of the cache of verified tokens.

use std::collections::BTreeMap;

use jwks_auth::{CacheStats, Refusal, testing::Issuer};
use serde_json::Value;

use crate::world::{Claims, World, claims, claims_with};

fn cache(world: &World) -> CacheStats {
    world.verifier.stats().cache
}

#[tokio::test]
async fn a_repeated_token_is_found() {
    let world = World::new();
    let token = world.token("ada");
    let first = world.verify(&token).await.unwrap();
    let second = world.verify(&token).await.unwrap();
    assert_eq!((cache(&world).misses, cache(&world).hits), (1, 1));
    assert!(std::ptr::eq(&raw const *first, &raw const *second), "nothing is read again");
}

#[tokio::test]
async fn each_type_of_claims_is_read_once() {
    let world = World::new();
    let token = world.token("ada");
    for _ in 0..2 {
        assert_eq!(world.verifier.verify::<Claims>(&token).await.unwrap().sub, "ada");
        assert_eq!(world.verifier.verify::<Value>(&token).await.unwrap()["sub"], "ada");
    }
    assert_eq!((cache(&world).entries, cache(&world).hits), (2, 2));
    world.verifier.invalidate(&token);
    assert_eq!((cache(&world).entries, cache(&world).bytes), (0, 0));
}

#[tokio::test]
async fn a_refused_token_is_never_cached() {
    let world = World::new();
    world.keys.publish(&world.issuer.jwks());
    for n in 0..100 {
        for token in [
            Issuer::new("first", 9).sign(&claims(&format!("user-{n}"))),
            Issuer::new("unknown", 9).sign(&claims(&format!("user-{n}"))),
            world.issuer.sign(&claims_with("aud", n)),
            world.issuer.sign(&claims_with("exp", n)),
            format!("nonsense-{n}"),
        ] {
            assert!(world.verify(&token).await.is_err());
            assert!(world.verify(&token).await.is_err());
        }
    }
    let cache = cache(&world);
    assert_eq!((cache.entries, cache.bytes, cache.hits), (0, 0, 0));
}

#[tokio::test]
async fn a_token_that_differs_in_one_bit_is_another_token() {
    let world = World::new();
    let token = world.token("ada");
    world.verify(&token).await.unwrap();
    let forged = Issuer::new("first", 9).sign(&claims("ada"));
    assert_eq!(world.refusal(&forged).await, Refusal::BadSignature);
    let mut swapped = token.rsplit_once('.').unwrap().0.to_owned();
    swapped.push_str(&forged[forged.rfind('.').unwrap()..]);
    assert_eq!(world.refusal(&swapped).await, Refusal::BadSignature);
    assert_eq!(cache(&world).hits, 0);
}

#[tokio::test]
async fn a_flood_of_valid_tokens_does_not_grow_the_cache() {
    for (entries, bytes, most) in [(64, 1 << 20, 64), (500, 16 << 10, 20), (500, 1 << 20, 500)] {
        let world = World::with(|builder| builder.token_cache(entries).token_cache_bytes(bytes));
        for n in 0..1000 {
            world.verify(&world.token(&format!("user-{n}"))).await.unwrap();
            let cache = cache(&world);
            assert!(cache.entries <= most && cache.bytes <= bytes, "{cache:?}");
        }
        let cache = cache(&world);
        assert!(cache.evictions >= 500, "{cache:?}");
        assert!(cache.entries >= most / 2, "it is used: {cache:?}");
    }
}

#[tokio::test]
async fn tokens_in_use_survive_a_flood() {
    let world = World::with(|builder| builder.token_cache(50));
    let token = world.token("ada");
    world.verify(&token).await.unwrap();
    for n in 0..500 {
        world.verify(&world.token(&format!("user-{n}"))).await.unwrap();
        world.verify(&token).await.unwrap();
    }
    assert_eq!(cache(&world).hits, 500);
}

#[tokio::test]
async fn a_token_that_is_larger_than_the_cache_is_not_kept() {
    let world = World::with(|builder| builder.token_cache_bytes(1000));
    let large = world.issuer.sign(&claims_with("filling", "x".repeat(2000)));
    world.verify(&world.token("ada")).await.unwrap();
    world.verify(&large).await.unwrap();
    assert_eq!(cache(&world).entries, 1);
}

#[tokio::test]
async fn a_cache_can_be_off() {
    let world = World::with(|builder| builder.token_cache(0));
    let token = world.token("ada");
    for _ in 0..3 {
        world.verify(&token).await.unwrap();
    }
    world.verifier.invalidate(&token);
    world.verifier.invalidate_all();
    assert_eq!(cache(&world), CacheStats::default());
    assert_eq!(world.verifier.stats().accepted, 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 8)]
async fn many_threads_agree() {
    let world = World::with(|builder| builder.token_cache(100));
    let tokens: BTreeMap<String, String> =
        (0..150).map(|n| format!("user-{n}")).map(|sub| (sub.clone(), world.token(&sub))).collect();
    let tasks: Vec<_> = (0..8)
        .map(|thread| {
            let (verifier, tokens) = (world.verifier.clone(), tokens.clone());
            tokio::spawn(async move {
                for (sub, token) in &tokens {
                    let verified = verifier.verify::<Claims>(token).await.unwrap();
                    assert_eq!(verified.sub, *sub);
                    if thread == 0 {
                        verifier.invalidate(token);
                        verifier.invalidate_where(|claims| claims.sub.ends_with('7'));
                    }
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    let stats = world.verifier.stats();
    assert_eq!(stats.accepted, 8 * 150);
    assert_eq!(stats.cache.hits + stats.cache.misses, 8 * 150);
    assert!(stats.cache.entries <= 100);
    world.verifier.invalidate_all();
    let stats = world.verifier.stats();
    assert_eq!((stats.cache.entries, stats.cache.bytes), (0, 0));
}
