//! Security events during faults: none is missed, and none takes effect twice.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop here")]

use std::{collections::BTreeSet, sync::Barrier, thread::scope};

use e2e::{
    Client, System, User, on_both_engines, on_postgres, set_clock, tool, under_load, wait_until,
};
use serde_json::{Value, json};
use xtask::service::Service;

on_both_engines!(
    events_recorded_while_the_feed_is_down_take_effect_afterwards,
    a_killed_auth_service_has_recorded_an_event_for_each_change,
    a_user_deleted_twice_at_once_is_erased_once,
    clocks_may_be_20_seconds_apart,
);
on_postgres!(
    a_session_does_not_end_without_its_event,
    an_event_that_is_committed_late_is_not_missed,
    an_erasure_is_completed_after_task_service_was_killed,
);

/// Number of users who sign out or delete their accounts while auth-service is killed.
const CROWD: usize = 30;
/// Number of successful responses to wait for before the kill.
const ENOUGH: usize = 5;
const SIGN_OUT: &str = "/api/auth/sign-out";
const DELETE: &str = "/api/auth/delete-user";
/// Query that counts the locks that statements wait for.
const WAITING: &str = "SELECT count(*) FROM pg_locks WHERE NOT granted";

/// Runs `auth-service users`, which needs no running service.
fn users(auth: &Service, arguments: &[&str]) {
    let output = auth.command(&[&["users"], arguments].concat()).output().unwrap();
    assert!(output.status.success(), "{output:?}");
}

fn text(row: &Value, column: &str) -> String {
    row[column].as_str().unwrap().to_owned()
}

/// Returns the kind and the user of each event, in order.
fn events(system: &System) -> Vec<(String, String)> {
    let mut rows = system.rows(&system.auth, "security_events");
    rows.sort_by_key(|row| row["place"].as_i64());
    rows.iter().map(|row| (text(row, "kind"), text(row, "user_id"))).collect()
}

fn owners(system: &System) -> BTreeSet<String> {
    let rows = system.rows(&system.tasks, "tasks");
    rows.iter().map(|row| text(row, "user_id")).collect()
}

fn ids<'a>(users: impl IntoIterator<Item = &'a User>) -> BTreeSet<String> {
    users.into_iter().map(|user| user.id.clone()).collect()
}

fn wait_until_refused(user: &User, tasks: &Client) {
    wait_until("the token is refused", || user.status_at(tasks) == 401);
}

fn events_recorded_while_the_feed_is_down_take_effect_afterwards(system: &mut System) {
    let tasks = system.tasks_client();
    let [ada, bob, carol, dave] = ["ada", "bob", "carol", "dave"].map(|name| {
        let user = User::sign_up(&system.auth_client(), &format!("{name}@example.com"));
        user.add_task(&tasks);
        user
    });
    system.auth.kill_nine().unwrap();
    users(&system.auth, &["revoke", &ada.email]);
    users(&system.auth, &["disable", &bob.email]);
    users(&system.auth, &["delete", &carol.email, "--yes"]);
    for user in [&ada, &bob, &carol, &dave] {
        assert_eq!(user.status_at(&tasks), 200, "nothing is known yet");
    }

    system.start_services();
    for user in [&ada, &bob, &carol] {
        wait_until_refused(user, &tasks);
    }
    assert_eq!(dave.status_at(&tasks), 200);
    wait_until("the tasks are gone", || !carol.has_data(system));
    assert_eq!(owners(system), ids([&ada, &bob, &dave]));
    let recorded = [
        ("session-revoked", ada.id.clone()), // for her session
        ("session-revoked", ada.id),         // for all her tokens
        ("session-revoked", bob.id.clone()),
        ("account-disabled", bob.id),
        ("account-purged", carol.id),
    ];
    assert_eq!(events(system), recorded.map(|(kind, user)| (kind.to_owned(), user)));
}

fn a_killed_auth_service_has_recorded_an_event_for_each_change(system: &mut System) {
    let (auth, tasks) = (system.auth_client(), system.tasks_client());
    let sign_up = |number| {
        let user = User::sign_up(&auth, &format!("user-{number}@example.com"));
        user.add_task(&tasks);
        user
    };
    let crowd: Vec<_> = (0..CROWD).map(sign_up).collect();
    let leave = |number: usize| {
        let user = crowd.get(number)?;
        let path = if number.is_multiple_of(2) { SIGN_OUT } else { DELETE };
        let answer = auth.post(path, Some(&user.session), &json!({})).ok()?;
        (answer.status == 200).then_some(&user.id)
    };
    let left = under_load(leave, |left| {
        left.wait_for(ENOUGH);
        system.auth.kill_nine().unwrap();
    });
    system.start_services();

    // Events take effect in order, and the event of this sign-out is the last one.
    let last = sign_up(CROWD);
    last.sign_out(&auth);
    wait_until_refused(&last, &tasks);
    let stayed: Vec<_> = crowd.iter().filter(|user| user.is_signed_in(&auth)).collect();
    for user in &crowd {
        let has_stayed = stayed.iter().any(|other| other.id == user.id);
        assert!(!(has_stayed && left.contains(&&user.id)), "{user:?} has left");
        assert_eq!(user.status_at(&tasks), if has_stayed { 200 } else { 401 }, "{user:?}");
    }
    let accounts: BTreeSet<_> =
        system.rows(&system.auth, "users").iter().map(|row| text(row, "id")).collect();
    wait_until("the tasks of deleted users are gone", || owners(system) == accounts);
    let events = events(system);
    let once: BTreeSet<_> = events.iter().collect();
    assert_eq!((events.len(), events.len()), (once.len(), CROWD - stayed.len() + 1));
}

fn a_user_deleted_twice_at_once_is_erased_once(system: &mut System) {
    let mut other_auth = system.replica_of_auth();
    other_auth.start_and_wait().unwrap();
    let mut other_tasks = system.replica_of_tasks_at(&other_auth);
    other_tasks.start_and_wait().unwrap();
    let auth = [system.auth_client(), Client::new(&other_auth.url)];
    let tasks = [system.tasks_client(), Client::new(&other_tasks.url)];
    let sign_up = |name| {
        let user = User::sign_up(&auth[0], &format!("{name}@example.com"));
        user.add_task(&tasks[0]);
        user
    };
    let leaving = ["ada", "bob", "carol", "dave"].map(sign_up);
    let staying = sign_up("erin");
    let sessions = leaving
        .each_ref()
        .map(|user| [user.session.clone(), auth[1].sign_in(&user.email).unwrap().text("token")]);

    let start = &Barrier::new(2 * leaving.len());
    scope(|scope| {
        for (session, auth) in sessions.iter().flat_map(|sessions| sessions.iter().zip(&auth)) {
            scope.spawn(move || {
                start.wait();
                let answer = auth.post(DELETE, Some(session), &json!({})).unwrap();
                assert!([200, 401].contains(&answer.status), "{answer:?}");
            });
        }
    });
    for (user, tasks) in leaving.iter().flat_map(|user| tasks.iter().map(move |at| (user, at))) {
        wait_until_refused(user, tasks);
    }
    wait_until("the tasks are gone", || owners(system) == ids([&staying]));
    let deleted = BTreeSet::from_iter(events(system));
    let expected = leaving.iter().map(|user| ("account-purged".to_owned(), user.id.clone()));
    assert_eq!((deleted, events(system).len()), (expected.collect(), leaving.len()));
    assert_eq!(tasks.each_ref().map(|tasks| staying.status_at(tasks)), [200; 2]);
}

fn clocks_may_be_20_seconds_apart(system: &mut System) {
    let Some(library) = tool("TEST_FAKETIME") else { return };
    system.auth.kill_nine().unwrap();
    system.tasks.kill_nine().unwrap();
    let mut other_auth = system.replica_of_auth();
    let mut other_tasks = system.replica_of_tasks_at(&other_auth);
    for (service, seconds) in [
        (&mut system.auth, 10),
        (&mut other_auth, -10),
        (&mut system.tasks, 10),
        (&mut other_tasks, -10),
    ] {
        set_clock(service, &library, seconds);
        service.start_and_wait().unwrap();
    }
    let tasks = [system.tasks_client(), Client::new(&other_tasks.url)];

    let mut expected = Vec::new();
    for (issuer, other) in [(&system.auth, &other_auth), (&other_auth, &system.auth)] {
        let (issuing, ending) = (Client::new(&issuer.url), Client::new(&other.url));
        let [signed_out, revoked, disabled, deleted, staying] =
            ["ada", "bob", "carol", "dave", "erin"].map(|name| {
                let user = User::sign_up(&issuing, &format!("{name}@{}", domain_of(issuer)));
                user.add_task(&tasks[0]);
                assert_eq!(tasks.each_ref().map(|tasks| user.status_at(tasks)), [200; 2]);
                user
            });
        signed_out.sign_out(&ending);
        users(other, &["revoke", &revoked.email]);
        users(other, &["disable", &disabled.email]);
        deleted.delete(&ending);
        for tasks in &tasks {
            for user in [&signed_out, &revoked, &disabled, &deleted] {
                wait_until_refused(user, tasks);
            }
            assert_eq!(staying.status_at(tasks), 200);
        }
        wait_until("the tasks are gone", || !deleted.has_data(system));
        let kept = ids([&signed_out, &revoked, &disabled, &staying]);
        assert!(kept.is_subset(&owners(system)));
        expected.extend([
            ("session-revoked", signed_out.id),
            ("session-revoked", revoked.id.clone()),
            ("session-revoked", revoked.id),
            ("session-revoked", disabled.id.clone()),
            ("account-disabled", disabled.id),
            ("account-purged", deleted.id),
        ]);
    }
    let expected: Vec<_> =
        expected.into_iter().map(|(kind, user)| (kind.to_owned(), user)).collect();
    assert_eq!(events(system), expected);
}

/// Returns the domain for the e-mail addresses of users who sign up at `service`.
fn domain_of(service: &Service) -> String {
    let (_, port) = service.url.rsplit_once(':').unwrap();
    format!("{port}.example.com")
}

/// auth-service is killed after it has deleted the session but before it has recorded the event,
/// while it waits for the lock that it needs to assign a number to the event.
fn a_session_does_not_end_without_its_event(system: &mut System) {
    let (auth, tasks) = (system.auth_client(), system.tasks_client());
    let ada = User::sign_up(&auth, "ada@example.com");
    let lock = "LOCK TABLE event_streams IN EXCLUSIVE MODE";
    let lock = system.data.cluster().begin("auth", lock).unwrap();
    scope(|scope| {
        let sign_out = scope.spawn(|| auth.post(SIGN_OUT, Some(&ada.session), &json!({})));
        let cluster = system.data.cluster();
        wait_until("the sign-out waits", || cluster.query("auth", WAITING).unwrap() == "1");
        system.auth.kill_nine().unwrap();
        assert!(sign_out.join().unwrap().is_err());
    });
    drop(lock);
    system.start_services();

    assert!(ada.is_signed_in(&auth) && events(system).is_empty());
    assert_eq!(ada.status_at(&tasks), 200);
    ada.sign_out(&auth);
    wait_until_refused(&ada, &tasks);
}

/// Another replica records an event before a sign-out, but commits it only when the sign-out has
/// begun.
fn an_event_that_is_committed_late_is_not_missed(system: &mut System) {
    let (auth, tasks) = (system.auth_client(), system.tasks_client());
    let [ada, bob, carol] =
        ["ada", "bob", "carol"].map(|name| User::sign_up(&auth, &format!("{name}@example.com")));
    carol.sign_out(&auth);
    wait_until_refused(&carol, &tasks);

    let late = format!(
        "UPDATE event_streams SET last_place = last_place + 1; \
         INSERT INTO security_events SELECT last_place, 'account-purged', '{}', NULL, now(), \
         now() + interval '1 day' FROM event_streams",
        ada.id
    );
    let late = system.data.cluster().begin("auth", &late).unwrap();
    scope(|scope| {
        let sign_out = scope.spawn(|| bob.sign_out(&auth));
        let cluster = system.data.cluster();
        wait_until("the sign-out waits", || cluster.query("auth", WAITING).unwrap() == "1");
        late.commit().unwrap();
        sign_out.join().unwrap();
    });
    for user in [&ada, &bob] {
        wait_until_refused(user, &tasks);
    }
    let expected = [("session-revoked", carol), ("account-purged", ada), ("session-revoked", bob)];
    assert_eq!(events(system), expected.map(|(kind, user)| (kind.to_owned(), user.id)));
}

/// task-service is killed after it has erased the tasks, but before it has committed.
fn an_erasure_is_completed_after_task_service_was_killed(system: &mut System) {
    let (auth, tasks) = (system.auth_client(), system.tasks_client());
    let ada = User::sign_up(&auth, "ada@example.com");
    ada.add_task(&tasks);
    let lock = "LOCK TABLE idempotency_keys IN EXCLUSIVE MODE";
    let lock = system.data.cluster().begin("tasks", lock).unwrap();
    ada.delete(&auth);
    let cluster = system.data.cluster();
    wait_until("the erasure waits", || cluster.query("tasks", WAITING).unwrap() == "1");
    system.tasks.kill_nine().unwrap();
    assert!(ada.has_data(system));
    drop(lock);

    system.start_services();
    wait_until("the tasks are gone", || !ada.has_data(system));
    assert_eq!(ada.status_at(&tasks), 401);
}
