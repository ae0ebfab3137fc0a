//! Failover from a failed primary to its standby.

use std::time::{Duration, Instant};

use e2e::{Data, System, Watch, cluster, under_load, wait_until};
use xtask::postgres::Cluster;

/// Number of acknowledged writes to wait for, before and after the failover.
const ENOUGH: usize = 20;
/// Minimum number of refused requests per service.
const REFUSALS: usize = 5;
/// Time after the promotion during which requests may be refused.
const RECOVERY: Duration = Duration::from_secs(5);

#[test]
fn a_promoted_standby_has_all_acknowledged_writes_and_is_used() {
    let started = Cluster::start_pair(&["auth", "tasks"]);
    let Some((primary, standby)) = cluster(started) else { return };
    let urls = ["auth", "tasks"].map(|database| primary.url_with(&standby, database));
    let mut system = System::on(Data::Cluster(primary));
    for (service, url) in [&mut system.auth, &mut system.tasks].into_iter().zip(&urls) {
        service.set_variable("DATABASE_URL", url);
    }
    system.start_services();
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
        standby.promote().unwrap();
        let promoted = Instant::now();
        acknowledged.wait_for(1);
        assert!(promoted.elapsed() < RECOVERY, "recovered after {:?}", promoted.elapsed());
        acknowledged.wait_for(ENOUGH);
    });

    for (session, task) in acknowledged {
        assert_eq!(auth.token(&session).unwrap().status, 200, "the session {session}");
        assert_eq!(tasks.task(&token, &task).unwrap().status, 200, "the task {task}");
    }
}
