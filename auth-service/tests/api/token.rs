//! `GET /api/auth/token` and the JWKS endpoint.

use auth_service::config::JwtAlgorithm;
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use database::{on_both_engines, testing::TestDatabase};
use ed25519_dalek::{Signature, VerifyingKey};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::app::{
    Answering as _, BASE_URL, DAY, GET_SESSION, JWKS, PASSWORD, SIGN_OUT, SIGN_UP, START_SHOWN,
    TOKEN, TestApp, config, count, members,
};

const JWKS_PATHS: [&str; 3] = [JWKS, "/jwks", "/.well-known/jwks.json"];

on_both_engines!(auth_service::MIGRATIONS;
    a_token_carries_the_user_and_the_registered_claims,
    a_token_verifies_with_the_published_key_and_a_tampered_one_does_not,
    the_algorithm_may_have_its_newer_name,
    a_user_of_any_size_fits_into_a_header,
    each_call_signs_a_new_token,
    the_session_response_contains_the_same_kind_of_token,
    issuer_and_audience_come_from_the_configuration_alone,
    a_token_outlives_its_session_but_a_new_one_requires_a_session,
    the_published_keys_are_public,
    three_paths_publish_the_same_keys,
    known_keys_are_not_sent_again,
    twenty_first_requests_make_one_key,
    services_that_start_at_once_on_one_database_share_one_key,
    a_key_survives_a_restart,
);

/// Returns the header and claims of a token, or `None` if no published key verifies its signature.
pub(crate) fn verified(token: &str, jwks: &Value) -> Option<(Value, Value)> {
    let [header, claims, signature] = token.split('.').collect::<Vec<_>>()[..] else { return None };
    let decode = |text: &str| BASE64_URL_SAFE_NO_PAD.decode(text).ok();
    let header_json: Value = serde_json::from_slice(&decode(header)?).ok()?;
    let key = jwks["keys"].as_array()?.iter().find(|key| key["kid"] == header_json["kid"])?;
    let key = VerifyingKey::from_bytes(&decode(key["x"].as_str()?)?.try_into().ok()?).ok()?;
    let signature = Signature::from_slice(&decode(signature)?).ok()?;
    key.verify_strict(format!("{header}.{claims}").as_bytes(), &signature).ok()?;
    Some((header_json, serde_json::from_slice(&decode(claims)?).ok()?))
}

pub(crate) async fn jwks(app: &TestApp) -> Value {
    app.get(JWKS).answer().await.json()
}

async fn a_token_carries_the_user_and_the_registered_claims(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let ada = app.sign_up("ada@example.com").await;
    let session = app.get_session(&ada.cookie).await.json()["session"].take();

    let answer = app.get(TOKEN).header("cookie", &ada.cookie).answer().await;

    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert!(answer.cookies().is_empty());
    let body = answer.json();
    assert_eq!(members(&body), ["token"]);
    let keys = jwks(&app).await;
    let (header, claims) = verified(body["token"].as_str().unwrap(), &keys).unwrap();
    assert_eq!(header, json!({ "alg": "EdDSA", "kid": keys["keys"][0]["kid"] }));
    let id = ada.user["id"].as_str().unwrap();
    assert_eq!(
        claims,
        json!({
            "iat": 1_767_322_800,
            "name": "Ada",
            "email": "ada@example.com",
            "emailVerified": false,
            "image": null,
            "createdAt": START_SHOWN,
            "updatedAt": START_SHOWN,
            "id": id,
            "sub": id,
            "exp": 1_767_322_800 + DAY,
            "iss": BASE_URL,
            "aud": BASE_URL,
            "jti": claims["jti"].as_str().unwrap(),
            "sid": session["id"],
        })
    );
}

async fn a_token_verifies_with_the_published_key_and_a_tampered_one_does_not(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let ada = app.sign_up("ada@example.com").await;
    let token = app.token(&ada).await;
    let keys = jwks(&app).await;

    let (header, mut claims) = verified(&token, &keys).unwrap();
    claims["email"] = json!("eve@example.com");
    let parts: Vec<_> = token.split('.').collect();
    let other_claims = BASE64_URL_SAFE_NO_PAD.encode(claims.to_string());

    assert!(header["alg"] == "EdDSA");
    let tampered = format!("{}.{other_claims}.{}", parts[0], parts[2]);
    assert_eq!(verified(&tampered, &keys), None);
}

async fn the_algorithm_may_have_its_newer_name(db: TestDatabase) {
    let app = TestApp::spawn_with(&db, |config| config.jwt_alg = JwtAlgorithm::Ed25519).await;
    let ada = app.sign_up("ada@example.com").await;
    let token = app.token(&ada).await;
    let keys = jwks(&app).await;

    let (header, _) = verified(&token, &keys).unwrap();
    assert_eq!(header, json!({ "alg": "Ed25519", "kid": keys["keys"][0]["kid"] }));
    assert_eq!(keys["keys"][0]["alg"], "Ed25519");
}

async fn a_user_of_any_size_fits_into_a_header(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let keys = jwks(&app).await;
    let short = "data:image/png;base64,iVBORw0KGgo=";
    let long = format!("data:image/png;base64,{}", "A".repeat(500_000));

    for (i, (name, image, name_in_token, image_in_token)) in [
        ("Ada".to_owned(), short, "Ada".to_owned(), json!(short)),
        ("é".repeat(100_000), &long, "é".repeat(256), json!(null)),
    ]
    .into_iter()
    .enumerate()
    {
        let email = format!("ada{i}@example.com");
        let body = json!({ "name": name, "email": email, "password": PASSWORD, "image": image });
        let ada = app.post(SIGN_UP).json(&body).answer().await.signed_in();

        let answer = app.get_session(&ada.cookie).await;

        assert_eq!(answer.json()["user"], ada.user);
        assert_eq!((&ada.user["name"], &ada.user["image"]), (&json!(name), &json!(image)));
        let jwt = answer.header("set-auth-jwt").unwrap();
        assert!(jwt.len() < 8192, "{}", jwt.len());
        let (_, claims) = verified(jwt, &keys).unwrap();
        assert_eq!(claims["name"], name_in_token);
        assert_eq!(claims["image"], image_in_token);
    }
}

async fn each_call_signs_a_new_token(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let ada = app.sign_up("ada@example.com").await;

    let (first, second) = (app.token(&ada).await, app.token(&ada).await);

    let keys = jwks(&app).await;
    let claims = [first, second].map(|token| verified(&token, &keys).unwrap().1);
    assert_ne!(claims[0]["jti"], claims[1]["jti"]);
    assert_eq!(claims[0]["sid"], claims[1]["sid"]);
    let other = app.sign_in("ada@example.com").await;
    let (_, of_another_session) = verified(&app.token(&other).await, &keys).unwrap();
    assert_ne!(of_another_session["sid"], claims[0]["sid"]);
    assert_eq!(of_another_session["sub"], claims[0]["sub"]);
}

async fn the_session_response_contains_the_same_kind_of_token(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let ada = app.sign_up("ada@example.com").await;
    let keys = jwks(&app).await;

    let answer = app.get_session(&ada.cookie).await;
    let (header, claims) = verified(answer.header("set-auth-jwt").unwrap(), &keys).unwrap();
    let (same_header, same_claims) = verified(&app.token(&ada).await, &keys).unwrap();

    assert_eq!(header, same_header);
    assert_eq!(members(&claims), members(&same_claims));
    assert_eq!(claims["sub"], same_claims["sub"]);
}

async fn issuer_and_audience_come_from_the_configuration_alone(db: TestDatabase) {
    let hostile = [
        ("host", "evil.example"),
        ("x-forwarded-host", "evil.example"),
        ("x-forwarded-proto", "https"),
        ("forwarded", "host=evil.example;proto=https"),
    ];
    for (issuer, audience) in [(None, None), (Some("urn:issuer"), Some("urn:audience"))] {
        let app = TestApp::spawn_with(&db, |config| {
            config.better_auth_issuer = issuer.map(str::to_owned);
            config.better_auth_audience = audience.map(str::to_owned);
            config.jwt_expires_in = std::time::Duration::from_secs(90);
        })
        .await;
        let ada = app.sign_up(&format!("ada{}@example.com", issuer.is_some())).await;

        let mut request = app.get(TOKEN).bearer_auth(&ada.token);
        for (name, value) in hostile {
            request = request.header(name, value);
        }
        let token = request.answer().await.json()["token"].take();

        let (_, claims) = verified(token.as_str().unwrap(), &jwks(&app).await).unwrap();
        assert_eq!(claims["iss"], issuer.unwrap_or(BASE_URL));
        assert_eq!(claims["aud"], audience.unwrap_or(BASE_URL));
        assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), 90);
    }
}

async fn a_token_outlives_its_session_but_a_new_one_requires_a_session(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let ada = app.sign_up("ada@example.com").await;
    let token = app.token(&ada).await;

    app.post(SIGN_OUT).bearer_auth(&ada.token).answer().await;

    assert!(verified(&token, &jwks(&app).await).is_some());
    let answer = app.get(TOKEN).bearer_auth(&ada.token).answer().await;
    answer.is_error(401, "UNAUTHORIZED", "Unauthorized");
}

async fn the_published_keys_are_public(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;

    let answer = app.get(JWKS).answer().await;

    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type"), Some("application/json"));
    let body = answer.json();
    assert_eq!(members(&body), ["keys"]);
    let [key] = body["keys"].as_array().unwrap().as_slice() else { panic!("{body}") };
    let (kid, x) = (key["kid"].as_str().unwrap(), key["x"].as_str().unwrap());
    assert_eq!(*key, json!({ "alg": "EdDSA", "crv": "Ed25519", "kty": "OKP", "kid": kid, "x": x }));
    assert!(!kid.is_empty());
    assert_eq!(BASE64_URL_SAFE_NO_PAD.decode(x).unwrap().len(), 32);
}

async fn three_paths_publish_the_same_keys(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let first = app.get(JWKS).answer().await;

    for path in JWKS_PATHS {
        let answer = app.get(path).answer().await;
        assert_eq!(answer.body, first.body, "{path}");
        assert_eq!(answer.stable_headers(), first.stable_headers(), "{path}");
    }
}

async fn known_keys_are_not_sent_again(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let first = app.get(JWKS).answer().await;
    let tag = first.header("etag").unwrap();
    assert!(tag.starts_with('"') && tag.ends_with('"') && tag.len() > 2, "{tag}");
    assert_eq!(first.header("cache-control"), Some("public, max-age=60"));

    for path in JWKS_PATHS {
        for known in [tag, "*", &format!("W/{tag}"), &format!("\"other\", {tag}")] {
            let answer = app.get(path).header("if-none-match", known).answer().await;
            assert_eq!((answer.status, answer.body.as_str()), (304, ""), "{path} {known}");
            assert_eq!(answer.header("etag"), Some(tag));
            assert_eq!(answer.header("cache-control"), Some("public, max-age=60"));
        }
        for unknown in ["", "\"other\"", tag.trim_matches('"'), "\u{ff}"] {
            let answer = app.get(path).header("if-none-match", unknown).answer().await;
            assert_eq!((answer.status, &answer.body), (200, &first.body), "{path} {unknown}");
        }
    }
}

async fn twenty_first_requests_make_one_key(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let mut race = JoinSet::new();
    for i in 0..20 {
        race.spawn_local(app.get(JWKS_PATHS[i % JWKS_PATHS.len()]).answer());
    }

    let answers = race.join_all().await;

    for answer in &answers {
        assert_eq!((answer.status, &answer.body), (200, &answers[0].body));
    }
    assert_eq!(count(&db, "signing_keys").await, 1);
}

async fn services_that_start_at_once_on_one_database_share_one_key(db: TestDatabase) {
    let mut starts = JoinSet::new();
    for _ in 0..6 {
        starts.spawn_local(TestApp::start(config(&db.url)));
    }
    let apps: Vec<_> = starts.join_all().await.into_iter().map(Result::unwrap).collect();
    let ada = apps[0].sign_up("ada@example.com").await;
    let mut race = JoinSet::new();
    for app in apps.iter().cycle().take(24) {
        race.spawn_local(app.get(JWKS).answer());
    }

    let answers = race.join_all().await;

    for answer in &answers {
        assert_eq!((answer.status, &answer.body), (200, &answers[0].body));
    }
    assert_eq!(count(&db, "signing_keys").await, 1);
    let token = apps[5].token(&ada).await;
    assert!(verified(&token, &jwks(&apps[1]).await).is_some(), "they share sessions, too");
}

async fn a_key_survives_a_restart(db: TestDatabase) {
    let before = TestApp::spawn(&db).await;
    let ada = before.sign_up("ada@example.com").await;
    let token = before.token(&ada).await;
    drop(before);

    let after = TestApp::start(config(&db.url)).await.unwrap();

    let keys = jwks(&after).await;
    assert_eq!(keys["keys"].as_array().unwrap().len(), 1);
    assert!(verified(&token, &keys).is_some());
    assert!(verified(&after.token(&ada).await, &keys).is_some());
    let answer = after
        .client
        .request(Method::GET, after.url(GET_SESSION))
        .header("cookie", &ada.cookie)
        .answer()
        .await;
    assert_eq!(answer.json()["user"], ada.user, "sessions survive it, too");
}
