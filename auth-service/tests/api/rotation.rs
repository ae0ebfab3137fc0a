//! Rotation of signing keys: the times at which a key is published, signs, and is withdrawn.

use std::time::Duration;

use database::{on_both_engines, testing::TestDatabase};
use tokio::task::JoinSet;

use crate::{
    app::{Answering as _, DAY, JWKS, SignedIn, TestApp, config, count},
    token::{jwks, verified},
};

on_both_engines!(auth_service::MIGRATIONS;
    without_an_interval_a_key_never_expires,
    the_next_key_is_published_before_it_signs,
    a_key_that_is_late_is_published_before_it_signs,
    an_old_key_is_published_until_its_grace_period_ends,
    the_expiry_of_a_key_is_fixed_when_it_is_made,
    a_key_that_one_replica_makes_is_published_by_the_other_at_once,
    twenty_requests_for_a_due_key_make_one_key,
    replicas_with_different_clocks_sign_with_published_keys,
    a_restart_does_not_change_the_schedule,
    while_the_database_is_unavailable_the_known_keys_are_published,
    settings_that_contradict_each_other_are_refused,
);

pub(crate) const HOUR: i64 = 60 * 60;

/// Starts a service whose keys sign for a day. Each key is published from one hour before that day
/// until two days after it.
async fn rotating(db: &TestDatabase) -> TestApp {
    TestApp::spawn_with(db, |config| {
        config.jwt_rotation_interval = Some(Duration::from_hours(24));
        config.jwt_publish_ahead = Duration::from_hours(1);
        config.jwt_grace_period = Duration::from_hours(48);
    })
    .await
}

pub(crate) async fn kids(app: &TestApp) -> Vec<String> {
    let keys = jwks(app).await["keys"].as_array().unwrap().clone();
    keys.iter().map(|key| key["kid"].as_str().unwrap().to_owned()).collect()
}

/// Returns a new token and the id of its key.
pub(crate) async fn signed(app: &TestApp, who: &SignedIn) -> (String, String) {
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

async fn the_next_key_is_published_before_it_signs(db: TestDatabase) {
    let app = rotating(&db).await;
    let ada = app.sign_up("ada@example.com").await;
    let (old_token, old) = signed(&app, &ada).await;

    app.advance(DAY - HOUR - 1);
    assert_eq!(kids(&app).await, [old.as_str()]);
    app.advance(1);
    let published = kids(&app).await;
    let [new, second] = &published[..] else { panic!("two keys: {published:?}") };
    assert_eq!(second, &old);

    app.advance(HOUR - 1);
    assert_eq!(signed(&app, &ada).await.1, old);
    app.advance(1);
    let (new_token, kid) = signed(&app, &ada).await;
    assert_eq!((&kid, kids(&app).await), (new, published.clone()));
    let keys = jwks(&app).await;
    assert!(verified(&old_token, &keys).is_some() && verified(&new_token, &keys).is_some());
}

/// Tests the case in which no replica was running when the next key should have been published.
async fn a_key_that_is_late_is_published_before_it_signs(db: TestDatabase) {
    let app = rotating(&db).await;
    let ada = app.sign_up("ada@example.com").await;
    let (_, old) = signed(&app, &ada).await;

    app.advance(DAY + 5 * HOUR);
    assert_eq!(signed(&app, &ada).await.1, old);
    let published = kids(&app).await;
    assert_eq!((published.len(), &published[1]), (2, &old));

    app.advance(HOUR - 1);
    assert_eq!(signed(&app, &ada).await.1, old);
    app.advance(1);
    assert_eq!(signed(&app, &ada).await.1, published[0]);
}

async fn an_old_key_is_published_until_its_grace_period_ends(db: TestDatabase) {
    let app = rotating(&db).await;
    let ada = app.sign_up("ada@example.com").await;
    let (_, old) = signed(&app, &ada).await;
    app.advance(DAY - HOUR);
    assert_eq!(kids(&app).await.len(), 2);

    app.advance(2 * DAY + HOUR - 1);
    assert!(kids(&app).await.contains(&old));
    app.advance(1);
    assert!(!kids(&app).await.contains(&old));
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
        app.advance(DAY - HOUR - 1);
        assert_eq!(kids(app).await, [old.as_str()]);
        app.advance(1);
    }

    let published = kids(&one).await;

    assert_eq!((published.len(), kids(&other).await), (2, published.clone()));
    for app in [&one, &other] {
        app.advance(HOUR);
        assert_eq!(signed(app, &ada).await.1, published[0]);
    }
}

async fn twenty_requests_for_a_due_key_make_one_key(db: TestDatabase) {
    let replicas = [rotating(&db).await, rotating(&db).await];
    let mut crowd = JoinSet::new();
    for app in &replicas {
        app.advance(DAY - HOUR);
        for _ in 0..10 {
            crowd.spawn_local(app.get(JWKS).answer());
        }
    }

    let sets = crowd.join_all().await;

    assert_eq!(count(&db, "signing_keys").await, 2);
    for set in &sets {
        assert_eq!(set.body, sets[0].body);
    }
}

async fn replicas_with_different_clocks_sign_with_published_keys(db: TestDatabase) {
    let [ahead, behind] = [rotating(&db).await, rotating(&db).await];
    let ada = ahead.sign_up("ada@example.com").await;
    ahead.advance(20);
    for app in [&ahead, &behind] {
        app.advance(DAY - HOUR - 20);
        kids(app).await;
        app.advance(HOUR);
    }

    let ((early, new), (_, old)) = (signed(&ahead, &ada).await, signed(&behind, &ada).await);

    assert_ne!(new, old);
    assert!(verified(&early, &jwks(&behind).await).is_some());
    behind.advance(20);
    assert_eq!(signed(&behind, &ada).await.1, new);
    assert_eq!(count(&db, "signing_keys").await, 2);
}

async fn a_restart_does_not_change_the_schedule(db: TestDatabase) {
    let app = rotating(&db).await;
    let ada = app.sign_up("ada@example.com").await;
    let (_, old) = signed(&app, &ada).await;
    app.advance(DAY - HOUR);
    let published = kids(&app).await;
    drop(app);

    let app = rotating(&db).await;
    app.advance(DAY - 1);
    assert_eq!((signed(&app, &ada).await.1, kids(&app).await), (old, published.clone()));
    app.advance(1);
    assert_eq!(signed(&app, &ada).await.1, published[0]);
}

async fn while_the_database_is_unavailable_the_known_keys_are_published(db: TestDatabase) {
    let app = rotating(&db).await;
    let ada = app.sign_up("ada@example.com").await;
    let (_, known) = signed(&app, &ada).await;

    db.change("ALTER TABLE signing_keys RENAME TO gone").await;
    app.advance(DAY);

    assert_eq!(kids(&app).await, [known]);
}

async fn settings_that_contradict_each_other_are_refused(db: TestDatabase) {
    let mut config = config(&db.url);
    config.jwt_rotation_interval = Some(Duration::from_hours(24));
    let mut outlived = config.clone();
    outlived.jwt_grace_period = config.jwt_expires_in;
    config.jwt_publish_ahead = Duration::from_hours(24);

    for (config, setting) in [(outlived, "JWT_GRACE_PERIOD"), (config, "JWT_PUBLISH_AHEAD")] {
        let refused = TestApp::start(config).await.err().unwrap().to_string();
        assert!(refused.contains(setting), "{refused}");
    }
}
