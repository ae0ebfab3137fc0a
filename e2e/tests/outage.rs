//! Outages of the database, the issuer, or both services.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop here")]

use std::time::{Duration, Instant};

use e2e::{System, Watch, on_both_engines, on_postgres, under_load, wait_until};

/// Number of acknowledged writes to wait for, before and after an outage.
const ENOUGH: usize = 20;
/// Minimum number of refused requests per service.
const REFUSALS: usize = 5;
/// Time span that exceeds the lifetime of cached keys.
const PAST_THE_CACHE: Duration = Duration::from_secs(3);

on_postgres!(killing_and_restarting_postgres_under_load_gives_503_and_recovers);
on_both_engines!(
    a_dead_auth_service_changes_nothing_for_known_keys,
    a_restart_keeps_everything_and_tokens_stay_valid,
);

fn killing_and_restarting_postgres_under_load_gives_503_and_recovers(system: &mut System) {
    let (auth, tasks) = (system.auth_client(), system.tasks_client());
    let token = system.token("ada@example.com");
    let (sign_ups, creates) = (Watch::default(), Watch::default());
    let write = |number| {
        let signed_up = sign_ups.see(auth.sign_up(&format!("user-{number}@example.com")));
        let created = creates.see(tasks.create_task(&token, &format!("task {number}")));
        Some((signed_up?.text("token"), created?.text("id")))
    };
    let acknowledged = under_load(write, |acknowledged| {
        acknowledged.wait_for(ENOUGH);
        system.data.cluster().kill_nine().unwrap();
        wait_until("both refuse", || sign_ups.refusals().min(creates.refusals()) >= REFUSALS);
        system.data.cluster().restart().unwrap();
        acknowledged.wait_for(ENOUGH);
    });

    for (session, task) in acknowledged {
        assert_eq!(auth.token(&session).unwrap().status, 200, "the session {session}");
        assert_eq!(tasks.task(&token, &task).unwrap().status, 200, "the task {task}");
    }
}

fn a_dead_auth_service_changes_nothing_for_known_keys(system: &mut System) {
    let tasks = system.tasks_client();
    let token = system.token("ada@example.com");
    let id = tasks.create_task(&token, "before").unwrap().text("id");

    system.auth.kill_nine().unwrap();
    let start = Instant::now();
    while start.elapsed() < PAST_THE_CACHE {
        assert_eq!(tasks.create_task(&token, "after").unwrap().status, 201);
        assert_eq!(tasks.task(&token, &id).unwrap().status, 200);
    }
}

fn a_restart_keeps_everything_and_tokens_stay_valid(system: &mut System) {
    let (auth, tasks) = (system.auth_client(), system.tasks_client());
    let session = auth.sign_up("ada@example.com").unwrap().text("token");
    let token = auth.token(&session).unwrap().text("token");
    let id = tasks.create_task(&token, "Buy milk").unwrap().text("id");

    for service in [&mut system.tasks, &mut system.auth] {
        let status = service.stop().unwrap().unwrap();
        assert!(status.success(), "{} ends with {status}", service.name);
    }
    system.start_services();

    assert_eq!(tasks.task(&token, &id).unwrap().text("title"), "Buy milk");
    assert_eq!(auth.token(&session).unwrap().status, 200);
    assert_eq!(auth.sign_in("ada@example.com").unwrap().status, 200);
}
