//! Which tokens are good: R1 to R12 of the verification rules, each by trying to break it.

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use jwks_auth::testing::Issuer;
use reqwest::StatusCode;
use serde_json::{Value, json};
use service_kit::{on_both_engines, testing::TestDatabase};

use crate::app::{AUDIENCE, ISSUER, KeyServer, TestApp, claims, now, problem};

on_both_engines!(task_service::MIGRATIONS;
    a_good_token_is_accepted_whatever_the_case_of_bearer,
    only_eddsa_by_a_published_key_is_accepted,
    keys_that_a_token_brings_along_are_not_looked_at,
    a_header_that_asks_for_more_is_refused,
    every_registered_claim_is_required_with_its_type,
    issuer_and_audience_are_compared_byte_for_byte,
    dates_have_a_small_tolerance,
    a_subject_must_be_storable,
    tokens_that_are_not_canonical_are_refused,
    repeated_members_are_refused,
    exactly_one_authorization_header_is_looked_at,
    every_refusal_looks_the_same,
    keys_for_other_uses_and_weak_keys_verify_nothing,
);

async fn a_good_token_is_accepted_whatever_the_case_of_bearer(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    for scheme in ["Bearer", "bearer", "BEARER"] {
        let credentials = format!("{scheme} {}", app.token("ada"));
        let request = app.client.get(app.url("/api/tasks")).header("authorization", credentials);
        assert_eq!(request.send().await.unwrap().status(), StatusCode::OK, "{scheme}");
    }
}

async fn refuse_all(app: &TestApp, tokens: impl IntoIterator<Item = (String, String)>) {
    assert_eq!(app.status_for(&app.token("ada")).await, StatusCode::OK);
    for (what, token) in tokens {
        assert_eq!(app.status_for(&token).await, StatusCode::UNAUTHORIZED, "{what}");
    }
}

async fn only_eddsa_by_a_published_key_is_accepted(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let (issuer, claims) = (app.keys.issuer(), claims("ada"));
    let algorithms =
        ["none", "None", "HS256", "RS256", "ES256", "eddsa", "EDDSA", "Ed25519", "", " EdDSA"];
    let by_algorithm = algorithms.map(|alg| {
        let header = json!({ "alg": alg, "kid": "first" });
        (format!("alg {alg:?}"), issuer.sign_with_header(&header, &claims))
    });
    let headers = [
        json!({ "kid": "first" }),
        json!({ "alg": null, "kid": "first" }),
        json!({ "alg": ["EdDSA"], "kid": "first" }),
        json!({ "alg": "EdDSA" }),
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

async fn keys_that_a_token_brings_along_are_not_looked_at(db: TestDatabase) {
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

async fn a_header_that_asks_for_more_is_refused(db: TestDatabase) {
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

fn with(name: &str, value: impl Into<Value>) -> Value {
    let mut claims = claims("ada");
    claims[name] = value.into();
    claims
}

async fn every_registered_claim_is_required_with_its_type(db: TestDatabase) {
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

async fn issuer_and_audience_are_compared_byte_for_byte(db: TestDatabase) {
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

async fn dates_have_a_small_tolerance(db: TestDatabase) {
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

async fn a_subject_must_be_storable(db: TestDatabase) {
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

async fn tokens_that_are_not_canonical_are_refused(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let good = app.token("ada");
    let parts: Vec<&str> = good.split('.').collect();
    let (header, payload, signature) = (parts[0], parts[1], parts[2]);
    let mut bits = BASE64_URL_SAFE_NO_PAD.decode(signature).unwrap();
    // The order of the group, added to S: the same signature to a careless reader.
    let mut carry = 0_u16;
    let order = [
        0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde,
        0x14, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
    ];
    for (byte, add) in bits[32..].iter_mut().zip(order) {
        let sum = u16::from(*byte) + add + carry;
        *byte = u8::try_from(sum & 0xff).unwrap();
        carry = sum >> 8;
    }
    let malleable = BASE64_URL_SAFE_NO_PAD.encode(&bits);
    let identity_r = BASE64_URL_SAFE_NO_PAD.encode([[1_u8].as_slice(), &[0; 63]].concat());
    // The last character of 64 bytes in base64url holds four unused bits.
    let last = signature.chars().last().unwrap();
    let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let index = alphabet.find(last).unwrap();
    let trailing = format!("{}{}", &signature[..85], &alphabet[index + 1..=index + 1]);
    refuse_all(
        &app,
        [
            ("S plus L", format!("{header}.{payload}.{malleable}")),
            ("R of small order", format!("{header}.{payload}.{identity_r}")),
            ("trailing bits", format!("{header}.{payload}.{trailing}")),
            ("padding", format!("{header}.{payload}.{signature}==")),
            ("padded header", format!("{header}=.{payload}.{signature}")),
            ("a short signature", format!("{header}.{payload}.{}", &signature[..80])),
            ("no signature", format!("{header}.{payload}.")),
            ("two parts", format!("{header}.{payload}")),
            ("four parts", format!("{good}.{signature}")),
            ("five parts", format!("{header}..{payload}..{signature}")),
            ("a blank inside", format!("{header}. {payload}.{signature}")),
            ("the standard alphabet", good.replace('-', "+").replace('_', "/") + "+"),
            ("json", json!({ "payload": payload, "signatures": [] }).to_string()),
            ("quotes", format!("\"{good}\"")),
            ("a comma", format!("{good},{good}")),
        ]
        .map(|(what, token)| (what.to_owned(), token)),
    )
    .await;
}

async fn repeated_members_are_refused(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let issuer = app.keys.issuer();
    let header = r#"{"alg":"EdDSA","kid":"first"}"#;
    let claims = claims("ada").to_string();
    let twice =
        |name: &str, value: &str| claims.replacen('{', &format!(r#"{{"{name}":{value},"#), 1);
    let tokens = [
        ("alg", r#"{"alg":"none","alg":"EdDSA","kid":"first"}"#.to_owned(), claims.clone()),
        ("kid", r#"{"kid":"x","alg":"EdDSA","kid":"first"}"#.to_owned(), claims.clone()),
        ("sub", header.to_owned(), twice("sub", r#""bob""#)),
        ("exp", header.to_owned(), twice("exp", "1")),
        ("other", header.to_owned(), twice("x", "1").replacen('{', r#"{"x":2,"#, 1)),
    ]
    .map(|(what, header, claims)| (what.to_owned(), issuer.sign_text(&header, &claims)));
    refuse_all(&app, tokens).await;
}

async fn exactly_one_authorization_header_is_looked_at(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let token = app.token("ada");
    let bearer = format!("Bearer {token}");
    let get = || app.client.get(app.url("/api/tasks"));
    let twice = get().header("authorization", &bearer).header("authorization", &bearer);
    let form = app
        .client
        .post(app.url("/api/tasks"))
        .header("content-type", "application/x-www-form-urlencoded")
        .body(format!("access_token={token}"));
    for (what, request) in [
        ("two headers", twice),
        ("a query", app.client.get(app.url(&format!("/api/tasks?access_token={token}")))),
        ("a cookie", get().header("cookie", format!("access_token={token}"))),
        ("a form", form),
        ("basic", get().basic_auth("ada", Some(&token))),
        ("no scheme", get().header("authorization", &token)),
        ("a tab", get().header("authorization", format!("Bearer\t{token}"))),
        ("high bytes", get().header("authorization", b"Bearer \xff\xfe".as_slice())),
    ] {
        let status = request.send().await.unwrap().status();
        assert_eq!(status, StatusCode::UNAUTHORIZED, "{what}");
    }
}

async fn every_refusal_looks_the_same(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let issuer = app.keys.issuer();
    let mut bodies = Vec::new();
    for token in [
        "nonsense".to_owned(),
        Issuer::new("first", 9).sign(&claims("ada")),
        issuer.sign(&with("iss", "other")),
        issuer.sign(&with("sub", 1)),
    ] {
        let response = app.get("/api/tasks", &token).await;
        assert_eq!(response.headers()["www-authenticate"], r#"Bearer error="invalid_token""#);
        bodies.push(response.text().await.unwrap());
    }
    bodies.push(app.client.get(app.url("/api/tasks")).send().await.unwrap().text().await.unwrap());
    assert!(bodies.iter().all(|body| *body == bodies[0]), "{bodies:?}");
    let expired = app.get("/api/tasks", &issuer.sign(&with("exp", 1))).await.text().await.unwrap();
    assert_eq!(expired.replace("Token has expired", "Invalid token"), bodies[0]);
}

async fn keys_for_other_uses_and_weak_keys_verify_nothing(db: TestDatabase) {
    for (member, value) in [
        ("use", json!("enc")),
        ("key_ops", json!(["sign"])),
        ("alg", json!("ES256")),
        ("crv", json!("X25519")),
        ("crv", json!("Ed448")),
        ("kty", json!("EC")),
        ("x", json!("AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")),
        ("x", json!("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")),
        ("x", json!("short")),
    ] {
        let keys = KeyServer::start();
        let mut jwk = keys.issuer().jwk();
        jwk[member] = value;
        keys.publish(&[jwk]);
        let app = TestApp::spawn_trusting(keys, &db, |_| {}).await;
        let status = app.status_for(&app.token("ada")).await;
        assert_eq!(status, StatusCode::UNAUTHORIZED, "{member}");
    }
}
