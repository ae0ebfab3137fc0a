//! Both services on one database.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop here")]

use std::thread::scope;

use e2e::{Engine, System};

/// Number of users, and number of tasks, to create at the same time.
const MANY: usize = 20;

#[test]
fn both_services_share_a_sqlite_file() {
    share(Engine::Sqlite);
}

#[test]
fn both_services_share_a_postgresql_database() {
    share(Engine::Postgres);
}

/// Migrates a shared database for the services in either order and concurrently, and checks that
/// both services work.
fn share(engine: Engine) {
    for order in [&["auth", "tasks"][..], &["tasks", "auth"], &[]] {
        let Some(mut system) = System::prepare(engine) else { return };
        system.share_database();
        for name in order {
            let service = if *name == "auth" { &system.auth } else { &system.tasks };
            let output = service.command(&["migrate"]).output().unwrap();
            assert!(output.status.success(), "{order:?} {output:?}");
        }
        system.auth.start().unwrap();
        system.tasks.start().unwrap();
        system.start_services();
        work(&system, "ada");

        // Each service exports only its own tables.
        for (service, tables) in [
            (&system.auth, &["users", "accounts", "sessions", "signing_keys"][..]),
            (&system.tasks, &["tasks"]),
        ] {
            let output = service.command(&["export"]).output().unwrap();
            let export = String::from_utf8(output.stdout).unwrap();
            for table in ["users", "accounts", "sessions", "signing_keys", "tasks"] {
                let is_there = export.contains(&format!("{{\"table\":\"{table}\""));
                assert_eq!(is_there, tables.contains(&table), "{table} {export}");
            }
        }
        system.auth.stop().unwrap();
        system.tasks.stop().unwrap();
        system.start_services();
        work(&system, "bob");
    }
}

/// Writes to both services at the same time. The e-mail addresses of new users start with `who`.
fn work(system: &System, who: &str) {
    let (auth, tasks) = (system.auth_client(), system.tasks_client());
    let token = system.token(&format!("{who}@example.com"));
    scope(|scope| {
        scope.spawn(|| {
            for number in 0..MANY {
                let email = format!("{who}-{number}@example.com");
                assert_eq!(auth.sign_up(&email).unwrap().status, 200);
            }
        });
        scope.spawn(|| {
            for number in 0..MANY {
                let created = tasks.create_task(&token, &format!("task {number}")).unwrap();
                assert_eq!(created.status, 201);
                assert_eq!(tasks.task(&token, &created.text("id")).unwrap().status, 200);
            }
        });
    });
}
