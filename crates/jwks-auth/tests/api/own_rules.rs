//! An application's own conditions for the claims of an issuer's tokens.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use jwks_auth::{Error, Refusal, TrustedIssuer, Verifier, testing::Issuer};
use serde_json::{Value, json};

const AUDIENCE: &str = "https://api.example.com";

fn claims(issuer: &str, more: &Value) -> Value {
    let mut claims =
        json!({ "sub": "ada", "iss": issuer, "aud": AUDIENCE, "exp": 4_102_444_800_u64 });
    claims.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    claims
}

async fn outcome(verifier: &Verifier, token: &str) -> Result<(), Error> {
    verifier.verify::<Value>(token).await.map(drop)
}

#[tokio::test]
async fn all_rules_must_hold_for_the_tokens_of_their_issuer() {
    let signer = Issuer::new("key", 1);
    let strict = TrustedIssuer::with_source("strict", AUDIENCE, signer.keys())
        .require_claims(|claims| claims.get("email_verified") == Some(&Value::Bool(true)))
        .require_claims(|claims| claims.get("azp").and_then(Value::as_str) == Some("web"));
    let lax = TrustedIssuer::with_source("lax", AUDIENCE, signer.keys());
    let verifier = Verifier::builder(strict).also_trust(lax).build().unwrap();
    for (more, is_accepted) in [
        (json!({ "email_verified": true, "azp": "web" }), true),
        (json!({ "email_verified": "true", "azp": "web" }), false),
        (json!({ "email_verified": true, "azp": "cli" }), false),
        (json!({ "email_verified": false, "azp": "web" }), false),
        (json!({}), false),
    ] {
        let expected = if is_accepted { Ok(()) } else { Err(Refusal::UnexpectedClaims.into()) };
        let token = signer.sign(&claims("strict", &more));
        assert_eq!(outcome(&verifier, &token).await, expected, "{more}");
        let token = signer.sign(&claims("lax", &more));
        assert_eq!(outcome(&verifier, &token).await, Ok(()), "{more}");
    }
}

#[tokio::test]
async fn rules_see_only_verified_claims_and_are_asked_once() {
    let (signer, thief) = (Issuer::new("key", 1), Issuer::new("key", 2));
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&calls);
    let trusted = TrustedIssuer::with_source("me", AUDIENCE, signer.keys());
    let trusted = trusted.require_claims(move |_| counted.fetch_add(1, Ordering::SeqCst) < 9);
    let verifier = Verifier::builder(trusted).build().unwrap();
    let forged = thief.sign(&claims("me", &json!({})));
    assert_eq!(outcome(&verifier, &forged).await, Err(Refusal::BadSignature.into()));
    let for_others = signer.sign(&claims("me", &json!({ "aud": "them" })));
    assert_eq!(outcome(&verifier, &for_others).await, Err(Refusal::WrongAudience.into()));
    assert_eq!(calls.load(Ordering::SeqCst), 0);
    let token = signer.sign(&claims("me", &json!({})));
    for _ in 0..3 {
        assert_eq!(outcome(&verifier, &token).await, Ok(()));
    }
    assert_eq!(calls.load(Ordering::SeqCst), 1);
}
