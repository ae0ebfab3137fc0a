//! What a verifier tells about itself.

use jwks_auth::{Refusal, testing::Issuer};

use crate::world::{ISSUER, World, claims, claims_with};

#[tokio::test]
async fn every_outcome_is_counted_once() {
    let world = World::new();
    let good = world.token("ada");
    for _ in 0..3 {
        world.verify(&good).await.unwrap();
    }
    let _ = world.verify(&world.issuer.sign(&claims_with("exp", 1))).await;
    let _ = world.verify("nonsense").await;
    let _ = world.verify(&"a".repeat(9000)).await;
    let _ = world.verify(&Issuer::new("first", 9).sign(&claims("ada"))).await;
    world.keys.fail();
    let _ = world.verify(&Issuer::new("unknown", 9).sign(&claims("ada"))).await;

    let stats = world.verifier.stats();
    assert_eq!((stats.accepted, stats.expired, stats.unavailable), (3, 1, 1));
    let refused = [Refusal::TooLong, Refusal::NotCompact, Refusal::BadSignature];
    assert_eq!(stats.refused, refused.map(|refusal| (refusal, 1)));
    assert_eq!((stats.cache.hits, stats.cache.misses, stats.cache.entries), (2, 5, 1));
    assert!(stats.cache.bytes > good.len());
    let [issuer] = &stats.issuers[..] else { panic!("one issuer") };
    assert_eq!(issuer.issuer, ISSUER);
    assert_eq!((issuer.fetches_ok, issuer.fetches_failed, issuer.keys), (1, 1, 1));
    assert!(issuer.keys_age.is_some() && issuer.is_ready);
}
