//! task-service rejects access tokens that auth-service has revoked, and those of ended sessions
//! and of disabled or deleted users. It also erases the tasks of deleted users.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop here")]

use e2e::{Client, System, User, on_both_engines, wait_until};
use serde_json::json;

on_both_engines!(
    signing_out_ends_the_tokens_of_that_session_at_every_replica,
    revoking_a_token_ends_that_token_at_every_replica,
    revoking_a_user_ends_the_tokens_of_expired_sessions_too,
    disabling_a_user_ends_the_tokens_until_the_user_is_enabled,
    deleting_a_user_erases_the_tasks,
    a_deletion_reaches_a_task_service_that_was_down,
    an_event_survives_a_crash_of_auth_service,
);

fn lists(tasks: &Client, token: &str) -> u16 {
    tasks.get("/api/tasks", token).unwrap().status
}

fn signing_out_ends_the_tokens_of_that_session_at_every_replica(system: &mut System) {
    let mut replica = system.replica_of_tasks();
    replica.start_and_wait().unwrap();
    let services = [system.tasks_client(), Client::new(&replica.url)];
    let ada = User::sign_up(&system.auth_client(), "ada@example.com");
    let other = system.auth_client().sign_in("ada@example.com").unwrap().text("token");
    let other = system.auth_client().token(&other).unwrap().text("token");
    for tasks in &services {
        assert_eq!([lists(tasks, &ada.token), lists(tasks, &other)], [200, 200]);
    }

    ada.sign_out(&system.auth_client());
    for tasks in &services {
        wait_until("the token is refused", || lists(tasks, &ada.token) == 401);
        assert_eq!(lists(tasks, &other), 200, "of another session");
    }
    let again = system.auth_client().sign_in("ada@example.com").unwrap().text("token");
    let again = system.auth_client().token(&again).unwrap().text("token");
    assert_eq!(lists(&services[0], &again), 200);
    replica.stop().unwrap();
}

fn revoking_a_token_ends_that_token_at_every_replica(system: &mut System) {
    let mut replica = system.replica_of_tasks();
    replica.start_and_wait().unwrap();
    let services = [system.tasks_client(), Client::new(&replica.url)];
    let ada = User::sign_up(&system.auth_client(), "ada@example.com");
    let other = system.auth_client().token(&ada.session).unwrap().text("token");
    for tasks in &services {
        assert_eq!([lists(tasks, &ada.token), lists(tasks, &other)], [200, 200]);
    }

    assert_eq!(system.auth_client().revoke_token(&ada.token).unwrap().status, 200);
    for tasks in &services {
        wait_until("the token is refused", || lists(tasks, &ada.token) == 401);
        assert_eq!(lists(tasks, &other), 200, "of the same session");
    }
    replica.stop().unwrap();
}

/// Runs `auth-service users` while the service is running.
fn users(system: &System, arguments: &[&str]) {
    let output = system.auth.command(&[&["users"], arguments].concat()).output().unwrap();
    assert!(output.status.success(), "{output:?}");
}

fn revoking_a_user_ends_the_tokens_of_expired_sessions_too(system: &mut System) {
    let mut short_lived = system.replica_of_auth();
    short_lived.set_variable("SESSION_EXPIRES_IN", "5s");
    short_lived.start_and_wait().unwrap();
    let (auth, tasks) = (Client::new(&short_lived.url), system.tasks_client());
    let [ada, bob] =
        ["ada", "bob"].map(|name| User::sign_up(&auth, &format!("{name}@example.com")));
    wait_until("the session has expired", || !ada.is_signed_in(&auth));
    assert_eq!(lists(&tasks, &ada.token), 200, "the token is still valid");

    users(system, &["revoke", "ada@example.com"]);
    wait_until("the token is refused", || lists(&tasks, &ada.token) == 401);
    assert_eq!(lists(&tasks, &bob.token), 200, "of another user");
    let auth = system.auth_client();
    let again = auth.sign_in("ada@example.com").unwrap().text("token");
    // A token that is issued in the same second as the revocation is refused.
    wait_until("a new token is accepted", || {
        let token = auth.token(&again).unwrap().text("token");
        lists(&tasks, &token) == 200
    });
}

fn disabling_a_user_ends_the_tokens_until_the_user_is_enabled(system: &mut System) {
    let mut replica = system.replica_of_tasks();
    replica.start_and_wait().unwrap();
    let services = [system.tasks_client(), Client::new(&replica.url)];
    let [ada, bob] = ["ada@example.com", "bob@example.com"]
        .map(|email| User::sign_up(&system.auth_client(), email));
    assert_eq!(services[0].create_task(&ada.token, "Buy milk").unwrap().status, 201);

    users(system, &["disable", "ada@example.com"]);
    for tasks in &services {
        wait_until("the token is refused", || lists(tasks, &ada.token) == 401);
        assert_eq!(lists(tasks, &bob.token), 200, "of another user");
    }
    let auth = system.auth_client();
    let refused = auth.sign_in("ada@example.com").unwrap();
    assert_eq!((refused.status, refused.text("code")), (403, "BANNED_USER".to_owned()));

    users(system, &["enable", "ada@example.com"]);
    let session = auth.sign_in("ada@example.com").unwrap().text("token");
    let token = auth.token(&session).unwrap().text("token");
    for tasks in &services {
        // All tokens of a disabled user are rejected, so the new one is accepted only after the
        // `account-enabled` event has arrived.
        wait_until("the new token is accepted", || lists(tasks, &token) == 200);
        assert_eq!(lists(tasks, &ada.token), 401, "the old token stays revoked");
    }
    let listed = services[0].get("/api/tasks", &token).unwrap().body;
    assert_eq!(listed.pointer("/0/title"), Some(&json!("Buy milk")), "the tasks are kept");
    replica.stop().unwrap();
}

fn deleting_a_user_erases_the_tasks(system: &mut System) {
    let tasks = system.tasks_client();
    let users = ["ada", "bob"]
        .map(|name| User::sign_up(&system.auth_client(), &format!("{name}@example.com")));
    for user in &users {
        for number in 0..3 {
            let made = tasks.create_task_once(&user.token, "Buy milk", &format!("key {number}"));
            assert_eq!(made.unwrap().status, 201);
        }
    }
    let [ada, bob] = &users;
    ada.delete(&system.auth_client());

    wait_until("the tasks are gone", || !ada.has_data(system));
    assert_eq!(lists(&tasks, &ada.token), 401);
    assert!(bob.has_data(system));
    let again = User::sign_up(&system.auth_client(), "ada@example.com");
    assert_ne!(again.id, ada.id);
    assert_eq!(tasks.get("/api/tasks", &again.token).unwrap().body, json!([]));
}

fn a_deletion_reaches_a_task_service_that_was_down(system: &mut System) {
    let [ada, bob] = ["ada", "bob"].map(|name| {
        let user = User::sign_up(&system.auth_client(), &format!("{name}@example.com"));
        assert_eq!(system.tasks_client().create_task(&user.token, "Buy milk").unwrap().status, 201);
        user
    });
    system.tasks.kill_nine().unwrap();
    ada.delete(&system.auth_client());
    bob.delete(&system.auth_client());
    let carol = User::sign_up(&system.auth_client(), "carol@example.com");
    carol.sign_out(&system.auth_client());
    assert!(ada.has_data(system) && bob.has_data(system));

    system.start_services();
    wait_until("the tasks are gone", || !ada.has_data(system) && !bob.has_data(system));
    let tasks = system.tasks_client();
    for user in [ada, bob, carol] {
        assert_eq!(lists(&tasks, &user.token), 401);
    }
}

fn an_event_survives_a_crash_of_auth_service(system: &mut System) {
    let tasks = system.tasks_client();
    let ada = User::sign_up(&system.auth_client(), "ada@example.com");
    assert_eq!(lists(&tasks, &ada.token), 200);
    // While task-service is down, it cannot receive the event before auth-service is killed.
    system.tasks.kill_nine().unwrap();
    ada.sign_out(&system.auth_client());
    system.auth.kill_nine().unwrap();
    system.start_services();
    assert_eq!(lists(&tasks, &ada.token), 401, "known before the service is ready");
}
