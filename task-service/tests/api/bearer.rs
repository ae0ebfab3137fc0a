//! The rules of token verification, R1 to R12. The name of each test gives the number of its rule
//! and states what the rule requires.

mod issuers;
mod shape;

use database::{on_both_engines, testing::TestDatabase};
use jwks_auth::testing::Issuer;
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::app::{AUDIENCE, ISSUER, KeyServer, TestApp, claims, now, problem};

on_both_engines!(task_service::MIGRATIONS;
    r01_only_eddsa_by_a_published_key_is_accepted,
    r02_keys_inside_a_token_are_ignored,
    r03_unsupported_header_parameters_are_refused,
    r04_every_registered_claim_is_required_with_its_type,
    r04_dates_have_a_small_tolerance,
    r05_issuer_and_audience_are_compared_byte_for_byte,
    r06_a_subject_must_be_storable,
);

async fn refuse_all(app: &TestApp, tokens: impl IntoIterator<Item = (String, String)>) {
    assert_eq!(app.status_for(&app.token("ada")).await, StatusCode::OK);
    for (what, token) in tokens {
        assert_eq!(app.status_for(&token).await, StatusCode::UNAUTHORIZED, "{what}");
    }
}

fn with(name: &str, value: impl Into<Value>) -> Value {
    let mut claims = claims("ada");
    claims[name] = value.into();
    claims
}

async fn r01_only_eddsa_by_a_published_key_is_accepted(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let (issuer, claims) = (app.keys.issuer(), claims("ada"));
    let algorithms =
        ["none", "None", "HS256", "RS256", "ES256", "eddsa", "EDDSA", "ed25519", "", " EdDSA"];
    let by_algorithm = algorithms.map(|alg| {
        let header = json!({ "alg": alg, "kid": "first" });
        (format!("alg {alg:?}"), issuer.sign_with_header(&header, &claims))
    });
    let headers = [
        json!({ "kid": "first" }),
        json!({ "alg": null, "kid": "first" }),
        json!({ "alg": ["EdDSA"], "kid": "first" }),
        json!({ "alg": "EdDSA", "kid": 1 }),
        json!({ "alg": "EdDSA", "kid": "other" }),
        json!({ "alg": "EdDSA", "kid": "http://evil.test/key" }),
        json!({ "alg": "EdDSA", "kid": "../first" }),
    ]
    .map(|header| (header.to_string(), issuer.sign_with_header(&header, &claims)));
    let forged = ("another key".to_owned(), Issuer::new("first", 9).sign(&claims));
    let unsigned = issuer.sign_with_header(&json!({ "alg": "none", "kid": "first" }), &claims);
    let unsigned = unsigned.rsplit_once('.').unwrap().0.to_owned() + ".";
    let all = by_algorithm.into_iter().chain(headers);
    refuse_all(&app, all.chain([forged, ("no signature".to_owned(), unsigned)])).await;
}

async fn r02_keys_inside_a_token_are_ignored(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let thief_server = KeyServer::start();
    let thief = Issuer::new("thief", 7);
    thief_server.publish(&[thief.jwk()]);
    let url = thief_server.url().to_string();
    let headers = [
        json!({ "alg": "EdDSA", "kid": "first", "jwk": thief.jwk() }),
        json!({ "alg": "EdDSA", "kid": "thief", "jku": url }),
        json!({ "alg": "EdDSA", "kid": "first", "x5u": url, "x5c": ["MIIB"] }),
        json!({ "alg": "EdDSA", "kid": url }),
    ];
    let mut claims = claims("ada");
    let mut tokens = Vec::new();
    for header in headers {
        tokens.push((header.to_string(), thief.sign_with_header(&header, &claims)));
    }
    claims["iss"] = url.into();
    tokens.push(("iss".to_owned(), thief.sign(&claims)));
    refuse_all(&app, tokens).await;
    assert_eq!(thief_server.fetches(), 0);
}

async fn r03_unsupported_header_parameters_are_refused(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let (issuer, claims) = (app.keys.issuer(), claims("ada"));
    let tokens = [
        json!({ "crit": ["exp"] }),
        json!({ "crit": [] }),
        json!({ "crit": null }),
        json!({ "b64": false, "crit": ["b64"] }),
        json!({ "b64": false }),
        json!({ "typ": "logout+jwt" }),
        json!({ "typ": 1 }),
        json!({ "enc": "A256GCM" }),
        json!({ "zip": "DEF" }),
    ]
    .map(|extra| {
        let mut header = json!({ "alg": "EdDSA", "kid": "first" });
        header.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        (header.to_string(), issuer.sign_with_header(&header, &claims))
    });
    refuse_all(&app, tokens).await;
    for typ in ["JWT", "jwt", "at+jwt", "application/at+jwt"] {
        let header = json!({ "alg": "EdDSA", "kid": "first", "typ": typ });
        let token = issuer.sign_with_header(&header, &claims);
        assert_eq!(app.status_for(&token).await, StatusCode::OK, "{typ}");
    }
}

async fn r04_every_registered_claim_is_required_with_its_type(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let issuer = app.keys.issuer();
    let mut tokens = Vec::new();
    for name in ["exp", "iss", "aud", "sub"] {
        let mut without = claims("ada");
        without.as_object_mut().unwrap().remove(name);
        tokens.push((format!("no {name}"), issuer.sign(&without)));
        for value in [json!(null), json!({}), json!([]), json!(true), json!("")] {
            let what = format!("{name} {value}");
            tokens.push((what, issuer.sign(&with(name, value))));
        }
    }
    for name in ["exp", "nbf", "iat"] {
        for value in [json!("1"), json!(null), json!([1]), json!(now().to_string())] {
            let what = format!("{name} {value}");
            tokens.push((what, issuer.sign(&with(name, value))));
        }
    }
    for payload in ["", "null", "[]", "1", "{", r#"{"exp":1e999}"#] {
        let header = r#"{"alg":"EdDSA","kid":"first"}"#;
        tokens.push((payload.to_owned(), issuer.sign_text(header, payload)));
    }
    refuse_all(&app, tokens).await;
}

async fn r04_dates_have_a_small_tolerance(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let (issuer, now) = (app.keys.issuer(), now());
    for (what, good) in [
        ("exp a moment ago", with("exp", now - 10)),
        ("a fraction", with("exp", 3600.5 + f64::from(u32::try_from(now).unwrap()))),
        ("iat ahead a little", with("iat", now + 10)),
        ("nbf ahead a little", with("nbf", now + 10)),
    ] {
        assert_eq!(app.status_for(&issuer.sign(&good)).await, StatusCode::OK, "{what}");
    }
    for name in ["iat", "nbf"] {
        let token = issuer.sign(&with(name, now + 120));
        assert_eq!(app.status_for(&token).await, StatusCode::UNAUTHORIZED, "{name}");
    }
    for exp in [json!(now - 61), json!(0), json!(-1), json!(-1e300)] {
        let response = app.get("/api/tasks", &issuer.sign(&with("exp", exp))).await;
        assert_eq!(response.headers()["www-authenticate"], r#"Bearer error="invalid_token""#);
        assert_eq!(problem(response).await["detail"], "Token has expired");
    }
}

async fn r05_issuer_and_audience_are_compared_byte_for_byte(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let issuer = app.keys.issuer();
    let mut tokens = Vec::new();
    for (name, right) in [("iss", ISSUER), ("aud", AUDIENCE)] {
        for value in [
            format!("{right}/"),
            right.to_uppercase(),
            right[..right.len() - 1].to_owned(),
            format!(" {right}"),
            right.replace("http", "https"),
        ] {
            tokens.push((format!("{name} {value}"), issuer.sign(&with(name, value))));
        }
    }
    tokens.push(("iss array".to_owned(), issuer.sign(&with("iss", json!([ISSUER])))));
    for aud in [json!(["other"]), json!([AUDIENCE, 1]), json!([[AUDIENCE]])] {
        tokens.push((format!("aud {aud}"), issuer.sign(&with("aud", aud))));
    }
    refuse_all(&app, tokens).await;
    let several = issuer.sign(&with("aud", json!(["other", AUDIENCE])));
    assert_eq!(app.status_for(&several).await, StatusCode::OK);
}

async fn r06_a_subject_must_be_storable(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let issuer = app.keys.issuer();
    let long = "x".repeat(256);
    let mut tokens: Vec<_> = ["", " ", "\u{3000}", "a\0b", "a\nb", &long]
        .map(|sub| (format!("{sub:?}"), issuer.sign(&with("sub", sub))))
        .into();
    let header = r#"{"alg":"EdDSA","kid":"first"}"#;
    let surrogate = claims("SUB").to_string().replace("SUB", r"\ud800");
    tokens.push(("a surrogate".to_owned(), issuer.sign_text(header, &surrogate)));
    tokens.push(("a number".to_owned(), issuer.sign(&with("sub", 42))));
    refuse_all(&app, tokens).await;
}
