//! Measures the memory that task-service needs for revocations, and the time to load them at
//! startup.

use std::path::Path;

use crate::{
    Result,
    bench::{engine::Engine, launcher::Launcher, usage::resident_megabytes},
    ports,
    service::Service,
};

const REVOCATIONS: u32 = 100_000;

/// Returns a table that compares a task-service without revocations with one that keeps
/// [`REVOCATIONS`] of them in memory.
pub(super) fn measure(programs: &Path) -> Result<String> {
    let folder = tempfile::tempdir()?;
    let engine = Engine::postgresql()?;
    let launcher = Launcher { programs, folder: folder.path(), engine: &engine };
    let mut auth = launcher.auth()?;
    auth.start_and_wait()?;
    let metrics = format!("127.0.0.1:{}", ports::free()?);
    let mut tasks = launcher.tasks(&auth)?;
    tasks.set_variable("METRICS_ADDRESS", &metrics);
    let mut start = || -> Result<_> {
        let ready = tasks.start_and_time()?.as_secs_f64();
        let memory = resident_megabytes(process_id(&tasks)?)?;
        let held = revocations(&metrics)?;
        tasks.stop()?;
        Ok((ready, memory, held))
    };
    // The first start creates the tables.
    start()?;
    let (ready, memory, held) = start()?;
    let mut report = "| ended sessions | memory | ready after |\n|---:|---:|---:|\n".to_owned();
    report += &row(&held, memory, ready);

    let statements = format!(
        "INSERT INTO event_streams VALUES ('security', 'a benchmark', {REVOCATIONS}); \
         INSERT INTO security_events SELECT place, 'session-revoked', gen_random_uuid(), \
         gen_random_uuid(), now(), now() + interval '1 day' \
         FROM generate_series(1, {REVOCATIONS}) AS place"
    );
    let cluster = engine.cluster().ok_or("no PostgreSQL server")?;
    cluster.query("auth", &statements)?;
    let (ready, memory, held) = start()?;
    Ok(report + &row(&held, memory, ready))
}

fn row(held: &str, memory: f64, ready: f64) -> String {
    format!("| {held} | {memory:.1} MB | {ready:.2} s |\n")
}

fn process_id(service: &Service) -> Result<u32> {
    Ok(service.process_id().ok_or_else(|| format!("{} does not run", service.name))?)
}

/// Returns the number of revocations in the memory of task-service, from its metrics.
fn revocations(address: &str) -> Result<String> {
    let metrics = ureq::get(format!("http://{address}/metrics")).call()?;
    let metrics = metrics.into_body().read_to_string()?;
    let line = metrics.lines().find_map(|line| line.strip_prefix("revocations "));
    Ok(line.ok_or("no metric of revocations")?.to_owned())
}
