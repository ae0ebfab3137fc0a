//! Statistics and log events of a verifier, without secrets.

use std::{
    io,
    sync::{Arc, Mutex},
};

use jwks_auth::{Refusal, testing::Issuer};
use serde_json::json;

use crate::world::{ISSUER, World, claims, claims_with, header_with};

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

/// A writer that captures log output.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn the_log_contains_the_reason_of_a_refusal_but_no_part_of_the_token() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(move || writer.clone())
        .finish();
    let _everything = tracing::subscriber::set_default(subscriber);

    let world = World::new();
    let good = world.token("somebody");
    world.verify(&good).await.unwrap();
    let header = header_with(&json!({ "typ": "secret" }));
    let foreign = world.issuer.sign_with_header(&header, &claims("somebody"));
    world.refusal(&foreign).await;
    let unknown = Issuer::new("stranger", 9).sign(&claims("somebody"));
    world.refusal(&unknown).await;

    let text = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    for refusal in [Refusal::UnsupportedHeader, Refusal::UnknownKey] {
        assert!(text.contains(&refusal.to_string()), "{text}");
    }
    assert!(text.contains("fetch_keys") && text.contains(ISSUER), "{text}");
    for token in [&good, &foreign, &unknown] {
        assert!(token.split('.').all(|part| !text.contains(part)));
    }
    for word in ["somebody", "secret", "stranger"] {
        assert!(!text.contains(word), "{text}");
    }
}
