//! What was acknowledged is there after `kill -9`.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop here")]

use e2e::{System, on_both_engines, under_load};

/// Acknowledged writes before the kill: enough for it to come in the middle of others.
const ENOUGH: usize = 40;

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
