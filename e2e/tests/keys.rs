//! Rotation and emergency revocation of the signing key, under load and with two replicas of
//! task-service.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop here")]

use std::sync::atomic::{AtomicUsize, Ordering};

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use e2e::{Client, Request, System, hammer, on_both_engines, under_load, wait_until};
use serde_json::Value;
use xtask::service::Service;

on_both_engines!(
    no_request_fails_during_a_rotation,
    a_revoked_key_is_refused_by_every_replica_and_its_successor_accepted,
);

/// Time between the publication of a new key and its first use. It is longer than task-service
/// takes to fetch the key set again.
const PUBLISH_AHEAD: &str = "4s";
/// Number of requests with the old token before and after its key is revoked.
const ATTEMPTS: usize = 50;

/// A request with the old token. The times of the request and the response are ticks of a counter.
#[derive(Debug)]
struct Attempt {
    replica: usize,
    started: usize,
    answered: usize,
    status: u16,
}

/// Restarts the services with this lifetime of the cached key set, and starts a replica of
/// task-service. Then sends each instance a token with an unknown key. This starts the cool-down,
/// so that no other unknown key causes a fetch during the test.
fn prepare(system: &mut System, cache_ttl: &str) -> Service {
    system.auth.stop().unwrap();
    system.tasks.stop().unwrap();
    system.auth.set_variable("JWT_PUBLISH_AHEAD", PUBLISH_AHEAD);
    let mut replica = system.replica_of_tasks();
    for tasks in [&mut system.tasks, &mut replica] {
        tasks.set_variable("JWKS_COOLDOWN", "1h");
        tasks.set_variable("JWKS_CACHE_TTL", cache_ttl);
    }
    system.start_services();
    replica.start_and_wait().unwrap();
    let token = system.token("eve@example.com");
    let (_, rest) = token.split_once('.').unwrap();
    let header = BASE64_URL_SAFE_NO_PAD.encode(r#"{"alg":"EdDSA","kid":"made up"}"#);
    for tasks in [&system.tasks, &replica] {
        let answer = Client::new(&tasks.url).get("/api/tasks", &format!("{header}.{rest}"));
        assert_eq!(answer.unwrap().status, 401);
    }
    replica
}

/// Returns the id of the key that signed a token.
fn kid(token: &str) -> String {
    let header = BASE64_URL_SAFE_NO_PAD.decode(token.split('.').next().unwrap()).unwrap();
    let header: Value = serde_json::from_slice(&header).unwrap();
    header.get("kid").and_then(Value::as_str).unwrap().to_owned()
}

/// Runs `auth-service keys` while the service is running.
fn keys(system: &System, arguments: &[&str]) {
    let output = system.auth.command(&[&["keys"], arguments].concat()).output().unwrap();
    assert!(output.status.success(), "{output:?}");
}

fn no_request_fails_during_a_rotation(system: &mut System) {
    let mut replica = prepare(system, "1s");
    let auth = system.auth_client();
    let session = auth.sign_up("ada@example.com").unwrap().text("token");
    let token = || auth.token(&session).unwrap().text("token");
    let old = token();
    assert_ne!(kid(&old), "made up");

    // Every other request has a new token.
    let request = |number: usize| Request {
        method: "GET",
        path: "/api/tasks".to_owned(),
        bearer: if number.is_multiple_of(2) { token() } else { old.clone() },
        body: String::new(),
    };
    let other = hammer(&replica.url, request, |at_the_replica| {
        let outcome = hammer(&system.tasks.url, request, |strikes| {
            strikes.wait_for(50);
            keys(system, &["rotate"]);
            wait_until("the new key signs", || kid(&token()) != kid(&old));
            strikes.wait_for(100);
            at_the_replica.wait_for(100);
        });
        assert_eq!((outcome.failures, outcome.turned_away), (vec![], 0));
    });
    assert_eq!((other.failures, other.turned_away), (vec![], 0));
    replica.stop().unwrap();
}

fn a_revoked_key_is_refused_by_every_replica_and_its_successor_accepted(system: &mut System) {
    let mut replica = prepare(system, "1h");
    let services = [system.tasks_client(), Client::new(&replica.url)];
    let auth = system.auth_client();
    let session = auth.sign_up("ada@example.com").unwrap().text("token");
    let token = || auth.token(&session).unwrap().text("token");
    let lists = |tasks: &Client, token: &str| tasks.get("/api/tasks", token).unwrap().status;
    let old = token();
    for tasks in &services {
        assert_eq!(lists(tasks, &old), 200);
    }

    // Sends the old token to every replica continuously. The clock orders requests and responses.
    let clock = AtomicUsize::new(0);
    let tick = || clock.fetch_add(1, Ordering::SeqCst);
    let attempt = |number: usize| {
        let replica = number % services.len();
        let started = tick();
        let status = lists(services.get(replica)?, &old);
        Some(Attempt { replica, started, status, answered: tick() })
    };
    let attempts = under_load(attempt, |attempts| {
        attempts.wait_for(ATTEMPTS);
        keys(system, &["revoke", &kid(&old), "--yes"]);
        for tasks in &services {
            wait_until("the old token is refused", || lists(tasks, &old) == 401);
        }
        wait_until("another key signs", || kid(&token()) != kid(&old));
        let new = token();
        for tasks in &services {
            assert_eq!(lists(tasks, &new), 200, "the key was fetched with the event");
        }
        attempts.wait_for(ATTEMPTS);
    });
    for replica in 0..services.len() {
        let of_replica = || attempts.iter().filter(|attempt| attempt.replica == replica);
        let refused = of_replica().filter(|attempt| attempt.status == 401);
        let since = refused.map(|attempt| attempt.answered).min().unwrap();
        for attempt in of_replica() {
            let is_accepted = attempt.status == 200 && attempt.started < since;
            assert!(is_accepted || attempt.status == 401, "{attempt:?} after {since}");
        }
    }
    replica.stop().unwrap();
}
