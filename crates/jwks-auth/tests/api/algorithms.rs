//! Algorithms: each is allowed per issuer, and bound to the type of the key. Also tests tokens
//! without a `kid`.

use std::sync::LazyLock;

use jwks_auth::{
    Algorithm, BuildError, Error, FixedKeys, Refusal, TrustedIssuer, Verifier,
    testing::{Issuer, MemoryKeys},
};
use serde_json::{Value, json};

use crate::world::{AUDIENCE, ISSUER, KID, NOW, World, claims};

/// An issuer for each algorithm. Those for RSA share a key; each of the others has its own.
pub(crate) static ISSUERS: LazyLock<Vec<Issuer>> = LazyLock::new(|| {
    let rsa = Issuer::generate(KID, Algorithm::Rs256);
    let issuer = |algorithm: &Algorithm| match algorithm {
        Algorithm::EdDsa | Algorithm::Es256 | Algorithm::Es384 => Issuer::generate(KID, *algorithm),
        algorithm => rsa.with_algorithm(*algorithm),
    };
    Algorithm::ALL.iter().map(issuer).collect()
});

pub(crate) fn issuers() -> impl Iterator<Item = (Algorithm, &'static Issuer)> {
    Algorithm::ALL.iter().copied().zip(&*ISSUERS)
}

pub(crate) fn issuer(algorithm: Algorithm) -> &'static Issuer {
    issuers().find(|(own, _)| *own == algorithm).unwrap().1
}

pub(crate) fn trusting(jwks: &Value, algorithms: &[Algorithm]) -> (Verifier, MemoryKeys) {
    let keys = MemoryKeys::new(jwks);
    let trusted = TrustedIssuer::with_source(ISSUER, AUDIENCE, keys.clone());
    let trusted = trusted.algorithms(algorithms.iter().copied());
    let now = std::time::UNIX_EPOCH + std::time::Duration::from_secs(NOW);
    (Verifier::builder(trusted).clock(move || now).build().unwrap(), keys)
}

pub(crate) async fn outcome(verifier: &Verifier, token: &str) -> Result<(), Error> {
    verifier.verify::<Value>(token).await.map(drop)
}

pub(crate) fn without(mut jwk: Value, name: &str) -> Value {
    jwk.as_object_mut().unwrap().remove(name);
    jwk
}

#[tokio::test]
async fn each_algorithm_is_accepted_if_it_is_allowed_and_only_then() {
    for (algorithm, issuer) in issuers() {
        let token = issuer.sign(&claims("ada"));
        let (verifier, _) = trusting(&issuer.jwks(), &[algorithm]);
        assert_eq!(outcome(&verifier, &token).await, Ok(()), "{algorithm}");
        assert_eq!(outcome(&verifier, &token).await, Ok(()), "{algorithm} from the cache");
        assert_eq!(verifier.stats().cache.hits, 1);

        let others: Vec<_> =
            Algorithm::ALL.iter().copied().filter(|other| *other != algorithm).collect();
        let (verifier, keys) = trusting(&issuer.jwks(), &others);
        let expected = Err(Refusal::WrongAlgorithm.into());
        assert_eq!(outcome(&verifier, &token).await, expected, "{algorithm}");
        assert!(keys.fetches() <= 1, "it causes no fetch");
    }
}

#[tokio::test]
async fn only_eddsa_is_allowed_by_default() {
    for (algorithm, issuer) in issuers() {
        let world = World::new();
        world.keys.publish(&issuer.jwks());
        let expected = if algorithm == Algorithm::EdDsa {
            Ok(())
        } else {
            Err(Refusal::WrongAlgorithm.into())
        };
        let token = issuer.sign(&claims("ada"));
        assert_eq!(world.verify(&token).await.map(drop), expected, "{algorithm}");
    }
}

#[tokio::test]
async fn a_key_never_verifies_another_algorithm() {
    for (own, issuer) in issuers() {
        for name_of_key in [Some(own), None] {
            let jwk = match name_of_key {
                Some(_) => issuer.jwk(),
                None => without(issuer.jwk(), "alg"),
            };
            let (verifier, keys) = trusting(&json!({ "keys": [jwk] }), Algorithm::ALL);
            assert_eq!(outcome(&verifier, &issuer.sign(&claims("ada"))).await, Ok(()));
            let fetches = keys.fetches();
            for (other, _) in issuers().filter(|(other, _)| *other != own) {
                let header = json!({ "alg": other.name(), "kid": KID });
                let token = issuer.sign_with_header(&header, &claims("ada"));
                let are_rsa = [own, other]
                    .iter()
                    .all(|one| one.name().contains('S') && !one.name().contains('E'));
                let expected = if are_rsa && name_of_key.is_none() {
                    // Both algorithms belong to the key, but the signature was made with the other.
                    Refusal::BadSignature
                } else {
                    Refusal::WrongAlgorithm
                };
                let actual = outcome(&verifier, &token).await;
                assert_eq!(actual, Err(expected.into()), "{own} as {other} by {name_of_key:?}");
            }
            assert_eq!(keys.fetches(), fetches, "a known kid causes no fetch");
        }
    }
}

/// Returns tokens whose HMAC uses a public key as the secret, in each form in which a confused
/// verifier might use the key.
fn macs(jwk: &Value, header: &Value) -> Vec<String> {
    use aws_lc_rs::hmac::{HMAC_SHA256, Key, sign};
    use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};

    let parameters = ["x", "n"].iter().filter_map(|name| jwk[name].as_str());
    let decoded = parameters.clone().map(|text| BASE64_URL_SAFE_NO_PAD.decode(text).unwrap());
    let secrets = parameters.clone().map(|text| text.as_bytes().to_vec()).chain(decoded);
    let secrets = secrets.chain([jwk.to_string().into_bytes(), Vec::new()]);
    let parts = [header.to_string(), claims("ada").to_string()];
    let signed = parts.map(|part| BASE64_URL_SAFE_NO_PAD.encode(part)).join(".");
    let mac = |secret: Vec<u8>| sign(&Key::new(HMAC_SHA256, &secret), signed.as_bytes());
    secrets
        .map(|secret| format!("{signed}.{}", BASE64_URL_SAFE_NO_PAD.encode(mac(secret))))
        .collect()
}

#[tokio::test]
async fn a_public_key_is_never_used_as_a_secret() {
    for (algorithm, issuer) in issuers() {
        for jwk in [issuer.jwk(), without(issuer.jwk(), "alg")] {
            let (verifier, _) = trusting(&json!({ "keys": [jwk] }), Algorithm::ALL);
            for name in ["HS256", "HS384", "HS512", "none", algorithm.name()] {
                let header = json!({ "alg": name, "kid": KID });
                let expected = if name == algorithm.name() {
                    Refusal::BadSignature
                } else {
                    Refusal::WrongAlgorithm
                };
                for token in macs(&jwk, &header) {
                    assert_eq!(outcome(&verifier, &token).await, Err(expected.into()), "{name}");
                }
                let unsigned = macs(&jwk, &header)[0].rsplit_once('.').unwrap().0.to_owned() + ".";
                assert_eq!(outcome(&verifier, &unsigned).await, Err(expected.into()), "{name}");
            }
        }
    }
}

#[tokio::test]
async fn keys_of_several_types_may_share_a_kid() {
    let types = [Algorithm::Ps256, Algorithm::Es256, Algorithm::EdDsa, Algorithm::Es384];
    for offset in 0..types.len() {
        let mut order = types;
        order.rotate_left(offset);
        let jwks = json!({ "keys": order.map(|algorithm| issuer(algorithm).jwk()) });
        let (verifier, keys) = trusting(&jwks, &types);
        for algorithm in types {
            let token = issuer(algorithm).sign(&claims("ada"));
            assert_eq!(outcome(&verifier, &token).await, Ok(()), "{algorithm}");
            // Each key verifies its own algorithm only, whatever the order of the keys.
            for other in types.into_iter().filter(|other| *other != algorithm) {
                let header = json!({ "alg": other.name(), "kid": KID });
                let token = issuer(algorithm).sign_with_header(&header, &claims("ada"));
                let expected = Err(Refusal::BadSignature.into());
                assert_eq!(outcome(&verifier, &token).await, expected, "{algorithm} as {other}");
            }
        }
        let (verifier, _) = trusting(&jwks, &[Algorithm::Es256]);
        let token = issuer(Algorithm::EdDsa).sign(&claims("ada"));
        assert_eq!(outcome(&verifier, &token).await, Err(Refusal::WrongAlgorithm.into()));
        assert_eq!(keys.fetches(), 1);
    }
}

#[tokio::test]
async fn of_two_keys_with_one_kid_and_algorithm_the_first_counts() {
    let [first, second] = [1, 2].map(|_| Issuer::generate(KID, Algorithm::Es256));
    let jwks = json!({ "keys": [first.jwk(), second.jwk()] });
    let (verifier, _) = trusting(&jwks, &[Algorithm::Es256]);
    assert_eq!(outcome(&verifier, &first.sign(&claims("ada"))).await, Ok(()));
    let expected = Err(Refusal::BadSignature.into());
    assert_eq!(outcome(&verifier, &second.sign(&claims("ada"))).await, expected);
}

#[tokio::test]
async fn a_cached_token_is_rejected_once_its_key_has_another_type_or_algorithm() {
    let rsa = issuer(Algorithm::Rs256);
    let token = rsa.sign(&claims("ada"));
    for replacement in [issuer(Algorithm::Es256).jwk(), issuer(Algorithm::Ps256).jwk()] {
        let (verifier, keys) = trusting(&rsa.jwks(), Algorithm::ALL);
        assert_eq!(outcome(&verifier, &token).await, Ok(()));
        keys.publish(&json!({ "keys": [replacement] }));
        let unknown =
            rsa.sign_with_header(&json!({ "alg": "RS256", "kid": "new" }), &claims("ada"));
        assert_eq!(outcome(&verifier, &unknown).await, Err(Refusal::UnknownKey.into()));
        assert_eq!(outcome(&verifier, &token).await, Err(Refusal::WrongAlgorithm.into()));
    }
}

#[tokio::test]
async fn each_issuer_has_its_own_algorithms() {
    let other = issuer(Algorithm::Es256);
    let trusted = |issuer: &str, algorithm| {
        let keys =
            FixedKeys::new(&json!({ "keys": ISSUERS.iter().map(Issuer::jwk).collect::<Vec<_>>() }));
        TrustedIssuer::with_source(issuer, AUDIENCE, keys).algorithms([algorithm])
    };
    let verifier = Verifier::builder(trusted(ISSUER, Algorithm::EdDsa))
        .also_trust(trusted("https://other.example", Algorithm::Es256))
        .clock(|| std::time::UNIX_EPOCH + std::time::Duration::from_secs(NOW))
        .build()
        .unwrap();
    let mut theirs = claims("ada");
    theirs["iss"] = "https://other.example".into();
    assert_eq!(outcome(&verifier, &other.sign(&theirs)).await, Ok(()));
    let expected = Err(Refusal::WrongAlgorithm.into());
    assert_eq!(outcome(&verifier, &other.sign(&claims("ada"))).await, expected);
    let eddsa = issuer(Algorithm::EdDsa);
    assert_eq!(outcome(&verifier, &eddsa.sign(&theirs)).await, expected);
}

#[tokio::test]
async fn a_kid_can_be_required() {
    let eddsa = issuer(Algorithm::EdDsa);
    let token = eddsa.sign_with_header(&json!({ "alg": "EdDSA" }), &claims("ada"));
    for (is_required, expected) in [(false, Ok(())), (true, Err(Refusal::UnknownKey.into()))] {
        let keys = eddsa.keys();
        let trusted = TrustedIssuer::with_source(ISSUER, AUDIENCE, keys.clone());
        let now = std::time::UNIX_EPOCH + std::time::Duration::from_secs(NOW);
        let verifier = Verifier::builder(trusted.require_kid(is_required)).clock(move || now);
        let verifier = verifier.build().unwrap();
        assert_eq!(outcome(&verifier, &token).await, expected);
        assert!(keys.fetches() <= 1);
    }
}

#[tokio::test]
async fn a_set_of_several_types_is_no_single_key() {
    let jwks = json!({ "keys": [issuer(Algorithm::EdDsa).jwk(), issuer(Algorithm::Es256).jwk()] });
    for (algorithms, expected) in [
        (&[Algorithm::Es256][..], Ok(())),
        (&[Algorithm::Es256, Algorithm::EdDsa], Err(Refusal::UnknownKey.into())),
    ] {
        let (verifier, _) = trusting(&jwks, algorithms);
        let header = json!({ "alg": "ES256" });
        let token = issuer(Algorithm::Es256).sign_with_header(&header, &claims("ada"));
        assert_eq!(outcome(&verifier, &token).await, expected, "{algorithms:?}");
    }
}

#[tokio::test]
async fn an_issuer_without_algorithms_is_no_configuration() {
    let keys = issuer(Algorithm::EdDsa).keys();
    let trusted = TrustedIssuer::with_source(ISSUER, AUDIENCE, keys).algorithms([]);
    let built = Verifier::builder(trusted).build();
    assert!(matches!(built, Err(BuildError::NoAlgorithms(issuer)) if issuer == ISSUER));
}

#[test]
fn names_are_exact() {
    for algorithm in Algorithm::ALL {
        assert_eq!(algorithm.name().parse(), Ok(*algorithm));
        assert!(algorithm.name().to_lowercase().parse::<Algorithm>().is_err());
    }
    assert_eq!("Ed25519".parse(), Ok(Algorithm::EdDsa));
    for name in ["", "none", "HS256", "HS384", "HS512", "ES256K", "ES512", "Ed448", "RS1", "RS256 "]
    {
        assert!(name.parse::<Algorithm>().is_err(), "{name}");
    }
}
