//! Keys that a verifier must not use: weak, malformed, on another curve or for another purpose.

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use jwks_auth::{Algorithm, PublicKey, Refusal, usable_kids};
use serde_json::{Value, json};

use crate::{
    algorithms::{issuer, issuers, outcome, trusting, without},
    world::claims,
};

fn is_usable(jwk: &Value) -> bool {
    let jwks = json!({ "keys": [jwk] }).to_string();
    let is_published = !usable_kids(jwks.as_bytes(), Algorithm::ALL).unwrap().is_empty();
    let key = PublicKey::from_jwk(&jwk.to_string(), Algorithm::ALL);
    assert_eq!(key.is_some(), is_published);
    is_published
}

fn with(mut jwk: Value, name: &str, value: impl Into<Value>) -> Value {
    jwk[name] = value.into();
    jwk
}

fn bytes_of(jwk: &Value, name: &str) -> Vec<u8> {
    BASE64_URL_SAFE_NO_PAD.decode(jwk[name].as_str().unwrap()).unwrap()
}

fn encoded(bytes: &[u8]) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

#[test]
fn rsa_keys_have_2048_to_8192_bits_and_a_sound_exponent() {
    let jwk = issuer(Algorithm::Rs256).jwk();
    assert!(is_usable(&jwk));
    let n = bytes_of(&jwk, "n");
    assert_eq!(n.len(), 256);
    let of_bits = |bits: usize| {
        let mut n = vec![0xff; bits.div_ceil(8)];
        n[0] >>= 8 * n.len() - bits;
        n
    };
    let mut even = n.clone();
    even[255] &= 0xfe;
    for (what, n, expected) in [
        ("2048 bits", of_bits(2048), true),
        ("2049 bits", of_bits(2049), true),
        ("4096 bits", of_bits(4096), true),
        ("8192 bits", of_bits(8192), true),
        ("512 bits", of_bits(512), false),
        ("1024 bits", of_bits(1024), false),
        ("2040 bits", of_bits(2040), false),
        ("2047 bits", of_bits(2047), false),
        ("8193 bits", of_bits(8193), false),
        ("1024 bits, padded", [vec![0; 128], of_bits(1024)].concat(), false),
        ("2048 bits, padded", [vec![0], n.clone()].concat(), false),
        ("even", even, false),
        ("zero", vec![0; 256], false),
        ("nothing", vec![], false),
    ] {
        assert_eq!(is_usable(&with(jwk.clone(), "n", encoded(&n))), expected, "{what}");
    }
    for (e, expected) in [
        (&[1, 0, 1][..], true),
        (&[1, 0, 0, 1], true),
        (&[], false),
        (&[0], false),
        (&[1], false),
        (&[3], false),
        (&[1, 0, 0], false),
        (&[0, 1, 0, 1], false),
        (&[0xff; 9], false),
    ] {
        assert_eq!(is_usable(&with(jwk.clone(), "e", encoded(e))), expected, "{e:?}");
    }
    for name in ["n", "e", "kty"] {
        assert!(!is_usable(&without(jwk.clone(), name)), "{name}");
        assert!(!is_usable(&with(jwk.clone(), name, 65537)), "{name}");
        assert!(!is_usable(&with(jwk.clone(), name, "AQ==")), "{name}");
    }
}

#[test]
fn points_are_on_the_curve_that_the_key_names() {
    for (algorithm, crv, other) in
        [(Algorithm::Es256, "P-256", "P-384"), (Algorithm::Es384, "P-384", "P-256")]
    {
        let jwk = issuer(algorithm).jwk();
        assert!(is_usable(&jwk) && is_usable(&without(jwk.clone(), "alg")));
        assert_eq!(jwk["crv"], crv);
        for crv in [other, "P-521", "secp256k1", "Ed25519", "p-256", ""] {
            assert!(!is_usable(&with(jwk.clone(), "crv", crv)), "{crv}");
            assert!(!is_usable(&with(without(jwk.clone(), "alg"), "crv", crv)), "{crv}");
        }
        assert!(!is_usable(&without(jwk.clone(), "crv")));
        let (x, y) = (bytes_of(&jwk, "x"), bytes_of(&jwk, "y"));
        let mut off_the_curve = y.clone();
        off_the_curve[7] ^= 1;
        for (what, y) in [
            ("off the curve", off_the_curve),
            ("the other coordinate", x.clone()),
            ("too short", y[1..].to_vec()),
            ("too long", [vec![0], y.clone()].concat()),
            ("zero", vec![0; y.len()]),
            ("not below the prime", vec![0xff; y.len()]),
            ("nothing", vec![]),
        ] {
            assert!(!is_usable(&with(jwk.clone(), "y", encoded(&y))), "{what}");
        }
        let infinity = with(jwk.clone(), "x", encoded(&vec![0; x.len()]));
        assert!(!is_usable(&with(infinity, "y", encoded(&vec![0; y.len()]))));
        for name in ["x", "y"] {
            assert!(!is_usable(&without(jwk.clone(), name)), "{name}");
        }
    }
}

#[test]
fn a_key_is_used_for_its_own_purpose_and_algorithm_only() {
    for (algorithm, issuer) in issuers() {
        let jwk = issuer.jwk();
        for (name, value) in [
            ("alg", json!("none")),
            ("alg", json!("HS256")),
            ("alg", json!("RSA-OAEP")),
            ("alg", json!("ECDH-ES")),
            ("alg", json!("RSA-OAEP-256")),
            ("alg", json!("ES512")),
            ("alg", json!("")),
            ("alg", json!(["RS256"])),
            ("use", json!("enc")),
            ("use", json!("SIG")),
            ("key_ops", json!(["sign"])),
            ("key_ops", json!(["encrypt", "wrapKey"])),
            ("key_ops", json!([])),
            ("kty", json!("oct")),
            ("kty", json!("")),
        ] {
            assert!(
                !is_usable(&with(jwk.clone(), name, value.clone())),
                "{algorithm} {name} {value}"
            );
        }
        for (other, _) in issuers() {
            let named = with(jwk.clone(), "alg", other.name());
            let is_same_type = other == algorithm
                || jwk["kty"] == "RSA" && super::algorithms::issuer(other).jwk()["kty"] == "RSA";
            assert_eq!(is_usable(&named), is_same_type, "{algorithm} as {other}");
            let own = PublicKey::from_jwk(&named.to_string(), Algorithm::ALL);
            let own = own.map(|key| key.algorithms().collect::<Vec<_>>());
            assert_eq!(own, is_same_type.then(|| vec![other]));
        }
        assert!(is_usable(&with(jwk.clone(), "use", "sig")));
        assert!(is_usable(&with(jwk, "key_ops", json!(["verify"]))));
    }
}

#[test]
fn an_allowed_algorithm_does_not_admit_other_keys() {
    for (algorithm, issuer) in issuers() {
        for (allowed, _) in issuers() {
            let key = PublicKey::from_jwk(&issuer.jwk().to_string(), &[allowed]);
            assert_eq!(key.is_some(), allowed == algorithm, "{algorithm} for {allowed}");
        }
        assert_eq!(PublicKey::from_jwk(&issuer.jwk().to_string(), &[]), None);
    }
}

#[tokio::test]
async fn signatures_have_the_form_of_their_algorithm() {
    for (algorithm, issuer) in issuers() {
        let (verifier, _) = trusting(&issuer.jwks(), &[algorithm]);
        let token = issuer.sign(&claims("ada"));
        let (signed, signature) = token.rsplit_once('.').unwrap();
        let signature = BASE64_URL_SAFE_NO_PAD.decode(signature).unwrap();
        let half = signature.len() / 2;
        let mut flipped = signature.clone();
        flipped[half] ^= 1;
        let der =
            [&[0x30, 0x44, 0x02, 0x20][..], &signature[..half], &[0x02, 0x20], &signature[half..]];
        for (what, signature) in [
            ("nothing", vec![]),
            ("zeros", vec![0; signature.len()]),
            ("r of zero", [&vec![0; half][..], &signature[half..]].concat()),
            ("s of zero", [&signature[..half], &vec![0; half]].concat()),
            ("ones", vec![0xff; signature.len()]),
            ("a byte less", signature[1..].to_vec()),
            ("a byte more", [&[0][..], &*signature].concat()),
            ("a trailing byte", [&*signature, &[0]].concat()),
            ("DER", der.concat()),
            ("a flipped bit", flipped),
        ] {
            let forged = format!("{signed}.{}", encoded(&signature));
            let expected = Err(Refusal::BadSignature.into());
            assert_eq!(outcome(&verifier, &forged).await, expected, "{algorithm}: {what}");
        }
        assert_eq!(outcome(&verifier, &token).await, Ok(()));
    }
}
