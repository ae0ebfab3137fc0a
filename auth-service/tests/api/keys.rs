//! `auth-service keys`, while the service runs.

use auth_service::config::Config;
use database::{on_both_engines, testing::TestDatabase};
use serde_json::{Value, json};

use crate::{
    app::{Answering as _, Form as _, SECRET, TestApp, values},
    mailbox::eventually,
    rotation::{HOUR, kids, signed},
    secrets::process,
    token::{jwks, verified},
};

on_both_engines!(auth_service::MIGRATIONS;
    keys_are_listed,
    a_rotated_key_signs_once_it_has_been_published_long_enough,
    a_revoked_key_is_neither_published_nor_accepted,
    a_scheduled_key_replaces_a_revoked_one,
    a_revocation_must_be_confirmed,
    commands_need_the_secret_of_the_keys,
);

const RECEIVER: &str = "the secret of a receiver, in a test";
const KEY_REVOKED: &str = "urn:auth-service:event-type:key-revoked";

/// Starts a service. Sets its clock to the system time, because the commands use the system time.
async fn spawn(db: &TestDatabase) -> TestApp {
    let app = TestApp::spawn_with(db, |config: &mut Config| {
        config.events.events_secret = vec![RECEIVER.into()];
    })
    .await;
    app.use_real_time();
    app
}

/// Runs a `keys` command. Returns its exit status, standard output and standard error.
async fn run(db: &TestDatabase, arguments: &[&str]) -> (Option<i32>, String, String) {
    run_with(db, SECRET, arguments).await
}

async fn run_with(
    db: &TestDatabase,
    secret: &str,
    arguments: &[&str],
) -> (Option<i32>, String, String) {
    let mut process = process(&db.url(), &[("BETTER_AUTH_SECRET", secret)]);
    let output = process.arg("keys").args(arguments).output().await.unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

/// Runs a `keys` command that must succeed, and returns the objects that it prints.
async fn json_of(db: &TestDatabase, arguments: &[&str]) -> Vec<Value> {
    let (status, output, log) = run(db, &[arguments, &["--json"]].concat()).await;
    assert_eq!(status, Some(0), "{log}");
    output.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

async fn keys_are_listed(db: TestDatabase) {
    let app = spawn(&db).await;
    let kid = kids(&app).await.remove(0);

    let listed = json_of(&db, &["list"]).await;
    let [key] = &listed[..] else { panic!("one key: {listed:?}") };
    assert_eq!((&key["kid"], &key["state"]), (&json!(kid), &json!("signing")));
    assert_eq!((&key["signsFrom"], &key["signsUntil"]), (&key["createdAt"], &json!(null)));
    assert_eq!((&key["publishedUntil"], &key["revokedAt"]), (&json!(null), &json!(null)));
    let (_, table, _) = run(&db, &["list"]).await;
    assert!(table.starts_with("KID ") && table.contains(&format!("{kid}  signing  ")), "{table}");
}

async fn a_rotated_key_signs_once_it_has_been_published_long_enough(db: TestDatabase) {
    let app = spawn(&db).await;
    let ada = app.sign_up("ada@example.com").await;
    let (old_token, old) = signed(&app, &ada).await;

    let scheduled = json_of(&db, &["rotate"]).await.remove(0);
    assert_eq!(scheduled["state"], "next");
    let new = scheduled["kid"].as_str().unwrap().to_owned();
    let again = json_of(&db, &["rotate"]).await.remove(0);
    assert_eq!(again, scheduled, "there is one already");

    let both = [new.clone(), old.clone()];
    eventually("both keys are published", async || (kids(&app).await == both).then_some(())).await;
    assert_eq!(signed(&app, &ada).await.1, old);
    app.advance(HOUR + 60);
    assert_eq!(signed(&app, &ada).await.1, new);
    assert_eq!(kids(&app).await, both);
    assert!(verified(&old_token, &jwks(&app).await).is_some());
    let states: Vec<_> =
        json_of(&db, &["list"]).await.into_iter().map(|key| key["state"].clone()).collect();
    assert_eq!(states, ["next", "signing"], "by the system time");
}

/// Returns whether a token is active according to the service.
async fn is_active(app: &TestApp, token: &str) -> bool {
    let request = app.post("/api/auth/oauth2/introspect").bearer_auth(RECEIVER);
    request.form(&[("token", token)]).answer().await.json()["active"] == true
}

async fn a_revoked_key_is_neither_published_nor_accepted(db: TestDatabase) {
    let (app, replica) = (spawn(&db).await, spawn(&db).await);
    let ada = app.sign_up("ada@example.com").await;
    let (old_token, old) = signed(&app, &ada).await;
    assert!(is_active(&app, &old_token).await);

    let revoked = json_of(&db, &["revoke", &old, "--yes"]).await.remove(0);
    assert_eq!((&revoked["kid"], &revoked["state"]), (&json!(old), &json!("revoked")));

    let feed = app.post("/security-events").bearer_auth(RECEIVER);
    let body = json!({ "returnImmediately": true, "eventTypes": [KEY_REVOKED] });
    let events = feed.json(&body).answer().await.json()["sets"].take();
    let [event] = &events.as_object().unwrap().values().collect::<Vec<_>>()[..] else {
        panic!("one event: {events}")
    };
    let (header, claims) =
        verified(event.as_str().unwrap(), &jwks(&app).await).expect("signed by a published key");
    assert_ne!(header["kid"], old.as_str());
    assert_eq!(claims["sub_id"], json!({ "format": "opaque", "id": old }));
    assert!(claims["events"][KEY_REVOKED]["tokens_expire_by"].is_i64(), "{claims}");

    assert!(!is_active(&app, &old_token).await);
    for app in [&app, &replica] {
        let is_gone = async || (!kids(app).await.contains(&old)).then_some(());
        eventually("the key has left the set", is_gone).await;
        let (token, new) = signed(app, &ada).await;
        assert_eq!(header["kid"], new.as_str(), "all replicas sign with the same new key");
        assert!(is_active(app, &token).await && !is_active(app, &old_token).await);
    }

    let again = json_of(&db, &["revoke", &old, "--yes"]).await.remove(0);
    assert_eq!(again, revoked);
    let events = "SELECT key_id AS value FROM security_events";
    assert_eq!(values(&db, events).await, [old], "recorded once");
}

async fn a_scheduled_key_replaces_a_revoked_one(db: TestDatabase) {
    let app = spawn(&db).await;
    let ada = app.sign_up("ada@example.com").await;
    let (_, old) = signed(&app, &ada).await;
    let next = json_of(&db, &["rotate"]).await.remove(0)["kid"].as_str().unwrap().to_owned();

    json_of(&db, &["revoke", &old, "--yes"]).await;

    let alone = [next.clone()];
    eventually("only the next key", async || (kids(&app).await == alone).then_some(())).await;
    // The commands use the system time, which is later than the time to which the service's clock
    // was set.
    app.use_real_time();
    assert_eq!(signed(&app, &ada).await.1, next);
    json_of(&db, &["revoke", &next, "--yes"]).await;
    let is_gone = async || (!kids(&app).await.contains(&next)).then_some(());
    eventually("a new key", is_gone).await;
    app.use_real_time();
    let (_, last) = signed(&app, &ada).await;
    assert!(last != old && last != next, "a retired key never signs again");
}

async fn a_revocation_must_be_confirmed(db: TestDatabase) {
    let app = spawn(&db).await;
    let kid = kids(&app).await.remove(0);

    let (status, _, log) = run(&db, &["revoke", &kid]).await;
    assert_eq!(status, Some(2), "{log}");
    assert!(log.contains("confirm it with --yes"), "{log}");
    let (status, _, log) = run(&db, &["revoke", "unknown", "--yes"]).await;
    assert_eq!(status, Some(1), "{log}");
    assert!(
        log.contains(r#"there is no signing key \"unknown\""#)
            || log.contains(r#"there is no signing key "unknown""#),
        "{log}"
    );
    assert_eq!(kids(&app).await, [kid]);
}

async fn commands_need_the_secret_of_the_keys(db: TestDatabase) {
    let app = spawn(&db).await;
    let kid = kids(&app).await.remove(0);
    let other = "another-secret-do-not-use-0000000000";
    for arguments in [&["rotate"][..], &["revoke", &kid, "--yes"]] {
        // An empty value counts as unset.
        for secret in [other, ""] {
            let (status, _, log) = run_with(&db, secret, arguments).await;
            assert_eq!(status, Some(1), "{log}");
            assert!(log.contains("BETTER_AUTH_SECRET") && !log.contains(other), "{log}");
        }
    }
    assert_eq!(kids(&app).await, [kid]);
}
