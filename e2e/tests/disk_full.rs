//! A SQLite database on a disk that is temporarily full.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop here")]

use std::{
    fs,
    process::{Command, Stdio},
};

use e2e::{System, on_sqlite};
use rustix::process::{Pid, Resource, Rlimit, prlimit};
use serde_json::json;
use xtask::service::Service;

on_sqlite!(
    a_full_disk_is_reported_and_needs_no_restart,
    auth_service_reports_a_full_disk_and_needs_no_restart,
    a_full_disk_does_not_keep_services_alive,
);

/// Shell script that makes a program ignore SIGXFSZ. A limit on the size of files then simulates a
/// full disk: writes beyond the limit fail, but do not kill the program.
const IGNORE_THE_SIGNAL: &str = r#"trap "" XFSZ; exec "$0""#;

fn a_full_disk_is_reported_and_needs_no_restart(system: &mut System) {
    let token = system.token("ada@example.com");
    let tasks = system.tasks_client();
    system.tasks.stop().unwrap();
    let mut service = limited(&system.tasks);
    service.start_and_wait().unwrap();
    let create = || {
        let body = json!({ "title": "Long", "description": "x".repeat(9000) });
        tasks.post("/api/tasks", Some(&token), &body).unwrap()
    };
    let mut acknowledged = Vec::new();
    for _ in 0..10 {
        acknowledged.push(create().text("id"));
    }
    let ready = || tasks.get("/health/ready", &token).unwrap();
    assert_eq!(ready().status, 200);

    limit_files(&service, Some(size_of_log(system, "tasks.db-wal")));
    for _ in 0..3 {
        assert!(create().is_outage());
    }
    assert_eq!(ready().status, 503);
    for id in &acknowledged {
        assert_eq!(tasks.task(&token, id).unwrap().status, 200);
    }

    limit_files(&service, None);
    assert_eq!(ready().status, 200);
    acknowledged.push(create().text("id"));
    let found = tasks.get("/api/tasks", &token).unwrap().body;
    assert_eq!(found.as_array().map(Vec::len), Some(acknowledged.len()));
}

fn auth_service_reports_a_full_disk_and_needs_no_restart(system: &mut System) {
    let auth = system.auth_client();
    system.auth.stop().unwrap();
    let mut service = limited(&system.auth);
    service.start_and_wait().unwrap();
    let session = auth.sign_up("ada@example.com").unwrap().text("token");
    let ready = || auth.get("/health/ready", "").unwrap();
    assert_eq!(ready().status, 200);

    limit_files(&service, Some(size_of_log(system, "auth.db-wal")));
    for _ in 0..3 {
        assert!(auth.sign_up("bob@example.com").unwrap().is_outage());
    }
    assert_eq!(ready().status, 503);
    assert_eq!(auth.get("/api/auth/get-session", &session).unwrap().status, 200);

    limit_files(&service, None);
    assert_eq!(ready().status, 200);
    assert_eq!(auth.sign_up("bob@example.com").unwrap().status, 200);
}

fn a_full_disk_does_not_keep_services_alive(system: &mut System) {
    let token = system.token("ada@example.com");
    let auth = system.auth_client();
    for service in [&mut system.auth, &mut system.tasks] {
        service.stop().unwrap();
    }
    let mut services = [limited(&system.auth), limited(&system.tasks)];
    for service in &mut services {
        service.start_and_wait().unwrap();
        limit_files(service, Some(0));
    }
    assert!(auth.sign_up("bob@example.com").unwrap().is_outage());
    assert!(system.tasks_client().create_task(&token, "lost").unwrap().is_outage());
    for service in &mut services {
        let status = service.stop().unwrap().unwrap();
        assert!(status.success(), "{} ends with {status}", service.name);
    }
}

fn size_of_log(system: &System, name: &str) -> u64 {
    fs::metadata(system.folder().join(name)).unwrap().len()
}

/// Returns a copy of `service` that is started through [`IGNORE_THE_SIGNAL`].
fn limited(service: &Service) -> Service {
    let same = service.command(&[]);
    let mut command = Command::new("bash");
    command
        .args(["-c", IGNORE_THE_SIGNAL])
        .arg(same.get_program())
        .envs(same.get_envs().filter_map(|(name, value)| Some((name, value?))))
        .current_dir(same.get_current_dir().unwrap())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    Service::new(service.name, service.url.clone(), command)
}

fn limit_files(service: &Service, bytes: Option<u64>) {
    let process = Pid::from_raw(service.process_id().unwrap().cast_signed());
    let limit = Rlimit { current: bytes, maximum: None };
    prlimit(process, Resource::Fsize, limit).unwrap();
}
