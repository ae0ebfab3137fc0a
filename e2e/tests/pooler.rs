//! Both services and their commands through Debian's `PgBouncer` in transaction mode.

use std::process::Output;

use e2e::{Data, System, cluster};
use serde_json::json;
use xtask::{pgbouncer::PgBouncer, postgres::Cluster};

#[test]
fn services_and_commands_work_through_a_pooler_without_prepared_statements() {
    let databases = ["auth", "tasks", "auth_copy", "tasks_copy"];
    let Some(cluster) = cluster(Cluster::start_with(&databases, &[], &[])) else { return };
    let pooler = PgBouncer::start(&cluster.url()).unwrap();
    let url = |database: &str| format!("postgres://postgres@{}/{database}", pooler.address());
    let mut system = System::on(Data::Cluster(cluster));
    for (service, database) in [(&mut system.auth, "auth"), (&mut system.tasks, "tasks")] {
        service.set_variable("DATABASE_URL", &url(database));
        assert!(service.command(&["migrate"]).status().unwrap().success());
    }
    system.start_services();

    let (auth, tasks) = (system.auth_client(), system.tasks_client());
    for user in 0..3 {
        let token = system.token(&format!("user-{user}@example.com"));
        for number in 0..10 {
            let made = tasks.create_task(&token, &format!("task {number}")).unwrap();
            assert_eq!(made.status, 201, "{made:?}");
            assert_eq!(tasks.task(&token, &made.text("id")).unwrap().status, 200);
            let once = tasks.create_task_once(&token, "once", "a key").unwrap();
            assert_eq!(once.status, 201, "{once:?}");
        }
        let listed = tasks.get("/api/tasks?q=task&total=true", &token).unwrap().body;
        assert_eq!(listed.as_array().map(Vec::len), Some(10));
        let again = auth.sign_in(&format!("user-{user}@example.com")).unwrap();
        assert_eq!(again.status, 200, "{again:?}");
        let none = auth.post(
            "/api/auth/sign-in/email",
            None,
            &json!({
                "email": format!("user-{user}@example.com"), "password": "another password",
            }),
        );
        assert_eq!(none.unwrap().status, 401);
    }

    for (service, copy) in [(&mut system.auth, "auth_copy"), (&mut system.tasks, "tasks_copy")] {
        let file = format!("{copy}.jsonl");
        let doctor = service.command(&["doctor"]).output().unwrap();
        let found = String::from_utf8_lossy(&doctor.stdout).into_owned();
        assert!(
            found.contains("connected through a pooler without prepared statements"),
            "{found}"
        );
        is_success(&service.command(&["export", &file]).output().unwrap());
        service.set_variable("DATABASE_URL", &url(copy));
        is_success(&service.command(&["import", &file]).output().unwrap());
    }
}

fn is_success(output: &Output) {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
