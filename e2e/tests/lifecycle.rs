//! Startup in any order, and shutdown without lost requests or e-mails.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop here")]

use std::{fs, net::TcpListener, path::Path};

use e2e::{
    Balancer, Client, Connection, Engine, Outcome, Request, System, hammer, on_both_engines,
    on_postgres, wait_until,
};
use serde_json::{Value, json};
use xtask::service::{Service, Signal};

/// Number of successful responses to wait for, enough to have other requests in flight.
const ENOUGH: usize = 200;
/// Shutdown delay that is long enough for the clients and the proxy to notice the shutdown.
const DELAY: &str = "4s";
/// Shutdown delay that exceeds all time limits of the tests.
const FOREVER: &str = "1h";

on_both_engines!(
    ending_auth_service_under_load_loses_no_request,
    ending_task_service_under_load_loses_no_request,
    a_service_shutting_down_serves_requests_until_a_second_signal,
    an_interrupt_skips_the_shutdown_delay,
    a_mail_in_flight_at_shutdown_is_sent_after_the_next_start,
);
on_postgres!(a_rolling_restart_behind_a_proxy_loses_no_request);

fn ending_auth_service_under_load_loses_no_request(system: &mut System) {
    let auth = system.auth_client();
    let session = auth.sign_up("ada@example.com").unwrap().text("token");
    restart_with(&mut system.auth, "SHUTDOWN_DELAY", DELAY);

    let request = |number: usize| match number % 20 {
        0 => Request {
            method: "POST",
            path: "/api/auth/sign-up/email".into(),
            body: json!({
                "name": "Bob",
                "email": format!("bob-{number}@example.com"),
                "password": "correct horse battery staple",
            })
            .to_string(),
            ..Request::default()
        },
        1..7 => get("/api/auth/jwks", ""),
        7..10 => get("/api/auth/token", &session),
        _ => get("/api/auth/get-session", &session),
    };
    end_under_load(&mut system.auth, request);
}

fn ending_task_service_under_load_loses_no_request(system: &mut System) {
    let token = system.token("ada@example.com");
    system.tasks.set_variable("RATE_LIMIT", "off");
    restart_with(&mut system.tasks, "SHUTDOWN_DELAY", DELAY);

    end_under_load(&mut system.tasks, work_on_tasks(&token));
}

fn end_under_load(service: &mut Service, request: impl Fn(usize) -> Request + Sync) {
    let url = service.url.clone();
    let Outcome { failures, turned_away } = hammer(&url, request, |strikes| {
        strikes.wait_for(ENOUGH);
        let status = service.stop().unwrap().unwrap();
        assert!(status.success(), "{status}");
    });

    assert_eq!(failures, [""; 0]);
    assert!(turned_away > 0, "the clients went on to the end");
}

fn a_rolling_restart_behind_a_proxy_loses_no_request(system: &mut System) {
    let token = system.token("ada@example.com");
    let mut replica = system.replica_of_tasks();
    for service in [&mut system.tasks, &mut replica] {
        service.set_variable("RATE_LIMIT", "off");
        restart_with(service, "SHUTDOWN_DELAY", DELAY);
    }
    let replicas = [&system.tasks, &replica];
    let Some(balancer) = Balancer::start(system.folder(), &replicas) else { return };

    let Outcome { failures, turned_away } =
        hammer(&balancer.url, work_on_tasks(&token), |strikes| {
            for service in [&mut system.tasks, &mut replica] {
                strikes.wait_for(ENOUGH);
                let status = service.stop().unwrap().unwrap();
                assert!(status.success(), "{status}");
                service.start_and_wait().unwrap();
                balancer.wait_for(service);
            }
            strikes.wait_for(ENOUGH);
        });

    assert_eq!((failures, turned_away), (vec![], 0));
}

fn a_service_shutting_down_serves_requests_until_a_second_signal(system: &mut System) {
    for service in [&mut system.tasks, &mut system.auth] {
        restart_with(service, "SHUTDOWN_DELAY", FOREVER);
        let client = Client::new(&service.url);
        let mut connection = Connection::open(&service.url).unwrap();
        assert!(!connection.send(&get("/health/ready", "")).unwrap().is_last);

        service.signal(Signal::TERM).unwrap();
        wait_until("it says that it ends", || status(&client) == "stopping");

        let ready = client.get("/health/ready", "").unwrap();
        assert!(ready.is_outage(), "{ready:?}");
        assert_eq!(ready.text("database"), "ok");
        let strike = connection.send(&get("/health/live", "")).unwrap();
        assert_eq!((strike.status, strike.is_last), (200, true));

        // Signals within a second of the first one are ignored.
        wait_until("another signal ends it", || {
            service.signal(Signal::TERM).unwrap();
            service.check_alive().is_err()
        });
        let status = service.wait().unwrap().unwrap();
        assert_eq!(status.code(), Some(1));
    }
}

fn an_interrupt_skips_the_shutdown_delay(system: &mut System) {
    for service in [&mut system.tasks, &mut system.auth] {
        restart_with(service, "SHUTDOWN_DELAY", FOREVER);
        service.signal(Signal::INT).unwrap();
        let status = service.wait().unwrap().unwrap();
        assert!(status.success(), "{status}");
    }
}

fn a_mail_in_flight_at_shutdown_is_sent_after_the_next_start(system: &mut System) {
    // A mail server that accepts connections and never responds.
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    server.set_nonblocking(true).unwrap();
    let url = format!("smtp://{}", server.local_addr().unwrap());
    restart_with(&mut system.auth, "SMTP_URL", &url);
    let auth = system.auth_client();
    auth.sign_up("ada@example.com").unwrap();

    let body = json!({ "email": "ada@example.com" });
    assert_eq!(auth.post("/api/auth/request-password-reset", None, &body).unwrap().status, 200);
    let mut call = None;
    wait_until("the mail server is called", || {
        call = server.accept().ok();
        call.is_some()
    });
    let status = system.auth.stop().unwrap().unwrap();
    assert!(status.success(), "{status}");

    let mails = system.folder().join("mails");
    system.auth.remove_variable("SMTP_URL");
    system.auth.set_variable("MAIL_DIR", mails.to_str().unwrap());
    system.start_services();
    wait_until("the mail is sent", || count_files(&mails) == 1);
}

#[test]
fn services_may_start_before_one_another_and_before_their_databases() {
    let Some(mut system) = System::prepare(Engine::Postgres) else { return };
    system.data.cluster().kill_nine().unwrap();
    let (auth, tasks) = (system.auth_client(), system.tasks_client());

    system.tasks.start().unwrap();
    wait_until("task-service answers", || tasks.get("/health/live", "").is_ok());
    let ready = tasks.get("/health/ready", "").unwrap();
    let mut missing = json!({
        "status": "unavailable",
        "database": "unavailable",
        "schema": "unavailable",
        "keys": "unavailable",
        "events": "unavailable",
    });
    assert_eq!((ready.status, &ready.body), (503, &missing));
    missing.as_object_mut().unwrap().remove("events");

    system.auth.start().unwrap();
    wait_until("auth-service answers", || auth.get("/health/live", "").is_ok());
    let ready = auth.get("/health/ready", "").unwrap();
    assert_eq!((ready.status, &ready.body), (503, &missing));
    for refused in [auth.sign_up("ada@example.com"), auth.get("/api/auth/jwks", "")] {
        let refused = refused.unwrap();
        assert!(refused.is_outage(), "{refused:?}");
    }

    system.data.cluster().restart().unwrap();
    system.start_services();
    let token = system.token("ada@example.com");
    assert_eq!(tasks.create_task(&token, "Buy milk").unwrap().status, 201);
}

#[test]
fn a_wrong_database_password_stops_the_service_once_the_database_is_up() {
    let Some(mut system) = System::prepare(Engine::Postgres) else { return };
    let url = system.data.server_url().unwrap();
    let wrong = url.replace("//postgres:", "//nobody-knows:");
    system.data.cluster().kill_nine().unwrap();
    for service in [&mut system.auth, &mut system.tasks] {
        service.set_variable("DATABASE_URL", &wrong);
        service.start().unwrap();
    }
    let auth = system.auth_client();
    wait_until("auth-service answers", || auth.get("/health/live", "").is_ok());

    system.data.cluster().restart().unwrap();
    for service in [&mut system.auth, &mut system.tasks] {
        let status = service.wait().unwrap().unwrap();
        assert_eq!(status.code(), Some(1), "{} ends with {status}", service.name);
    }
}

fn get(path: &str, bearer: &str) -> Request {
    Request { method: "GET", path: path.into(), bearer: bearer.into(), ..Request::default() }
}

fn work_on_tasks(token: &str) -> impl Fn(usize) -> Request + Sync {
    move |number| match number % 2 {
        0 => Request {
            method: "POST",
            path: "/api/tasks".into(),
            bearer: token.to_owned(),
            body: json!({ "title": format!("task {number}") }).to_string(),
        },
        _ => get("/api/tasks?limit=5", token),
    }
}

fn restart_with(service: &mut Service, variable: &str, value: &str) {
    service.stop().unwrap();
    service.set_variable(variable, value);
    service.start_and_wait().unwrap();
}

fn status(client: &Client) -> String {
    let ready = client.get("/health/ready", "").unwrap();
    ready.body.get("status").and_then(Value::as_str).unwrap_or_default().to_owned()
}

fn count_files(folder: &Path) -> usize {
    fs::read_dir(folder).map_or(0, Iterator::count)
}
