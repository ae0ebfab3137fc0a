//! Points of small order and non-canonical encodings (RFC 8032 §5.1.3, §5.1.7).

use aws_lc_rs::{
    digest::{SHA512, digest},
    signature::{ED25519, UnparsedPublicKey},
};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use curve25519_dalek::{EdwardsPoint, Scalar, scalar::clamp_integer};
use ed25519_dalek::VerifyingKey;
use jwks_auth::{Algorithm, PublicKey, Refusal, testing::Issuer};
use serde_json::json;

use crate::{
    vectors::bytes,
    world::{KID, World, claims},
};

/// The eight points of small order, in every encoding that a lenient decoder accepts.
const SMALL_ORDER: [&str; 14] = [
    "0100000000000000000000000000000000000000000000000000000000000000",
    "0100000000000000000000000000000000000000000000000000000000000080",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0000000000000000000000000000000000000000000000000000000000000080",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
];

/// Adds the group order to a little-endian S. A lenient verifier accepts the sum as the same S.
pub(crate) fn plus_order(s: &mut [u8]) {
    let mut carry = 0;
    let order = bytes("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010");
    for (byte, add) in s.iter_mut().zip(order) {
        let sum = u16::from(*byte) + u16::from(add) + carry;
        *byte = u8::try_from(sum & 0xff).unwrap();
        carry = sum >> 8;
    }
    assert_eq!(carry, 0);
}

#[tokio::test]
async fn a_key_of_small_order_is_not_published() {
    for point in SMALL_ORDER {
        assert_eq!(PublicKey::ed25519(&bytes(point)), None, "{point}");
        let world = World::new();
        let mut jwk = world.issuer.jwk();
        jwk["x"] = BASE64_URL_SAFE_NO_PAD.encode(bytes(point)).into();
        world.keys.publish(&json!({ "keys": [jwk, Issuer::new("good", 2).jwk()] }));
        // With a key of small order, a lenient verifier accepts this signature for at least one in
        // eight messages.
        for n in 0..16 {
            let mut signature = bytes(point);
            signature.resize(64, 0);
            let header = json!({ "alg": "EdDSA", "kid": KID, "n": n });
            let token = world.issuer.sign_with_header(&header, &claims("ada"));
            let (signed, _) = token.rsplit_once('.').unwrap();
            let token = format!("{signed}.{}", BASE64_URL_SAFE_NO_PAD.encode(signature));
            assert_eq!(world.refusal(&token).await, Refusal::UnknownKey, "{point}");
        }
        assert_eq!(world.verifier.stats().issuers[0].keys, 1);
    }
}

#[tokio::test]
async fn an_r_of_small_order_is_refused() {
    let world = World::new();
    let token = world.token("ada");
    let (signed, signature) = token.rsplit_once('.').unwrap();
    let s = BASE64_URL_SAFE_NO_PAD.decode(signature).unwrap().split_off(32);
    for point in SMALL_ORDER {
        for s in [s.clone(), vec![0; 32]] {
            let signature = BASE64_URL_SAFE_NO_PAD.encode([bytes(point), s].concat());
            let token = format!("{signed}.{signature}");
            assert_eq!(world.refusal(&token).await, Refusal::BadSignature, "{point}");
        }
    }
}

/// The owner of a key can sign with a zero nonce, which makes R the neutral element. The equation
/// of §5.1.7 holds, so only a check of R itself rejects the signature.
#[test]
fn an_r_of_small_order_is_refused_although_the_equation_holds() {
    let (seed, message, r) = ([7; 32], b"message", bytes(SMALL_ORDER[0]));
    let sha512 = |text: &[u8]| <[u8; 64]>::try_from(digest(&SHA512, text).as_ref()).unwrap();
    let secret = clamp_integer(*sha512(&seed).first_chunk().unwrap());
    let secret = Scalar::from_bytes_mod_order(secret);
    let point = EdwardsPoint::mul_base(&secret).compress().to_bytes();
    let k = sha512(&[&*r, &point, message].concat());
    let s = (Scalar::from_bytes_mod_order_wide(&k) * secret).to_bytes();
    let signature = [&*r, &s].concat();

    let unparsed = UnparsedPublicKey::new(&ED25519, point);
    assert!(unparsed.verify(message, &signature).is_ok(), "the equation holds");
    let key = PublicKey::ed25519(&point).unwrap();
    assert!(!key.verifies(Algorithm::EdDsa, message, &signature));
}

#[test]
fn points_are_judged_as_another_implementation_judges_them() {
    for point in SMALL_ORDER {
        // ed25519-dalek decodes non-canonical encodings, but detects keys of small order.
        let point = bytes(point).try_into().unwrap();
        assert!(VerifyingKey::from_bytes(&point).is_ok_and(|key| key.is_weak()), "{point:?}");
    }
    for seed in 0..=255 {
        let key = ed25519_dalek::SigningKey::from_bytes(&[seed; 32]).verifying_key();
        assert!(PublicKey::ed25519(key.as_bytes()).is_some(), "{seed}");
    }
}

#[test]
fn a_point_is_32_bytes_of_a_number_below_the_prime() {
    let prime = |low: u8, high: u8| {
        let mut point = vec![0xff; 32];
        (point[0], point[31]) = (low, high);
        point
    };
    for low in 0xed..=0xff {
        for high in [0x7f, 0xff] {
            assert_eq!(PublicKey::ed25519(&prime(low, high)), None, "{low:x} {high:x}");
        }
    }
    let good = Issuer::new(KID, 1).jwk();
    let good = BASE64_URL_SAFE_NO_PAD.decode(good["x"].as_str().unwrap()).unwrap();
    for length in [0, 1, 31, 33, 64] {
        let other: Vec<u8> = good.iter().copied().cycle().take(length).collect();
        assert_eq!(PublicKey::ed25519(&other), None, "{length} bytes");
    }
}
