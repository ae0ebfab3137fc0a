use serde_json::json;

use super::{store::MAX_REVOKED, *};
use crate::testing::{Issuer, MemoryKeys};

const LONG: Duration = Duration::from_hours(1);

/// Returns the keys of a source, after the first fetch.
async fn start(source: &MemoryKeys) -> Arc<Keys> {
    let timing = Timing { cache_ttl: LONG, cooldown: LONG, fetch_timeout: LONG, max_stale: LONG };
    let policy = KeyPolicy { algorithms: vec![Algorithm::EdDsa], is_kid_required: false };
    let keys = Keys::start("issuer".to_owned(), policy, Box::new(source.clone()), timing);
    assert_eq!(find(&keys, "one", FetchTrigger::Event).await, Ok(()));
    keys
}

async fn find(keys: &Arc<Keys>, kid: &str, trigger: FetchTrigger) -> Result<(), Error> {
    keys.find(Some(kid), Algorithm::EdDsa, trigger).await.map(drop)
}

fn set(issuers: &[&Issuer]) -> serde_json::Value {
    json!({ "keys": issuers.iter().map(|issuer| issuer.jwk()).collect::<Vec<_>>() })
}

#[tokio::test]
async fn a_revoked_key_stays_dropped_even_if_it_is_still_published() {
    let (one, two) = (Issuer::new("one", 1), Issuer::new("two", 2));
    let source = MemoryKeys::new(&set(&[&one, &two]));
    let keys = start(&source).await;
    let key = keys.find(Some("one"), Algorithm::EdDsa, FetchTrigger::UnknownKey).await.unwrap();

    let seen = AtomicU64::new(0);
    let has_one = || keys.has(Some("one"), &key, &seen);
    assert!(has_one() && has_one());

    keys.revoke("one");
    assert!(!has_one());
    let fetches = source.fetches();
    for trigger in [FetchTrigger::UnknownKey, FetchTrigger::Event] {
        assert_eq!(find(&keys, "one", trigger).await, Err(Refusal::Revoked.into()));
    }
    assert_eq!(source.fetches(), fetches, "nothing is fetched for it");
    assert_eq!(find(&keys, "two", FetchTrigger::UnknownKey).await, Ok(()));

    // Fetches the set, which still contains the revoked key.
    let _ = find(&keys, "unknown", FetchTrigger::Event).await;
    assert_eq!(source.fetches(), fetches + 1);
    assert!(!has_one());
}

#[tokio::test]
async fn a_key_that_signs_an_event_is_fetched_during_the_cool_down() {
    let (one, two) = (Issuer::new("one", 1), Issuer::new("two", 2));
    let source = MemoryKeys::new(&set(&[&one]));
    let keys = start(&source).await;
    let unknown = Err(Refusal::UnknownKey.into());
    assert_eq!(find(&keys, "made up", FetchTrigger::UnknownKey).await, unknown);
    source.publish(&set(&[&one, &two]));

    assert_eq!(find(&keys, "two", FetchTrigger::UnknownKey).await, unknown, "during the cool-down");
    assert_eq!(find(&keys, "two", FetchTrigger::Event).await, Ok(()));
    assert_eq!(find(&keys, "two", FetchTrigger::UnknownKey).await, Ok(()));
}

#[tokio::test]
async fn the_number_of_remembered_keys_is_limited() {
    let source = MemoryKeys::new(&set(&[&Issuer::new("one", 1)]));
    let keys = start(&source).await;
    for number in 0..=MAX_REVOKED {
        keys.revoke(&number.to_string());
    }
    assert!(!keys.store.is_revoked("0") && keys.store.is_revoked("1"));
}
