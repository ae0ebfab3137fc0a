//! Shutdown of the services: while a dependency hangs, while nobody reads their log, and after
//! repeated signals.

#![expect(
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "a test that cannot go on should stop here"
)]

use std::{
    io::{self, BufRead as _, BufReader, PipeReader},
    net::TcpListener,
    sync::mpsc,
    thread::{scope, spawn},
    time::{Duration, Instant},
};

use e2e::{
    Client, Connection, Request, System, on_both_engines, on_postgres, on_sqlite, wait_until,
};
use serde_json::json;
use xtask::service::{Service, Signal};

const SHUTDOWN_TIMEOUT: (&str, &str) = ("SHUTDOWN_TIMEOUT", "3s");
/// Time limit for a service to exit. It exceeds the shutdown timeout, because the machine may be
/// busy, but is shorter than any of the hangs.
const PATIENCE: Duration = Duration::from_secs(20);
/// Number of requests, enough that their log lines exceed the capacity of a pipe.
const ENOUGH: usize = 1000;

on_both_engines!(repeated_signals_of_one_second_count_as_one);
on_postgres!(
    a_frozen_database_does_not_keep_services_alive,
    a_locked_table_does_not_keep_services_alive,
);
on_sqlite!(
    an_unread_log_blocks_neither_requests_nor_shutdown,
    logging_continues_when_the_log_is_read_again,
    a_silent_mail_server_does_not_keep_the_service_alive,
    a_silent_trace_collector_does_not_keep_services_alive,
);

fn repeated_signals_of_one_second_count_as_one(system: &mut System) {
    for service in [&mut system.tasks, &mut system.auth] {
        service.stop().unwrap();
        service.start_and_wait().unwrap();
        service.signal(Signal::TERM).unwrap();
        service.signal(Signal::TERM).unwrap();
        service.signal(Signal::INT).unwrap();
        let status = service.wait().unwrap().unwrap();
        assert!(status.success(), "{} ends with {status}", service.name);
    }
}

fn a_frozen_database_does_not_keep_services_alive(system: &mut System) {
    restart_with(&mut system.auth, &[SHUTDOWN_TIMEOUT]);
    restart_with(&mut system.tasks, &[SHUTDOWN_TIMEOUT]);
    let token = system.token("ada@example.com");
    let (auth, tasks) = (system.auth_client(), system.tasks_client());
    assert_eq!(tasks.create_task(&token, "before").unwrap().status, 201);

    system.data.cluster().freeze().unwrap();
    scope(|scope| {
        // The outcome of these requests is irrelevant.
        scope.spawn(|| drop(auth.sign_up("bob@example.com")));
        scope.spawn(|| drop(tasks.create_task(&token, "meanwhile")));
        assert_ends(&mut system.auth);
        assert_ends(&mut system.tasks);
        system.data.cluster().thaw().unwrap();
    });

    system.start_services();
    assert_eq!(auth.sign_in("ada@example.com").unwrap().status, 200);
    assert_eq!(tasks.create_task(&token, "after").unwrap().status, 201);
}

fn a_locked_table_does_not_keep_services_alive(system: &mut System) {
    restart_with(&mut system.auth, &[SHUTDOWN_TIMEOUT]);
    restart_with(&mut system.tasks, &[SHUTDOWN_TIMEOUT]);
    let token = system.token("ada@example.com");
    let (auth, tasks) = (system.auth_client(), system.tasks_client());

    let users = system.data.cluster().lock_table("auth", "users").unwrap();
    let rows = system.data.cluster().lock_table("tasks", "tasks").unwrap();
    scope(|scope| {
        // The outcome of these requests is irrelevant.
        scope.spawn(|| drop(auth.sign_up("bob@example.com")));
        scope.spawn(|| drop(tasks.create_task(&token, "meanwhile")));
        assert_ends(&mut system.auth);
        assert_ends(&mut system.tasks);
    });
    drop((users, rows));

    system.start_services();
    assert_eq!(auth.sign_in("ada@example.com").unwrap().status, 200);
    assert_eq!(tasks.create_task(&token, "after").unwrap().status, 201);
}

fn an_unread_log_blocks_neither_requests_nor_shutdown(system: &mut System) {
    for service in [&mut system.tasks, &mut system.auth] {
        service.stop().unwrap();
        let (mut stuck, _unread) = with_unread_output(service);
        stuck.start_and_wait().unwrap();
        fill_the_pipe(&stuck);
        assert_eq!(Client::new(&stuck.url).get("/health/ready", "").unwrap().status, 200);
        assert_ends(&mut stuck);
    }
}

fn logging_continues_when_the_log_is_read_again(system: &mut System) {
    for service in [&mut system.tasks, &mut system.auth] {
        service.stop().unwrap();
        let (mut stuck, output) = with_unread_output(service);
        stuck.start_and_wait().unwrap();
        fill_the_pipe(&stuck);

        let (sender, lines) = mpsc::channel();
        spawn(move || BufReader::new(output).lines().try_for_each(|line| sender.send(line)));
        assert_eq!(Client::new(&stuck.url).get("/missing", "").unwrap().status, 404);
        while !lines.recv_timeout(PATIENCE).expect("a line").unwrap().contains(" 404 in ") {}
        stuck.stop().unwrap();
    }
}

fn a_silent_mail_server_does_not_keep_the_service_alive(system: &mut System) {
    let (server, address) = silent_server();
    let url = format!("smtp://{address}");
    restart_with(&mut system.auth, &[SHUTDOWN_TIMEOUT, ("SMTP_URL", &url)]);
    let auth = system.auth_client();
    auth.sign_up("ada@example.com").unwrap();
    let body = json!({ "email": "ada@example.com" });
    assert_eq!(auth.post("/api/auth/request-password-reset", None, &body).unwrap().status, 200);
    wait_until("the mail server is called", || server.accept().is_ok());
    assert_eq!(auth.get("/health/ready", "").unwrap().status, 200);
    assert_eq!(auth.sign_in("ada@example.com").unwrap().status, 200);

    assert_ends(&mut system.auth);
}

fn a_silent_trace_collector_does_not_keep_services_alive(system: &mut System) {
    let (_server, address) = silent_server();
    let url = format!("http://{address}");
    let collector = ("OTEL_EXPORTER_OTLP_ENDPOINT", url.as_str());
    restart_with(&mut system.auth, &[SHUTDOWN_TIMEOUT, collector]);
    restart_with(&mut system.tasks, &[SHUTDOWN_TIMEOUT, collector]);
    let token = system.token("ada@example.com");
    assert_eq!(system.tasks_client().create_task(&token, "traced").unwrap().status, 201);

    assert_ends(&mut system.auth);
    assert_ends(&mut system.tasks);
}

/// Sends [`ENOUGH`] requests, whose log lines fill the pipe.
fn fill_the_pipe(service: &Service) {
    let mut connection = Connection::open(&service.url).unwrap();
    let request = Request { method: "GET", path: "/openapi.json".into(), ..Request::default() };
    for _ in 0..ENOUGH {
        assert!(connection.send(&request).unwrap().status < 500);
    }
}

fn assert_ends(service: &mut Service) {
    let start = Instant::now();
    let status = service.stop().unwrap().unwrap();
    let elapsed = start.elapsed();
    assert!(status.success() && elapsed < PATIENCE, "{}: {status}, {elapsed:?}", service.name);
}

fn restart_with(service: &mut Service, variables: &[(&str, &str)]) {
    service.stop().unwrap();
    for (name, value) in variables {
        service.set_variable(name, value);
    }
    service.start_and_wait().unwrap();
}

/// Returns a server to which clients can connect but which sends nothing, and its address.
fn silent_server() -> (TcpListener, String) {
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    server.set_nonblocking(true).unwrap();
    let address = server.local_addr().unwrap().to_string();
    (server, address)
}

/// Returns a copy of a service that writes its log into a pipe, and the reading end of the pipe.
fn with_unread_output(service: &Service) -> (Service, PipeReader) {
    let (reader, writer) = io::pipe().unwrap();
    let mut command = service.command(&[]);
    let (name, value) = SHUTDOWN_TIMEOUT;
    command.env("RUST_LOG", "info").env(name, value);
    command.stdout(writer.try_clone().unwrap()).stderr(writer);
    (Service::new(service.name, service.url.clone(), command), reader)
}
