//! Every token has exactly one valid encoding (RFC 7515 §7.1, §2).

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use jwks_auth::{Error, Refusal, bearer_token};
use serde_json::json;

use crate::{
    points::plus_order,
    world::{World, claims},
};

const ALPHABET: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// Sets an unused bit of the last character. A lenient decoder ignores this bit.
fn with_trailing_bit(part: &str) -> String {
    let (rest, last) = part.split_at(part.len() - 1);
    let index = ALPHABET.find(last).unwrap();
    format!("{rest}{}", &ALPHABET[index + 1..=index + 1])
}

#[tokio::test]
async fn a_token_is_three_parts_of_canonical_base64url() {
    let world = World::new();
    // Pads the header and the claims, so that their last characters have unused bits.
    let fill = |text: String| if text.len().is_multiple_of(3) { text + " " } else { text };
    let header = fill(r#"{"alg":"EdDSA","kid":"first"}"#.to_owned());
    let good = world.issuer.sign_text(header, fill(claims("ada").to_string()));
    assert!(world.verify(&good).await.is_ok());
    let parts: Vec<&str> = good.split('.').collect();
    let (header, payload, signature) = (parts[0], parts[1], parts[2]);
    for (what, token) in [
        ("nothing", String::new()),
        ("one part", header.to_owned()),
        ("two parts", format!("{header}.{payload}")),
        ("an empty signature", format!("{header}.{payload}.")),
        ("four parts", format!("{good}.{signature}")),
        ("an empty fourth part", format!("{good}.")),
        ("an empty part before", format!(".{good}")),
        ("five parts", format!("{header}..{payload}..{signature}")),
        ("five parts of an encrypted token", format!("{header}.{payload}.AA.{payload}.AA")),
        ("30 000 dots", ".".repeat(30_000)),
        ("8000 dots", ".".repeat(8_000)),
        ("padding", format!("{header}.{payload}.{signature}==")),
        ("a padded header", format!("{header}=.{payload}.{signature}")),
        ("trailing bits", format!("{header}.{payload}.{}", with_trailing_bit(signature))),
        ("trailing bits of the header", format!("{}.{payload}.{signature}", with_trailing_bit(header))),
        ("trailing bits of the claims", format!("{header}.{}.{signature}", with_trailing_bit(payload))),
        ("a blank before", format!(" {good}")),
        ("a blank after", format!("{good} ")),
        ("a blank inside", format!("{header}. {payload}.{signature}")),
        ("a line end", format!("{good}\n")),
        ("a NUL", format!("{good}\0")),
        ("a byte order mark", format!("\u{feff}{good}")),
        ("the standard alphabet", format!("{header}.{payload}.{}+/", &signature[..84])),
        ("quotes", format!("\"{good}\"")),
        ("two tokens", format!("{good},{good}")),
        ("a full width dot", good.replacen('.', "\u{ff0e}", 1)),
        ("JSON", json!({ "protected": header, "payload": payload, "signature": signature }).to_string()),
        ("general JSON", json!({ "payload": payload, "signatures": [{ "protected": header, "signature": signature }] }).to_string()),
    ] {
        let refusal = world.refusal(&token).await;
        let is_expected = matches!(
            refusal,
            Refusal::NotCompact | Refusal::TooLong | Refusal::BadHeader | Refusal::BadSignature
        );
        assert!(is_expected, "{what}: {refusal}");
    }
    assert_eq!(world.refusal(&format!("{header}.{payload}.")).await, Refusal::BadSignature);
    let trailing = format!("{header}.{payload}.{}", with_trailing_bit(signature));
    assert_eq!(world.refusal(&trailing).await, Refusal::NotCompact);
}

#[tokio::test]
async fn a_signature_has_64_bytes_and_an_s_below_the_order() {
    let world = World::new();
    let good = world.token("ada");
    let (signed, signature) = good.rsplit_once('.').unwrap();
    let signature = BASE64_URL_SAFE_NO_PAD.decode(signature).unwrap();
    let token = |signature: &[u8]| format!("{signed}.{}", BASE64_URL_SAFE_NO_PAD.encode(signature));
    assert!(world.verify(&token(&signature)).await.is_ok());
    for length in (0..64).chain(65..=70) {
        let other: Vec<u8> = signature.iter().copied().cycle().take(length).collect();
        assert_eq!(world.refusal(&token(&other)).await, Refusal::BadSignature, "{length} bytes");
    }
    let mut malleable = signature.clone();
    plus_order(&mut malleable[32..]);
    assert_eq!(world.refusal(&token(&malleable)).await, Refusal::BadSignature);
    for bit in 0..8 * signature.len() {
        let mut flipped = signature.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(world.refusal(&token(&flipped)).await, Refusal::BadSignature, "bit {bit}");
    }
}

#[tokio::test]
async fn a_token_of_a_megabyte_is_refused() {
    let world = World::new();
    assert_eq!(world.refusal(&"a".repeat(1 << 20)).await, Refusal::TooLong);
    assert_eq!(world.refusal(&"a".repeat(8193)).await, Refusal::TooLong);
    assert_eq!(world.refusal(&"a".repeat(8192)).await, Refusal::NotCompact);
    // Compares a token just below the limit with one just above it.
    let mut claims = claims("ada");
    let mut token = String::new();
    for (filling, outcome) in [(5_900, Ok(())), (6_100, Err(Refusal::TooLong.into()))] {
        claims["filling"] = "x".repeat(filling).into();
        token = world.issuer.sign(&claims);
        assert_eq!(world.verify(&token).await.map(drop), outcome, "{} bytes", token.len());
    }
    assert!(token.len() > 8192);
}

#[tokio::test]
async fn no_character_of_a_token_can_be_changed() {
    let world = World::new();
    let good = world.token("ada");
    for position in 0..good.len() {
        for other in ["A", "B", ".", "=", " ", "\u{e9}"] {
            let mut changed = good.clone();
            changed.replace_range(position..=position, other);
            if changed != good {
                assert!(world.verify(&changed).await.is_err(), "{position} {other}");
            }
        }
    }
    assert!(world.verify(&good).await.is_ok());
}

#[test]
fn one_authorization_header_holds_one_token() {
    let token = |values: &[&'static [u8]]| bearer_token(values.iter().copied());
    assert_eq!(token(&[b"Bearer a.b.c"]), Ok("a.b.c"));
    assert_eq!(token(&[b"bearer a.b.c"]), Ok("a.b.c"));
    assert_eq!(token(&[b"BEARER a.b.c"]), Ok("a.b.c"));
    assert_eq!(token(&[b"Bearer   a.b.c"]), Ok("a.b.c"));
    assert_eq!(token(&[]), Err(Error::Missing));
    for other in [b"Basic YTpi".as_slice(), b"a.b.c", b"", b"Bearer\ta.b.c", b"Bearera.b.c"] {
        assert_eq!(token(&[other]), Err(Error::Missing), "{other:?}");
    }
    assert_eq!(token(&[b"Bearer"]), Ok(""));
    assert_eq!(token(&[b"Bearer \xff\xfe"]), Err(Refusal::NotCompact.into()));
    assert_eq!(token(&[b"Bearer a", b"Bearer a"]), Err(Refusal::SeveralHeaders.into()));
    assert_eq!(token(&[b"Basic a", b"Bearer a"]), Err(Refusal::SeveralHeaders.into()));
}
