//! Acknowledged writes survive `kill -9`.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop here")]

use std::sync::atomic::{AtomicUsize, Ordering};

use e2e::{Client, System, on_both_engines, on_sqlite, under_load, under_load_of};

/// Number of acknowledged writes before the kill, enough that others are in flight by then.
const ENOUGH: usize = 40;

/// Number of writers, enough that several writes share a transaction.
const WRITERS: usize = 16;
const ROUNDS: usize = 20;

on_sqlite!(kill_nine_in_the_middle_of_grouped_writes_leaves_only_whole_transactions);
on_both_engines!(
    kill_nine_of_auth_service_loses_no_acknowledged_sign_up,
    kill_nine_of_task_service_loses_no_acknowledged_task,
);

fn kill_nine_of_auth_service_loses_no_acknowledged_sign_up(system: &mut System) {
    let auth = system.auth_client();
    let sign_up = |number| {
        let email = format!("user-{number}@example.com");
        let answer = auth.sign_up(&email).ok()?;
        assert_eq!(answer.status, 200, "{answer:?}");
        Some((email, answer.text("token")))
    };
    let acknowledged = under_load(sign_up, |acknowledged| {
        acknowledged.wait_for(ENOUGH);
        system.auth.kill_nine().unwrap();
    });

    system.start_services();
    for (email, session) in acknowledged {
        assert_eq!(auth.token(&session).unwrap().status, 200, "the session of {email}");
        assert_eq!(auth.sign_in(&email).unwrap().status, 200, "the account of {email}");
    }
}

fn kill_nine_of_task_service_loses_no_acknowledged_task(system: &mut System) {
    let tasks = system.tasks_client();
    let token = system.token("ada@example.com");
    let create = |number| {
        let answer = tasks.create_task(&token, &format!("task {number}")).ok()?;
        assert_eq!(answer.status, 201, "{answer:?}");
        Some(answer.text("id"))
    };
    let acknowledged = under_load(create, |acknowledged| {
        acknowledged.wait_for(ENOUGH);
        system.tasks.kill_nine().unwrap();
    });

    system.start_services();
    for id in acknowledged {
        assert_eq!(tasks.task(&token, &id).unwrap().status, 200, "the task {id}");
    }
}

/// A create request with an `Idempotency-Key` writes two rows. If one of them were missing, a
/// repeated request would create a second task or return one that does not exist.
fn kill_nine_in_the_middle_of_grouped_writes_leaves_only_whole_transactions(system: &mut System) {
    let tasks = system.tasks_client();
    let token = system.token("ada@example.com");
    for round in 0..ROUNDS {
        let attempts = AtomicUsize::new(0);
        let title = |number| format!("round {round} number {number}.");
        let create = |number| {
            attempts.fetch_max(number + 1, Ordering::Relaxed);
            let answer = tasks.create_task_once(&token, &title(number), &title(number)).ok()?;
            assert_eq!(answer.status, 201, "{answer:?}");
            Some((number, answer.text("id")))
        };
        let acknowledged = under_load_of(WRITERS, create, |acknowledged| {
            acknowledged.wait_for(ENOUGH);
            system.tasks.kill_nine().unwrap();
        });

        system.start_services();
        for (number, id) in &acknowledged {
            assert_eq!(tasks.task(&token, id).unwrap().status, 200, "{}", title(*number));
        }
        for number in 0..attempts.into_inner() {
            is_there_once(&tasks, &token, &title(number));
        }
    }
}

fn is_there_once(tasks: &Client, token: &str, title: &str) {
    let id = tasks.create_task_once(token, title, title).unwrap().text("id");
    assert_eq!(tasks.task(token, &id).unwrap().status, 200, "{title}");
    let path = format!("/api/tasks?q={}", title.replace(' ', "+"));
    let found = tasks.get(&path, token).unwrap().body;
    assert_eq!(found.as_array().map(Vec::len), Some(1), "{title}: {found}");
}
