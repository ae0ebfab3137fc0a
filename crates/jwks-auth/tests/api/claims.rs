//! Validation of the registered claims (RFC 7519 §4.1).

use jwks_auth::{Error, Refusal};
use serde_json::{Value, json};

use crate::world::{AUDIENCE, Claims, ISSUER, NOW, World, claims, claims_with};

#[tokio::test]
async fn a_valid_token_identifies_the_caller() {
    let world = World::new();
    let mut claims = claims("ada");
    claims["jti"] = "token-1".into();
    claims["sid"] = "session-1".into();
    let verified = world.verify(&world.issuer.sign(&claims)).await.unwrap();
    assert_eq!(*verified, Claims { sub: "ada".into() });
    let registered = verified.registered();
    assert_eq!((&*registered.iss, &*registered.sub), (ISSUER, "ada"));
    assert_eq!(registered.jti.as_deref(), Some("token-1"));
    assert_eq!(registered.sid.as_deref(), Some("session-1"));
    assert_eq!(verified.into_claims().sub, "ada");
}

#[tokio::test]
async fn each_claim_that_is_required_has_one_type() {
    let world = World::new();
    for (name, refusal) in [
        ("iss", Refusal::WrongIssuer),
        ("aud", Refusal::WrongAudience),
        ("sub", Refusal::WrongSubject),
        ("exp", Refusal::BadDate),
    ] {
        let mut without = claims("ada");
        without.as_object_mut().unwrap().remove(name);
        assert_eq!(world.refusal(&world.issuer.sign(&without)).await, refusal, "no {name}");
        for value in [json!(null), json!({}), json!([]), json!(true), json!(""), json!([[name]])] {
            let token = world.issuer.sign(&claims_with(name, value.clone()));
            assert_eq!(world.refusal(&token).await, refusal, "{name} {value}");
        }
    }
    for name in ["exp", "nbf", "iat"] {
        for value in [json!("1"), json!(null), json!([1]), json!(NOW.to_string())] {
            let token = world.issuer.sign(&claims_with(name, value.clone()));
            assert_eq!(world.refusal(&token).await, Refusal::BadDate, "{name} {value}");
        }
    }
}

#[tokio::test]
async fn issuer_and_audience_are_compared_byte_for_byte() {
    let world = World::new();
    for (name, right, refusal) in
        [("iss", ISSUER, Refusal::WrongIssuer), ("aud", AUDIENCE, Refusal::WrongAudience)]
    {
        for wrong in [
            format!("{right}/"),
            right.to_uppercase(),
            right.replace("https", "http"),
            right[1..].to_owned(),
            format!(" {right}"),
            format!("{right}\0"),
            format!("{right}.evil.example"),
        ] {
            let token = world.issuer.sign(&claims_with(name, wrong.clone()));
            assert_eq!(world.refusal(&token).await, refusal, "{wrong:?}");
        }
    }
    let token = world.issuer.sign(&claims_with("iss", json!([ISSUER])));
    assert_eq!(world.refusal(&token).await, Refusal::WrongIssuer);
    for aud in [json!([AUDIENCE, 1]), json!([[AUDIENCE]]), json!(["other"]), json!([null])] {
        let token = world.issuer.sign(&claims_with("aud", aud.clone()));
        assert_eq!(world.refusal(&token).await, Refusal::WrongAudience, "{aud}");
    }
    for aud in [json!([AUDIENCE]), json!(["other", AUDIENCE])] {
        assert!(world.verify(&world.issuer.sign(&claims_with("aud", aud))).await.is_ok());
    }
}

#[tokio::test]
async fn a_token_is_valid_from_iat_and_nbf_until_exp_within_the_leeway() {
    for entries in [0, 100] {
        let world = World::with(|builder| builder.token_cache(entries));
        let mut claims = claims("ada");
        claims["nbf"] = (NOW + 60).into();
        let token = world.issuer.sign(&claims);
        let exp = NOW + 3600;
        for (now, outcome) in [
            (NOW - 31, Err(Error::Refused(Refusal::NotYetValid))),
            (NOW + 29, Err(Error::Refused(Refusal::NotYetValid))),
            (NOW + 30, Ok(())),
            (exp + 29, Ok(())),
            (exp + 30, Err(Error::Expired)),
            (exp + 29, Ok(())),
            (NOW + 29, Err(Error::Refused(Refusal::NotYetValid))),
        ] {
            world.set_now(now);
            assert_eq!(world.verify(&token).await.map(drop), outcome, "{now}, {entries} entries");
        }
    }
}

#[tokio::test]
async fn dates_may_have_fractions_and_extreme_values() {
    let world = World::new();
    let soon = claims_with("exp", 1_767_322_800.5);
    assert!(world.verify(&world.issuer.sign(&soon)).await.is_ok());
    for exp in [json!(-1), json!(0), json!(-1e300), json!(i64::MIN)] {
        let token = world.issuer.sign(&claims_with("exp", exp.clone()));
        assert_eq!(world.verify(&token).await.err(), Some(Error::Expired), "{exp}");
    }
    for exp in [json!(1e300), json!(u64::MAX)] {
        let token = world.issuer.sign(&claims_with("exp", exp.clone()));
        assert!(world.verify(&token).await.is_ok(), "{exp}");
    }
    // Only an otherwise valid token is reported as expired.
    let foreign = json!({ "sub": "ada", "iss": ISSUER, "aud": "others", "exp": 1 });
    assert_eq!(world.refusal(&world.issuer.sign(&foreign)).await, Refusal::WrongAudience);
}

#[tokio::test]
async fn claims_are_an_object_without_duplicate_fields() {
    let world = World::new();
    let good = claims("ada").to_string();
    let twice = |name: &str, value: &str| good.replacen('{', &format!(r#"{{"{name}":{value},"#), 1);
    for payload in [
        String::new(),
        "null".into(),
        "[]".into(),
        format!("[{good}]"),
        "{".into(),
        format!("{good}{good}"),
        twice("exp", "1e999"),
        twice("sub", r#""bob""#),
        twice("exp", "1"),
        twice("iss", r#""other""#),
        twice(r"\u0073ub", r#""bob""#),
        twice("x", "1").replacen('{', r#"{"x":2,"#, 1),
        good.replace("ada", r"\ud800"),
        good.replace("ada", "a\nb"),
        format!(r#"{{"x":{}}}"#, "[".repeat(5000)),
    ] {
        let header = json!({ "alg": "EdDSA", "kid": "first" }).to_string();
        let token = world.issuer.sign_text(header, &payload);
        assert_eq!(world.refusal(&token).await, Refusal::BadClaims, "{payload}");
    }
}

#[tokio::test]
async fn claims_that_the_application_cannot_read_are_refused() {
    #[derive(Debug, serde::Deserialize)]
    struct Scoped {
        #[expect(dead_code, reason = "only its presence matters")]
        scope: String,
    }

    let world = World::new();
    let outcome = world.verifier.verify::<Scoped>(&world.token("ada")).await;
    assert_eq!(outcome.err(), Some(Refusal::UnexpectedClaims.into()));
    let token = world.issuer.sign(&claims_with("scope", "tasks"));
    assert!(world.verifier.verify::<Scoped>(&token).await.is_ok());
    assert_eq!(world.verifier.verify::<Value>(&token).await.unwrap()["scope"], "tasks");
}
