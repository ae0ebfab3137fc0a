//! Header parameters that a verifier must reject or ignore (RFC 8725).

use jwks_auth::{Refusal, testing::Issuer};
use serde_json::{Value, json};

use crate::world::{KID, World, claims, header_with};

#[tokio::test]
async fn no_other_algorithm_is_accepted_under_any_spelling() {
    let world = World::new();
    for alg in [
        "none", "None", "NONE", "nOnE", "HS256", "HS384", "HS512", "RS256", "PS256", "ES256",
        "ES256K", "ed25519", "Ed448", "eddsa", "EDDSA", "EdDSA ", " EdDSA", "EdDSA\0", "",
    ] {
        let header = json!({ "alg": alg, "kid": KID });
        let token = world.issuer.sign_with_header(&header, &claims("ada"));
        assert_eq!(world.refusal(&token).await, Refusal::WrongAlgorithm, "{alg}");
    }
    for alg in [json!(null), json!(["EdDSA"]), json!({}), json!(1), json!(true)] {
        let header = json!({ "alg": alg, "kid": KID });
        let token = world.issuer.sign_with_header(&header, &claims("ada"));
        assert_eq!(world.refusal(&token).await, Refusal::WrongAlgorithm, "{alg}");
    }
    let token = world.issuer.sign_with_header(&json!({ "kid": KID }), &claims("ada"));
    assert_eq!(world.refusal(&token).await, Refusal::WrongAlgorithm);
}

#[tokio::test]
async fn a_key_must_be_named_by_a_published_kid() {
    let world = World::new();
    for kid in [
        json!(null),
        json!(1),
        json!([KID]),
        json!(""),
        json!("First"),
        json!("first "),
        json!("../first"),
        json!("https://evil.example/keys"),
        json!("' OR 1=1 --"),
    ] {
        let header = json!({ "alg": "EdDSA", "kid": kid });
        let token = world.issuer.sign_with_header(&header, &claims("ada"));
        assert_eq!(world.refusal(&token).await, Refusal::UnknownKey, "{kid}");
    }
    // The keys were fetched at startup, and at most once more for the unknown `kid`s.
    assert!(world.keys.fetches() <= 2);
}

#[tokio::test]
async fn a_set_of_one_key_needs_no_kid() {
    let token =
        |world: &World| world.issuer.sign_with_header(&json!({ "alg": "EdDSA" }), &claims("ada"));
    let world = World::new();
    assert!(world.verify(&token(&world)).await.is_ok());

    let world = World::new();
    let mut nameless = world.issuer.jwk();
    nameless.as_object_mut().unwrap().remove("kid");
    let other = json!({ "kty": "RSA", "kid": "other", "n": "AQAB", "e": "AQAB" });
    world.keys.publish(&json!({ "keys": [other, nameless] }));
    assert!(world.verify(&token(&world)).await.is_ok());
    assert_eq!(world.refusal(&world.token("ada")).await, Refusal::UnknownKey);

    let world = World::new();
    world.keys.publish(&json!({ "keys": [world.issuer.jwk(), Issuer::new("second", 2).jwk()] }));
    assert_eq!(world.refusal(&token(&world)).await, Refusal::UnknownKey);
    let of_another =
        Issuer::new(KID, 9).sign_with_header(&json!({ "alg": "EdDSA" }), &claims("ada"));
    let world = World::new();
    assert_eq!(world.refusal(&of_another).await, Refusal::BadSignature);
}

#[tokio::test]
async fn the_algorithm_may_be_named_by_its_curve() {
    for alg_of_key in [json!("EdDSA"), json!("Ed25519"), json!(null)] {
        let world = World::new();
        let mut jwk = world.issuer.jwk();
        jwk["alg"] = alg_of_key;
        world.keys.publish(&json!({ "keys": [jwk] }));
        for alg in ["EdDSA", "Ed25519"] {
            let header = json!({ "alg": alg, "kid": KID });
            let token = world.issuer.sign_with_header(&header, &claims("ada"));
            assert!(world.verify(&token).await.is_ok(), "{alg} by {}", jwk["alg"]);
        }
    }
}

#[tokio::test]
async fn keys_inside_a_token_are_ignored() {
    let world = World::new();
    let thief = Issuer::new("thief", 7);
    for more in [
        json!({ "jwk": thief.jwk() }),
        json!({ "jku": "https://evil.example/keys" }),
        json!({ "x5u": "https://evil.example/chain", "x5t": "AA", "x5t#S256": "AA" }),
        json!({ "x5c": ["MIIB"] }),
    ] {
        let token = thief.sign_with_header(&header_with(&more), &claims("ada"));
        assert_eq!(world.refusal(&token).await, Refusal::BadSignature, "{more}");
        // A token that the issuer has signed is accepted, because these fields are ignored.
        let token = world.issuer.sign_with_header(&header_with(&more), &claims("ada"));
        assert!(world.verify(&token).await.is_ok(), "{more}");
    }
    assert_eq!(world.keys.fetches(), 1);
}

#[tokio::test]
async fn a_critical_extension_is_refused() {
    let world = World::new();
    for more in [
        json!({ "crit": ["exp"] }),
        json!({ "crit": ["b64"], "b64": true }),
        json!({ "crit": [] }),
        json!({ "crit": null }),
        json!({ "crit": "b64" }),
        json!({ "b64": false, "crit": ["b64"] }),
        json!({ "b64": false }),
        json!({ "b64": true }),
        json!({ "enc": "A256GCM" }),
        json!({ "zip": "DEF" }),
    ] {
        let token = world.issuer.sign_with_header(&header_with(&more), &claims("ada"));
        assert_eq!(world.refusal(&token).await, Refusal::UnsupportedHeader, "{more}");
    }
}

#[tokio::test]
async fn a_token_of_another_type_is_refused() {
    let world = World::new();
    for typ in [
        json!("logout+jwt"),
        json!("dpop+jwt"),
        json!("secevent+jwt"),
        json!("JOSE+JSON"),
        json!("JWT "),
        json!(""),
        json!(null),
        json!(["JWT"]),
    ] {
        let header = header_with(&json!({ "typ": typ }));
        let token = world.issuer.sign_with_header(&header, &claims("ada"));
        assert_eq!(world.refusal(&token).await, Refusal::UnsupportedHeader, "{typ}");
    }
    for typ in ["JWT", "jwt", "at+jwt", "AT+JWT", "application/at+jwt"] {
        let header = header_with(&json!({ "typ": typ }));
        let token = world.issuer.sign_with_header(&header, &claims("ada"));
        assert!(world.verify(&token).await.is_ok(), "{typ}");
    }
}

#[tokio::test]
async fn a_nested_token_is_refused() {
    let world = World::new();
    let inner = world.token("ada");
    let header = header_with(&json!({ "cty": "JWT" }));
    let token = world.issuer.sign_text(header.to_string(), &inner);
    assert_eq!(world.refusal(&token).await, Refusal::BadClaims);
}

#[tokio::test]
async fn a_header_is_an_object_without_duplicate_fields() {
    let world = World::new();
    let deep = format!(r#"{{"alg":"EdDSA","kid":"first","x":{}}}"#, "[".repeat(3000));
    for header in [
        "",
        "null",
        "[]",
        r#"["EdDSA","first"]"#,
        r#""EdDSA""#,
        "{",
        r#"{"alg":"none","alg":"EdDSA","kid":"first"}"#,
        r#"{"alg":"EdDSA","alg":"EdDSA","kid":"first"}"#,
        r#"{"kid":"x","alg":"EdDSA","kid":"first"}"#,
        r#"{"alg":"EdDSA","kid":"first","\u0061lg":"none"}"#,
        r#"{"alg":"EdDSA","kid":"first"} {}"#,
        r#"{"alg":"EdDSA","kid":"first",}"#,
        r#"{"alg":"EdDSA","kid":"\ud800"}"#,
        &deep,
    ] {
        let token = world.issuer.sign_text(header, claims("ada").to_string());
        assert_eq!(world.refusal(&token).await, Refusal::BadHeader, "{header}");
    }
    let token = world.issuer.sign_text(b"{\"alg\":\"EdDSA\xff\"}", claims("ada").to_string());
    assert_eq!(world.refusal(&token).await, Refusal::BadHeader);
}

#[tokio::test]
async fn error_messages_contain_nothing_from_the_token() {
    let world = World::new();
    let header = header_with(&json!({ "typ": "a secret" }));
    let token = world.issuer.sign_with_header(&header, &claims("ada"));
    let error = world.verify(&token).await.err().unwrap();
    let texts = [error.to_string(), format!("{error:?}"), format!("{:?}", world.verifier)];
    assert!(texts.iter().all(|text| !text.contains("secret") && !text.contains(&token)));
    assert_eq!(texts[0], "Invalid token");
    let _: Value = serde_json::from_str(&format!(r#"{{"detail":"{error}"}}"#)).unwrap();
}
