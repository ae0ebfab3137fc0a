//! Rotation of signing keys: when a new key signs, and how long the old one is published.

use service_kit::{on_both_engines, testing::TestDatabase};
use tokio::task::JoinSet;

use crate::{
    app::{Answering as _, DAY, SignedIn, TOKEN, TestApp, config},
    token::{jwks, verified},
};

on_both_engines!(auth_service::MIGRATIONS;
    without_an_interval_a_key_never_expires,
    after_the_interval_the_next_signing_request_makes_a_new_key,
    an_old_key_is_published_until_its_grace_period_ends,
    the_expiry_of_a_key_is_fixed_when_it_is_made,
    a_key_that_one_replica_makes_is_published_by_the_other_at_once,
    twenty_requests_after_the_expiry_make_one_key,
    while_the_database_is_unavailable_the_known_keys_are_published,
    a_grace_period_shorter_than_the_tokens_is_refused,
);

const HOUR: i64 = 60 * 60;

/// Starts a service whose keys sign for a day and are published for two more days.
async fn rotating(db: &TestDatabase) -> TestApp {
    TestApp::spawn_with(db, |config| {
        config.jwt_rotation_interval = Some(std::time::Duration::from_hours(24));
        config.jwt_grace_period = std::time::Duration::from_hours(48);
    })
    .await
}

async fn kids(app: &TestApp) -> Vec<String> {
    let keys = jwks(app).await["keys"].as_array().unwrap().clone();
    keys.iter().map(|key| key["kid"].as_str().unwrap().to_owned()).collect()
}

/// Returns a new token and the id of its key.
async fn signed(app: &TestApp, who: &SignedIn) -> (String, String) {
    let token = app.token(who).await;
    let (header, _) = verified(&token, &jwks(app).await).expect("signed by a published key");
    (token, header["kid"].as_str().unwrap().to_owned())
}

async fn without_an_interval_a_key_never_expires(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let ada = app.sign_up("ada@example.com").await;
    let (_, first) = signed(&app, &ada).await;

    for _ in 0..400 {
        app.advance(DAY);
        app.get_session(&ada.cookie).await;
    }

    assert_eq!(signed(&app, &ada).await.1, first);
    assert_eq!(kids(&app).await, [first]);
}

async fn after_the_interval_the_next_signing_request_makes_a_new_key(db: TestDatabase) {
    let app = rotating(&db).await;
    let ada = app.sign_up("ada@example.com").await;
    let (old_token, old) = signed(&app, &ada).await;

    app.advance(DAY - 1);
    assert_eq!(signed(&app, &ada).await.1, old);
    app.advance(1);
    assert_eq!(kids(&app).await, [old.as_str()], "time alone makes no key");

    let (new_token, new) = signed(&app, &ada).await;
    assert_ne!(new, old);
    assert_eq!(kids(&app).await, [new.as_str(), old.as_str()]);
    let keys = jwks(&app).await;
    assert!(verified(&old_token, &keys).is_some());
    assert!(verified(&new_token, &keys).is_some());
    assert_eq!(signed(&app, &ada).await.1, new);
}

async fn an_old_key_is_published_until_its_grace_period_ends(db: TestDatabase) {
    let app = rotating(&db).await;
    let ada = app.sign_up("ada@example.com").await;
    let (_, old) = signed(&app, &ada).await;
    app.advance(3 * DAY - 1);
    let (_, new) = signed(&app, &ada).await;
    assert_eq!(kids(&app).await, [new.as_str(), old.as_str()]);

    app.advance(1);

    assert_eq!(kids(&app).await, [new]);
}

async fn the_expiry_of_a_key_is_fixed_when_it_is_made(db: TestDatabase) {
    let unlimited = TestApp::spawn(&db).await;
    let ada = unlimited.sign_up("ada@example.com").await;
    let (_, first) = signed(&unlimited, &ada).await;

    let app = rotating(&db).await;
    app.advance(2 * DAY);

    assert_eq!(signed(&app, &ada).await.1, first);
}

async fn a_key_that_one_replica_makes_is_published_by_the_other_at_once(db: TestDatabase) {
    let one = rotating(&db).await;
    let other = rotating(&db).await;
    let ada = one.sign_up("ada@example.com").await;
    let (_, old) = signed(&other, &ada).await;
    for app in [&one, &other] {
        app.advance(DAY);
        assert_eq!(kids(app).await, [old.as_str()]);
    }

    let (_, new) = signed(&one, &ada).await;

    assert_eq!(kids(&other).await, [new.as_str(), old.as_str()]);
    assert_eq!(signed(&other, &ada).await.1, new);
}

async fn twenty_requests_after_the_expiry_make_one_key(db: TestDatabase) {
    let replicas = [rotating(&db).await, rotating(&db).await];
    let ada = replicas[0].sign_up("ada@example.com").await;
    let mut crowd = JoinSet::new();
    for app in &replicas {
        app.advance(DAY + HOUR);
        for _ in 0..10 {
            crowd.spawn_local(app.get(TOKEN).header("cookie", &ada.cookie).answer());
        }
    }

    let tokens = crowd.join_all().await;

    let keys = jwks(&replicas[0]).await;
    assert_eq!(keys["keys"].as_array().unwrap().len(), 2);
    for answer in tokens {
        let body = answer.json();
        let (header, _) = verified(body["token"].as_str().unwrap(), &keys).unwrap();
        assert_eq!(header["kid"], keys["keys"][0]["kid"]);
    }
}

async fn while_the_database_is_unavailable_the_known_keys_are_published(db: TestDatabase) {
    let app = rotating(&db).await;
    let ada = app.sign_up("ada@example.com").await;
    let (_, known) = signed(&app, &ada).await;

    db.change("ALTER TABLE signing_keys RENAME TO gone").await;
    app.advance(DAY);

    assert_eq!(kids(&app).await, [known]);
}

async fn a_grace_period_shorter_than_the_tokens_is_refused(db: TestDatabase) {
    let mut config = config(&db.url);
    config.jwt_rotation_interval = Some(std::time::Duration::from_hours(24));
    config.jwt_grace_period = config.jwt_expires_in;

    let refused = TestApp::start(config).await.err().unwrap().to_string();

    assert!(refused.contains("JWT_GRACE_PERIOD"), "{refused}");
}
