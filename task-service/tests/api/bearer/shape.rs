//! Rules R7 to R12: the format and transmission of tokens, the response to invalid ones, and keys
//! that must not be used.

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use database::{on_both_engines, testing::TestDatabase};
use jwks_auth::testing::Issuer;
use reqwest::StatusCode;
use serde_json::json;

use super::{refuse_all, with};
use crate::app::{KeyServer, TestApp, claims};

on_both_engines!(task_service::MIGRATIONS;
    r07_tokens_that_are_not_canonical_are_refused,
    r07_duplicate_fields_are_refused,
    r08_every_refusal_looks_the_same,
    r09_a_valid_token_is_accepted_whatever_the_case_of_bearer,
    r09_exactly_one_authorization_header_is_accepted,
    r10_huge_tokens_and_raw_bytes_are_refused_without_harm,
    r11_keys_for_other_uses_and_weak_keys_verify_nothing,
    r12_a_session_token_is_no_token,
);

async fn r07_tokens_that_are_not_canonical_are_refused(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let good = app.token("ada");
    let parts: Vec<&str> = good.split('.').collect();
    let (header, payload, signature) = (parts[0], parts[1], parts[2]);
    let mut bits = BASE64_URL_SAFE_NO_PAD.decode(signature).unwrap();
    // Adds the order of the group to S. A lenient verifier accepts the resulting signature too.
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
    // In the base64url encoding of 64 bytes, the last character has four unused bits.
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

async fn r07_duplicate_fields_are_refused(db: TestDatabase) {
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

async fn r08_every_refusal_looks_the_same(db: TestDatabase) {
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

async fn r09_a_valid_token_is_accepted_whatever_the_case_of_bearer(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    for scheme in ["Bearer", "bearer", "BEARER", "Bearer ", "bearer   "] {
        let credentials = format!("{scheme} {}", app.token("ada"));
        let request = app.client.get(app.url("/api/tasks")).header("authorization", credentials);
        assert_eq!(request.send().await.unwrap().status(), StatusCode::OK, "{scheme}");
    }
}

async fn r09_exactly_one_authorization_header_is_accepted(db: TestDatabase) {
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

async fn r11_keys_for_other_uses_and_weak_keys_verify_nothing(db: TestDatabase) {
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
        let token = app.token("ada");
        let (signed, _) = token.rsplit_once('.').unwrap();
        for token in [&token, &format!("{signed}.{}", signature_for_the_neutral_point())] {
            assert_eq!(app.status_for(token).await, StatusCode::UNAUTHORIZED, "{member}");
        }
    }
}

/// Returns a signature whose R is the base point and whose S is 1. With the neutral element as the
/// key, it is valid for any message.
fn signature_for_the_neutral_point() -> String {
    let mut signature = [0x66; 64];
    signature[0] = 0x58;
    signature[32..].fill(0);
    signature[32] = 1;
    BASE64_URL_SAFE_NO_PAD.encode(signature)
}

async fn r10_huge_tokens_and_raw_bytes_are_refused_without_harm(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let good = app.token("ada");
    for token in [
        b"a".repeat(1 << 20),
        b"a".repeat(9 << 10),
        b".".repeat(30_000),
        b"a.".repeat(15_000),
        [good.as_bytes(), &[0xff; 100]].concat(),
        (0x80..=0xff).collect(),
    ] {
        let credentials = [b"Bearer ", &*token].concat();
        let request = app.client.get(app.url("/api/tasks")).header("authorization", credentials);
        // If the head exceeds the size limit, closing the connection is also acceptable.
        if let Ok(response) = request.send().await {
            assert!(response.status().is_client_error(), "{}", response.status());
        }
        assert_eq!(app.status_for(&good).await, StatusCode::OK);
    }
    let mut claims = claims("ada");
    claims["note"] = "a".repeat(8 << 10).into();
    let long = app.keys.issuer().sign(&claims);
    assert_eq!(app.status_for(&long).await, StatusCode::UNAUTHORIZED);
}

/// Session tokens have 32 letters and digits; in a cookie, they are followed by a signature.
async fn r12_a_session_token_is_no_token(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let session = "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6";
    let signed = format!("{session}.q0ZG5yvkVvvpT6Cd2Ymn4pKHYwRCKB5ClnL7J0pl8Ig=");
    let both = [session.to_owned(), signed].map(|token| ("a session".to_owned(), token));
    refuse_all(&app, both).await;
    for name in ["better-auth.session_token", "__Secure-better-auth.session_token"] {
        let cookie = format!("{name}={session}");
        let request = app.client.get(app.url("/api/tasks")).header("cookie", cookie);
        assert_eq!(request.send().await.unwrap().status(), StatusCode::UNAUTHORIZED, "{name}");
    }
}
