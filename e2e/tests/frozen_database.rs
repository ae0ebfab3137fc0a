//! A PostgreSQL server that does not respond: it is frozen, or its tables are locked.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop here")]

use std::{
    thread,
    time::{Duration, Instant},
};

use e2e::{Answer, Client, Engine, Lost, System, wait_until};
use xtask::postgres::Cluster;

/// Database timeout of the services in these tests.
const TIMEOUT: &str = "2s";
/// Time limit for a response. It is generous, so that even on a busy machine only a service without
/// a timeout exceeds it.
const RESPONSE_LIMIT: Duration = Duration::from_secs(30);
const READINESS_LIMIT: Duration = Duration::from_secs(15);

type SendRequest<'a> = Box<dyn Fn() -> Result<Answer, Lost> + Send + Sync + 'a>;

#[test]
fn a_frozen_database_blocks_no_request_and_executes_nothing_later() {
    carries_out_nothing_later(
        |cluster| cluster.freeze().unwrap(),
        |cluster, ()| cluster.thaw().unwrap(),
    );
}

#[test]
fn a_locked_table_blocks_no_request_and_executes_nothing_later() {
    carries_out_nothing_later(
        |cluster| {
            [("auth", "users"), ("tasks", "tasks")]
                .map(|(database, table)| cluster.lock_table(database, table).unwrap())
        },
        |_, locks| drop(locks),
    );
}

/// Checks that requests get outage responses while the database hangs, and that none of them is
/// executed later. `hang` blocks the database until `end` is called.
fn carries_out_nothing_later<T>(hang: impl FnOnce(&Cluster) -> T, end: impl FnOnce(&Cluster, T)) {
    let Some(mut system) = System::prepare(Engine::Postgres) else { return };
    system.auth.set_variable("DATABASE_TIMEOUT", TIMEOUT);
    system.tasks.set_variable("DATABASE_TIMEOUT", TIMEOUT);
    system.start_services();
    let (auth, tasks) = (system.auth_client(), system.tasks_client());
    let session = auth.sign_up("ada@example.com").unwrap().text("token");
    let token = auth.token(&session).unwrap().text("token");
    let kept = tasks.create_task(&token, "kept").unwrap().text("id");
    assert_eq!(tasks.task(&token, &kept).unwrap().status, 200);

    let hanging = hang(system.data.cluster());
    // Wait until the services notice the outage. Within 50 ms of the last reply from the database,
    // they send a write without checking the database first, so the write might be executed later.
    for client in [&auth, &tasks] {
        wait_until("the outage is noticed", || {
            client.get("/health/ready", "").unwrap().status == 503
        });
    }
    // Requests must time out in the first round, and also in the second, when the outage is known.
    for _ in 0..2 {
        let requests: Vec<SendRequest<'_>> = vec![
            request(&tasks, |client| client.create_task(&token, "given up")),
            request(&tasks, |client| client.create_task_once(&token, "given up", "a key")),
            request(&tasks, |client| client.task(&token, &kept)),
            request(&tasks, |client| client.get("/api/tasks?q=kept", &token)),
            request(&auth, |client| client.sign_up("eve@example.com")),
            request(&auth, |client| client.sign_in("ada@example.com")),
            request(&auth, |client| client.get("/api/auth/get-session", &session)),
        ];
        thread::scope(|scope| {
            for request in &requests {
                scope.spawn(move || {
                    let answer = within(RESPONSE_LIMIT, request);
                    assert!(answer.is_outage(), "{answer:?}");
                });
            }
            for client in [&auth, &tasks] {
                scope.spawn(move || {
                    let ready = within(READINESS_LIMIT, &|| client.get("/health/ready", ""));
                    assert_eq!(ready.status, 503, "{ready:?}");
                    assert_eq!(ready.text("database"), "unavailable");
                });
            }
        });
    }
    end(system.data.cluster(), hanging);

    for client in [&auth, &tasks] {
        wait_until("the service is ready again", || {
            client.get("/health/ready", "").unwrap().status == 200
        });
    }
    assert_eq!(tasks.create_task(&token, "after").unwrap().status, 201);
    let listed = tasks.get("/api/tasks", &token).unwrap().body;
    let titles: Vec<_> = listed.as_array().unwrap().iter().map(|task| &task["title"]).collect();
    assert_eq!(titles, ["after", "kept"]);
    let eve = auth.sign_in("eve@example.com").unwrap();
    assert_eq!((eve.status, &*eve.text("code")), (401, "INVALID_EMAIL_OR_PASSWORD"));
    assert_eq!(auth.sign_up("eve@example.com").unwrap().status, 200);
}

fn request<'a>(
    client: &'a Client,
    send: impl Fn(&Client) -> Result<Answer, Lost> + Send + Sync + 'a,
) -> SendRequest<'a> {
    Box::new(move || send(client))
}

fn within(limit: Duration, request: &dyn Fn() -> Result<Answer, Lost>) -> Answer {
    let start = Instant::now();
    let answer = request().unwrap();
    let taken = start.elapsed();
    assert!(taken < limit, "{answer:?} after {taken:?}");
    answer
}
