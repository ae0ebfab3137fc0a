//! Several trusted issuers: the keys of one never verify tokens of another.

use jwks_auth::{
    BuildError, Error, FixedKeys, Refusal, TrustedIssuer, Verifier,
    testing::{Issuer, MemoryKeys},
};
use serde_json::{Value, json};

use crate::world::{AUDIENCE, ISSUER, KID, World, claims};

const OTHER: &str = "https://old.example.com";
const OTHERS_AUDIENCE: &str = "https://old-api.example.com";

/// Returns a world that also trusts a second issuer, whose keys are `others`.
fn world(others: &MemoryKeys) -> World {
    let other = TrustedIssuer::with_source(OTHER, OTHERS_AUDIENCE, others.clone());
    World::with(|builder| builder.also_trust(other))
}

fn others_claims() -> Value {
    let mut claims = claims("ada");
    claims["iss"] = OTHER.into();
    claims["aud"] = OTHERS_AUDIENCE.into();
    claims
}

#[tokio::test]
async fn tokens_of_each_issuer_are_accepted_by_its_own_rules() {
    let other = Issuer::new("others", 2);
    let world = world(&other.keys());
    let own = world.verify(&world.token("ada")).await.unwrap();
    let others = world.verify(&other.sign(&others_claims())).await.unwrap();
    assert_eq!((&*own.registered().iss, &*others.registered().iss), (ISSUER, OTHER));

    let mut for_the_first = others_claims();
    for_the_first["aud"] = AUDIENCE.into();
    assert_eq!(world.refusal(&other.sign(&for_the_first)).await, Refusal::WrongAudience);
}

#[tokio::test]
async fn a_key_does_not_verify_tokens_of_another_issuer() {
    for kid in ["others", KID] {
        let other = Issuer::new(kid, 2);
        let world = world(&other.keys());
        let expected = if kid == KID { Refusal::BadSignature } else { Refusal::UnknownKey };
        // Each issuer signs a token in the name of the other.
        assert_eq!(world.refusal(&other.sign(&claims("ada"))).await, expected);
        assert_eq!(world.refusal(&world.issuer.sign(&others_claims())).await, expected);
        // Cached, valid tokens do not change that.
        assert!(world.verify(&world.token("ada")).await.is_ok());
        assert!(world.verify(&other.sign(&others_claims())).await.is_ok());
        assert_eq!(world.refusal(&other.sign(&claims("ada"))).await, expected);
    }
}

#[tokio::test]
async fn an_unknown_issuer_causes_no_fetch() {
    let other = Issuer::new("others", 2);
    let others = other.keys();
    let world = world(&others);
    world.verify(&world.token("ada")).await.unwrap();
    world.verify(&other.sign(&others_claims())).await.unwrap();
    for iss in [
        json!("https://evil.example"),
        json!(format!("{ISSUER}/")),
        json!(OTHER.to_uppercase()),
        json!([ISSUER]),
        json!([ISSUER, OTHER]),
        json!(null),
        json!(""),
        json!({ ISSUER: OTHER }),
    ] {
        let mut claims = claims("ada");
        claims["iss"] = iss.clone();
        for signer in [Issuer::new("unknown", 9), world.issuer.clone(), other.clone()] {
            assert_eq!(world.refusal(&signer.sign(&claims)).await, Refusal::WrongIssuer, "{iss}");
        }
    }
    assert_eq!((world.keys.fetches(), others.fetches()), (1, 1));
}

#[tokio::test]
async fn an_unknown_key_is_asked_for_at_its_issuer_only() {
    let other = Issuer::new("others", 2);
    let others = other.keys();
    let world = world(&others);
    world.verify(&world.token("ada")).await.unwrap();
    world.verify(&other.sign(&others_claims())).await.unwrap();
    let unknown = Issuer::new("unknown", 9).sign(&others_claims());
    assert_eq!(world.refusal(&unknown).await, Refusal::UnknownKey);
    assert_eq!((world.keys.fetches(), others.fetches()), (1, 2));
}

#[tokio::test]
async fn an_unavailable_issuer_does_not_affect_others() {
    let other = Issuer::new("others", 2);
    let others = other.keys();
    others.fail();
    let world = world(&others);
    assert!(world.verify(&world.token("ada")).await.is_ok());
    let outcome = world.verify(&other.sign(&others_claims())).await;
    assert!(matches!(outcome, Err(Error::Unavailable { .. })), "{outcome:?}");
    assert!(world.verifier.is_ready(), "the primary issuer decides");
    let [own, others] = &world.verifier.stats().issuers[..] else { panic!("two issuers") };
    assert!(own.is_ready && !others.is_ready);
}

#[tokio::test]
async fn a_verifier_is_not_ready_without_the_primary_issuers_keys() {
    let keys = Issuer::new("others", 2).keys();
    let world = world(&keys);
    world.keys.fail();
    let outcome = world.verify(&world.token("ada")).await;
    assert!(matches!(outcome, Err(Error::Unavailable { .. })), "{outcome:?}");
    assert!(!world.verifier.is_ready());
}

#[tokio::test]
async fn no_issuer_is_trusted_twice() {
    let trusted = || {
        let keys = FixedKeys::new(&Issuer::new(KID, 1).jwks());
        TrustedIssuer::with_source(ISSUER, AUDIENCE, keys)
    };
    let twice = Verifier::builder(trusted()).also_trust(trusted()).build();
    assert!(matches!(twice, Err(BuildError::SameIssuer(issuer)) if issuer == ISSUER));
    assert!(Verifier::builder(trusted()).build().is_ok());
}
