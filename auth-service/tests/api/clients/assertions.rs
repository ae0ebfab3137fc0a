//! Clients that sign assertions instead of sending a secret (RFC 7523).

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use database::{on_both_engines, testing::TestDatabase};
use reqwest::RequestBuilder;
use serde_json::{Value, json};

use super::{
    Client, GRANT, TOKEN, claims, is_oauth_error, json_of,
    key::{Key, KeyClient, key_file},
    run, spawn,
};
use crate::{
    app::{Answering as _, BASE_URL, DAY, Form as _, TestApp, count, values},
    mailbox::eventually,
};

on_both_engines!(auth_service::MIGRATIONS;
    a_client_gets_a_token_with_an_assertion,
    keys_are_registered_in_pem_format_and_as_a_jwk,
    invalid_assertions_are_refused,
    the_algorithm_must_be_that_of_the_key,
    the_request_must_contain_the_assertion_alone,
    an_assertion_is_accepted_once,
    a_key_is_replaced_with_an_overlap,
    unusable_key_files_are_refused,
);

const JWT_BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// Returns a request for a token, with an assertion as the credential.
fn request(app: &TestApp, assertion: &str) -> RequestBuilder {
    let credential = [("client_assertion_type", JWT_BEARER), ("client_assertion", assertion)];
    app.post(TOKEN).form(&[&[GRANT], &credential[..]].concat())
}

async fn status(app: &TestApp, assertion: &str) -> u16 {
    request(app, assertion).answer().await.status
}

#[track_caller]
fn with(claims: &Value, changes: &Value) -> Value {
    let mut claims = claims.clone();
    for (name, value) in changes.as_object().unwrap() {
        if value.is_null() {
            claims.as_object_mut().unwrap().remove(name).expect("the claim exists");
        } else {
            claims[name] = value.clone();
        }
    }
    claims
}

async fn a_client_gets_a_token_with_an_assertion(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let endpoint = format!("{BASE_URL}{TOKEN}");
    for key in [Key::ed25519(), Key::p256()] {
        let client = KeyClient::create(&db, key).await;
        let answer = request(&app, &client.assertion(&app, "first")).answer().await;
        assert_eq!(answer.status, 200, "{answer:?}");
        assert_eq!(claims(&app, &answer).await["sub"], client.id);

        let (now, usual) = (app.now(), client.claims(&app, ""));
        for (jti, changes) in [
            ("1", json!({ "aud": endpoint })),
            ("2", json!({ "aud": ["https://other.test", endpoint] })),
            ("3", json!({ "iat": null })),
            ("4", json!({ "nbf": now, "other": { "claims": [] } })),
            ("5", json!({ "exp": now + 3600 })),
            // The clocks of client and service may differ.
            ("6", json!({ "exp": now - 29 })),
            ("7", json!({ "iat": now + 30, "nbf": now + 30, "exp": now + 3630 })),
            ("8", json!({ "exp": 0.5 + 60.0 + f64::from(i32::try_from(now).unwrap()) })),
        ] {
            let claims = with(&with(&usual, &changes), &json!({ "jti": jti }));
            let assertion = client.key.sign(&client.header(), &claims);
            assert_eq!(status(&app, &assertion).await, 200, "{claims}");
        }
        for (jti, changes) in [
            ("a", json!({ "typ": null })),
            ("b", json!({ "typ": "client-authentication+jwt", "kid": "any" })),
            ("c", json!({ "typ": "application/client-authentication+JWT" })),
        ] {
            let header = with(&client.header(), &changes);
            let claims = with(&usual, &json!({ "jti": jti }));
            assert_eq!(status(&app, &client.key.sign(&header, &claims)).await, 200, "{header}");
        }
    }
    let listed = json_of(&db, &["list"]).await;
    assert!(listed.iter().all(|client| client["lastUsedAt"].is_string()), "{listed:?}");
}

async fn keys_are_registered_in_pem_format_and_as_a_jwk(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    for key in [Key::ed25519(), Key::p256()] {
        let jwk = with(&key.jwk(), &json!({ "use": "sig", "kid": "first" }));
        let mut stored = Vec::new();
        for file in
            [key.pem(), format!("\n{}\n", key.pem()), key.jwk().to_string(), jwk.to_string()]
        {
            let (_folder, [option, path]) = key_file(&file);
            let created = json_of(&db, &["create", "signer", &option, &path]).await.remove(0);
            assert_eq!(
                (&created["credential"], &created["secret"]),
                (&json!("public-key"), &Value::Null)
            );
            let id = created["id"].as_str().unwrap();
            let by_id = format!("SELECT credential AS value FROM oauth_clients WHERE id = '{id}'");
            stored.extend(values(&db, &by_id).await);
        }
        for credential in stored {
            assert_eq!(serde_json::from_str::<Value>(&credential).unwrap(), key.jwk());
        }
        let (_folder, [option, path]) = key_file(&key.pem());
        let (_, output, _) = run(&db, &["create", "signer", &option, &path]).await;
        assert!(output.contains("client_id: ") && !output.contains("client_secret"), "{output}");
    }
    drop(app);
}

async fn invalid_assertions_are_refused(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let client = KeyClient::create(&db, Key::ed25519()).await;
    let other = KeyClient::create(&db, Key::ed25519()).await;
    let (now, usual, header) = (app.now(), client.claims(&app, "a"), client.header());
    let sign = |changes: Value| client.key.sign(&header, &with(&usual, &changes));
    let valid = sign(json!({}));
    let [head, body, signature] = valid.split('.').collect::<Vec<_>>()[..] else { panic!() };
    let (header_text, usual_text) = (header.to_string(), usual.to_string());
    let twice = format!("{{\"iss\":\"x\",{}", &usual_text[1..]);
    let id = &client.id;
    let positional = json!([id, id, BASE_URL, now + 60, now, now, "a"]);

    for assertion in [
        sign(json!({ "iss": other.id })),
        sign(json!({ "sub": other.id })),
        sign(json!({ "iss": other.id, "sub": other.id })),
        sign(json!({ "iss": "unknown", "sub": "unknown" })),
        sign(json!({ "iss": "a\u{0}b", "sub": "a\u{0}b" })),
        sign(json!({ "aud": "https://other.test" })),
        sign(json!({ "aud": [] })),
        sign(json!({ "aud": format!("{BASE_URL}/") })),
        sign(json!({ "aud": BASE_URL.to_uppercase() })),
        sign(json!({ "exp": now - 30 })),
        sign(json!({ "exp": now + 3631 })),
        sign(json!({ "exp": -1 })),
        sign(json!({ "exp": (now + 60).to_string() })),
        sign(json!({ "nbf": now + 31 })),
        sign(json!({ "iat": now + 31 })),
        sign(json!({ "iat": "now" })),
        sign(json!({ "jti": "" })),
        sign(json!({ "jti": 7 })),
        sign(json!({ "iss": null })),
        sign(json!({ "sub": null })),
        sign(json!({ "aud": null })),
        sign(json!({ "exp": null })),
        sign(json!({ "jti": null })),
        client.key.sign(&with(&header, &json!({ "crit": ["exp"] })), &usual),
        client.key.sign(&with(&header, &json!({ "crit": [] })), &usual),
        client.key.sign(&with(&header, &json!({ "typ": "at+jwt" })), &usual),
        client.key.sign(&with(&header, &json!({ "typ": "application/at+jwt" })), &usual),
        client.key.sign(&with(&header, &json!({ "typ": 1 })), &usual),
        client.key.sign(&with(&header, &json!({ "alg": null })), &usual),
        client.key.sign(&header, &positional),
        client.key.sign(&json!(["EdDSA", "JWT", false]), &usual),
        client.key.sign_text(&header_text, &twice),
        client.key.sign_text(&header_text, &format!("{usual_text} x")),
        other.key.sign(&header, &usual),
        format!("{head}.{}.{signature}", BASE64_URL_SAFE_NO_PAD.encode("{}")),
        format!("{head}.{body}."),
        format!("{head}.{body}"),
        format!("{head}.{body}.{signature}="),
        format!("{head}.{body}.{signature}.x"),
        format!("{head}.{body}.{}", &signature[..84]),
        "nonsense".to_owned(),
    ] {
        is_oauth_error(&request(&app, &assertion).answer().await, 401, "invalid_client");
    }
    assert_eq!(status(&app, &valid).await, 200, "refused assertions are not used up");
}

async fn the_algorithm_must_be_that_of_the_key(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let named = async |client: &KeyClient, algorithm: &str| {
        let claims = client.claims(&app, algorithm);
        status(&app, &client.key.sign(&json!({ "alg": algorithm }), &claims)).await
    };
    let (ed25519, p256) =
        (KeyClient::create(&db, Key::ed25519()).await, KeyClient::create(&db, Key::p256()).await);
    for (algorithm, of_ed25519, of_p256) in [
        ("EdDSA", 200, 401),
        ("Ed25519", 200, 401),
        ("ES256", 401, 200),
        ("eddsa", 401, 401),
        ("ES384", 401, 401),
        ("RS256", 401, 401),
        ("HS256", 401, 401),
        ("none", 401, 401),
    ] {
        let statuses = [named(&ed25519, algorithm).await, named(&p256, algorithm).await];
        assert_eq!(statuses, [of_ed25519, of_p256], "{algorithm}");
    }
}

async fn the_request_must_contain_the_assertion_alone(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let client = KeyClient::create(&db, Key::p256()).await;
    let with_secret = Client::create(&db, &[]).await;
    let assertion = client.assertion(&app, "a");
    let send = async |parameters: &[(&str, &str)]| {
        app.post(TOKEN).form(&[&[GRANT], parameters].concat()).answer().await
    };
    let (kind, value) = (("client_assertion_type", JWT_BEARER), ("client_assertion", &*assertion));
    let saml = "urn:ietf:params:oauth:client-assertion-type:saml2-bearer";
    for parameters in [
        &[value][..],
        &[("client_assertion_type", saml), value],
        &[kind, value, value],
        &[kind, value, ("client_id", &client.id), ("client_secret", "x")],
    ] {
        is_oauth_error(&send(parameters).await, 400, "invalid_request");
    }
    let both = request(&app, &assertion).basic_auth(&client.id, Some("x"));
    is_oauth_error(&both.answer().await, 400, "invalid_request");
    is_oauth_error(&send(&[kind]).await, 401, "invalid_client");
    let another = send(&[kind, value, ("client_id", &with_secret.id)]).await;
    is_oauth_error(&another, 401, "invalid_client");
    let same = send(&[kind, value, ("client_id", &client.id)]).await;
    assert_eq!(same.status, 200, "{same:?}");

    // A public key is not accepted as a secret, and a client with a secret cannot use assertions.
    let jwk = client.key.jwk().to_string();
    let as_secret = app.post(TOKEN).basic_auth(&client.id, Some(jwk)).form(&[GRANT]);
    is_oauth_error(&as_secret.answer().await, 401, "invalid_client");
    let claims =
        with(&client.claims(&app, "b"), &json!({ "iss": with_secret.id, "sub": with_secret.id }));
    let unregistered = client.key.sign(&client.header(), &claims);
    is_oauth_error(&request(&app, &unregistered).answer().await, 401, "invalid_client");
}

async fn an_assertion_is_accepted_once(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let replica = TestApp::spawn(&db).await;
    let (one, other) =
        (KeyClient::create(&db, Key::ed25519()).await, KeyClient::create(&db, Key::p256()).await);
    let assertion = one.assertion(&app, "same");
    assert_eq!(status(&app, &assertion).await, 200);
    for app in [&app, &replica] {
        is_oauth_error(&request(app, &assertion).answer().await, 401, "invalid_client");
    }
    // A different assertion of the same client with this `jti` is refused; another client's is not.
    let again = with(&one.claims(&app, "same"), &json!({ "exp": app.now() + 61 }));
    assert_eq!(status(&app, &one.key.sign(&one.header(), &again)).await, 401);
    assert_eq!(status(&app, &other.assertion(&app, "same")).await, 200);
    let at_once = other.assertion(&app, "at once");
    let statuses = tokio::join!(
        status(&app, &at_once),
        status(&replica, &at_once),
        status(&app, &at_once),
        status(&replica, &at_once)
    );
    let statuses = <[u16; 4]>::from(statuses);
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1, "{statuses:?}");
    assert_eq!(count(&db, "client_assertions").await, 3);

    // Used assertions are forgotten after they have expired.
    drop((app, replica));
    let long_ago = "UPDATE client_assertions SET expires_at = '2025-01-01T00:00:00.000000Z'";
    db.change(long_ago).await;
    let _app = TestApp::spawn(&db).await;
    let none = async || (count(&db, "client_assertions").await == 0).then_some(());
    eventually("no used assertions", none).await;
}

async fn a_key_is_replaced_with_an_overlap(db: TestDatabase) {
    let app = spawn(&db).await;
    let old = KeyClient::create(&db, Key::ed25519()).await;
    let new = KeyClient { id: old.id.clone(), key: Key::p256() };
    let (_folder, [option, path]) = key_file(&new.key.pem());
    let rotated = json_of(&db, &["rotate", &old.id, &option, &path]).await.remove(0);
    assert!(rotated["oldCredentialExpiresAt"].is_string() && rotated["secret"].is_null());
    let statuses = async |jti: &str| {
        let (old, new) = (old.assertion(&app, jti), new.assertion(&app, &format!("new {jti}")));
        [status(&app, &old).await, status(&app, &new).await]
    };
    assert_eq!(statuses("in the overlap").await, [200, 200]);
    app.use_real_time();
    app.advance(DAY);
    assert_eq!(statuses("later").await, [401, 200]);

    // A secret can replace a key.
    let rotated = json_of(&db, &["rotate", &old.id, "--overlap", "0s"]).await.remove(0);
    assert_eq!(rotated["credential"], "secret");
    let secret = rotated["secret"].as_str().unwrap().to_owned();
    let by_secret = Client { id: old.id.clone(), secret }.request(&app, &[]);
    assert_eq!(by_secret.answer().await.status, 200);
    assert_eq!(statuses("at last").await, [401, 401]);

    json_of(&db, &["rotate", &old.id, &option, &path]).await;
    json_of(&db, &["disable", &old.id]).await;
    assert_eq!(statuses("disabled").await, [401, 401]);
}

async fn unusable_key_files_are_refused(db: TestDatabase) {
    let _app = TestApp::spawn(&db).await;
    let (ed25519, p256) = (Key::ed25519(), Key::p256());
    let private = with(&ed25519.jwk(), &json!({ "d": "AA" })).to_string();
    let pem = ed25519.pem();
    // Points of small order, for which signatures can be forged: the neutral element, the same
    // point with the sign bit of x set, and a point whose y is encoded as the prime instead of 0.
    let mut neutral = [0_u8; 32];
    neutral[0] = 1;
    let mut negative = neutral;
    negative[31] = 0x80;
    let mut not_canonical = [0xff_u8; 32];
    (not_canonical[0], not_canonical[31]) = (0xed, 0x7f);
    let [neutral, negative, not_canonical] = [neutral, negative, not_canonical].map(|point| {
        with(&ed25519.jwk(), &json!({ "x": BASE64_URL_SAFE_NO_PAD.encode(point) })).to_string()
    });
    for (file, problem) in [
        (pem.replace("PUBLIC", "PRIVATE"), "private key"),
        (private, "private key"),
        (String::new(), "not a public key"),
        (pem.replace("-----END", "-----"), "not a public key"),
        (pem.replace('M', "?"), "not a public key"),
        (pem.replace("MCo", "MCs"), "not a public key"),
        (with(&ed25519.jwk(), &json!({ "crv": "X25519" })).to_string(), "not a public key"),
        (with(&ed25519.jwk(), &json!({ "x": "AA" })).to_string(), "not a public key"),
        (neutral, "not a public key"),
        (negative, "not a public key"),
        (not_canonical, "not a public key"),
        (with(&p256.jwk(), &json!({ "crv": "P-384" })).to_string(), "not a public key"),
        (with(&p256.jwk(), &json!({ "y": null })).to_string(), "not a public key"),
        (with(&p256.jwk(), &json!({ "y": p256.jwk()["x"] })).to_string(), "not a public key"),
        (json!({ "kty": "oct", "k": "AA" }).to_string(), "not a public key"),
        (json!({ "kty": "RSA", "n": "AA", "e": "AQAB" }).to_string(), "not a public key"),
    ] {
        let (_folder, [option, path]) = key_file(&file);
        let (status, _, log) = run(&db, &["create", "signer", &option, &path]).await;
        assert_eq!(status, Some(2), "{file}");
        assert!(log.contains(problem), "{log}");
    }
    let (status, _, log) = run(&db, &["create", "signer", "--public-key", "/nonexistent"]).await;
    assert_eq!(status, Some(2), "{log}");
    assert_eq!(count(&db, "oauth_clients").await, 0);
}
