//! `TRUSTED_ISSUERS` and `JWKS_TOKEN_CACHE`: several issuers at once, and repeated tokens.

use std::process::Command;

use database::{on_both_engines, testing::TestDatabase};
use jwks_auth::{Algorithm, testing::Issuer};
use reqwest::StatusCode;
use serde_json::{Value, json};
use task_service::config;

use super::refuse_all;
use crate::app::{Answer, ISSUER, KeyServer, TestApp, claims};

const OLD_ISSUER: &str = "http://old.test";
const OLD_AUDIENCE: &str = "http://old-tasks.test";

on_both_engines!(task_service::MIGRATIONS;
    a_migration_between_issuers_keeps_all_tasks,
    keys_do_not_verify_tokens_of_another_issuer,
    a_further_issuer_may_be_unavailable,
    a_further_issuer_may_use_the_algorithms_of_its_entry_and_no_others,
    the_main_issuer_may_use_the_algorithms_of_its_setting_and_no_others,
    a_repeated_token_gets_the_same_result_with_and_without_the_cache,
);

async fn spawn_trusting(old: &KeyServer, db: &TestDatabase) -> TestApp {
    let trusted = format!("{OLD_ISSUER}|{OLD_AUDIENCE}|{}", old.url());
    TestApp::spawn_with(db, |config| config.trusted_issuers = vec![trusted.parse().unwrap()]).await
}

fn old_claims(sub: &str) -> Value {
    let mut claims = claims(sub);
    claims["iss"] = OLD_ISSUER.into();
    claims["aud"] = OLD_AUDIENCE.into();
    claims
}

/// Returns an issuer and a server that publishes its keys.
fn old_issuer() -> (Issuer, KeyServer) {
    let (issuer, server) = (Issuer::new("old", 5), KeyServer::start());
    server.publish(&[issuer.jwk()]);
    (issuer, server)
}

async fn a_migration_between_issuers_keeps_all_tasks(db: TestDatabase) {
    let (old, server) = old_issuer();
    let app = spawn_trusting(&server, &db).await;
    app.create(&old.sign(&old_claims("ada")), &json!({ "title": "Buy milk" })).await;
    assert_eq!(app.titles("/api/tasks", &app.token("ada")).await, ["Buy milk"]);
    assert_eq!(app.titles("/api/tasks", &app.token("bob")).await, [""; 0]);
}

async fn keys_do_not_verify_tokens_of_another_issuer(db: TestDatabase) {
    let (old, server) = old_issuer();
    let app = spawn_trusting(&server, &db).await;
    assert_eq!(app.status_for(&old.sign(&old_claims("ada"))).await, StatusCode::OK);
    let mut mixed = old_claims("ada");
    mixed["aud"] = claims("ada")["aud"].clone();
    let mut unknown = old_claims("ada");
    unknown["iss"] = "http://unknown.test".into();
    let before = (app.keys.fetches(), server.fetches());
    let stranger = Issuer::new("stranger", 8);
    refuse_all(
        &app,
        [
            (
                "the old one speaks for the new one",
                old.sign_with_header(&json!({ "alg": "EdDSA", "kid": "first" }), &claims("ada")),
            ),
            (
                "the new one speaks for the old one",
                app.keys
                    .issuer()
                    .sign_with_header(&json!({ "alg": "EdDSA", "kid": "old" }), &old_claims("ada")),
            ),
            ("the audience of the other", old.sign(&mixed)),
            ("an unknown issuer", old.sign(&unknown)),
            ("an unknown issuer and key", stranger.sign(&unknown)),
        ]
        .map(|(what, token)| (what.to_owned(), token)),
    )
    .await;
    assert_eq!((app.keys.fetches(), server.fetches()), before);
}

async fn a_further_issuer_may_be_unavailable(db: TestDatabase) {
    let (old, server) = old_issuer();
    server.answer(Answer::Text(500, String::new()));
    let app = spawn_trusting(&server, &db).await;
    assert_eq!(app.status_for(&app.token("ada")).await, StatusCode::OK);
    let status = app.status_for(&old.sign(&old_claims("ada"))).await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    let ready = app.client.get(app.url("/health/ready")).send().await.unwrap();
    assert_eq!(ready.status(), StatusCode::OK);
}

async fn a_further_issuer_may_use_the_algorithms_of_its_entry_and_no_others(db: TestDatabase) {
    let rsa = Issuer::generate("rsa", Algorithm::Rs256);
    let others = [Algorithm::Es256, Algorithm::EdDsa]
        .map(|algorithm| Issuer::generate(algorithm.name(), algorithm));
    let server = KeyServer::start();
    let signers =
        [rsa.clone(), rsa.with_algorithm(Algorithm::Ps512), others[0].clone(), others[1].clone()];
    let mut rsa = rsa.jwk();
    rsa.as_object_mut().unwrap().remove("alg");
    server.publish(&[rsa, others[0].jwk(), others[1].jwk()]);
    let (ok, refused) = (StatusCode::OK, StatusCode::UNAUTHORIZED);
    for (algorithms, expected) in [
        ("", [refused, refused, refused, ok]),
        ("|EdDSA", [refused, refused, refused, ok]),
        ("|RS256", [ok, refused, refused, refused]),
        ("|RS256 ES256", [ok, refused, ok, refused]),
        ("|Ed25519  PS512", [refused, ok, refused, ok]),
    ] {
        let trusted = format!("{OLD_ISSUER}|{OLD_AUDIENCE}|{}{algorithms}", server.url());
        let trust = |config: &mut config::Config| {
            config.trusted_issuers = vec![trusted.parse().unwrap()];
        };
        let app = TestApp::spawn_with(&db, trust).await;
        for (signer, expected) in signers.iter().zip(expected) {
            let status = app.status_for(&signer.sign(&old_claims("ada"))).await;
            assert_eq!(status, expected, "{signer:?} {algorithms}");
            // The entry does not make its keys valid for tokens that name the main issuer.
            assert_eq!(app.status_for(&signer.sign(&claims("ada"))).await, refused);
        }
        assert_eq!(app.status_for(&app.token("ada")).await, ok);
    }
}

async fn the_main_issuer_may_use_the_algorithms_of_its_setting_and_no_others(db: TestDatabase) {
    let signer = Issuer::generate("es256", Algorithm::Es256);
    for (algorithms, expected) in [
        (vec![config::Algorithm::Es256], [StatusCode::OK, StatusCode::UNAUTHORIZED]),
        (vec![config::Algorithm::EdDsa], [StatusCode::UNAUTHORIZED, StatusCode::OK]),
        (
            vec![config::Algorithm::Es256, config::Algorithm::EdDsa],
            [StatusCode::OK, StatusCode::OK],
        ),
    ] {
        let app =
            TestApp::spawn_with(&db, |config| config.better_auth_algorithms = algorithms).await;
        app.keys.publish(&[signer.jwk(), app.keys.issuer().jwk()]);
        let tokens = [signer.sign(&claims("ada")), app.token("ada")];
        for (token, expected) in tokens.iter().zip(expected) {
            assert_eq!(app.status_for(token).await, expected);
        }
    }
}

async fn a_repeated_token_gets_the_same_result_with_and_without_the_cache(db: TestDatabase) {
    for entries in [0, 1, 10_000] {
        let app = TestApp::spawn_with(&db, |config| config.jwks_token_cache = entries).await;
        let tokens = ["ada", "bob"].map(|sub| app.token(sub));
        let forged = Issuer::new("first", 9).sign(&claims("ada"));
        for _ in 0..3 {
            for token in &tokens {
                assert_eq!(app.status_for(token).await, StatusCode::OK);
            }
            assert_eq!(app.status_for(&forged).await, StatusCode::UNAUTHORIZED);
        }
    }
}

#[test]
fn an_issuer_that_cannot_be_trusted_stops_the_start_with_one_line() {
    let folder = tempfile::tempdir().unwrap();
    let twice = format!("{ISSUER}|a|http://localhost/jwks");
    for (value, reason) in [
        ("nonsense", "expected issuer|audience|jwks-url|algorithms"),
        ("http://a.test|b", "expected issuer|audience|jwks-url|algorithms"),
        (
            "http://a.test|b|http://c.test/jwks|EdDSA|e",
            "expected issuer|audience|jwks-url|algorithms",
        ),
        ("http://a.test|b|http://c.test/jwks|d", "expected algorithms such as"),
        ("http://a.test|b|http://c.test/jwks|HS256", "expected algorithms such as"),
        ("http://a.test|b|http://c.test/jwks|none", "expected algorithms such as"),
        ("http://a.test|b|http://c.test/jwks|EdDSA+ES256", "expected algorithms such as"),
        ("http://a.test|b|http://c.test/jwks|", "expected algorithms such as"),
        ("http://a.test|b|discover", "must be an https URL"),
        (" |b|http://c.test/jwks", "must not be blank"),
        ("http://a.test||http://c.test/jwks", "must not be blank"),
        ("http://a.test|b|ftp://c.test/jwks", "expected an address"),
        ("http://a.test|b|http://c.test/jwks,", "expected issuer|audience|jwks-url|algorithms"),
        (&twice, "is configured twice"),
    ] {
        let output = Command::new(env!("CARGO_BIN_EXE_task-service"))
            .current_dir(folder.path())
            .env("BETTER_AUTH_ISSUER", ISSUER)
            .env("PORT", "0")
            .env("LOG_FORMAT", "json")
            .env("RUST_LOG", "error")
            .env("TRUSTED_ISSUERS", value)
            .output()
            .unwrap();
        assert!(!output.status.success(), "{value}");
        let text = [output.stdout, output.stderr].concat();
        let text = String::from_utf8(text).unwrap();
        let line = text.lines().find(|line| line.contains("TRUSTED_ISSUERS: ")).unwrap();
        assert!(line.contains(reason), "{line}");
    }
}
