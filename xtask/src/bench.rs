//! `cargo xtask bench`: measures the cost of a request on both engines, in one run.
//!
//! The relevant number is CPU time: the user and system time of a process per request. Unlike
//! requests per second, it hardly depends on other load on the machine.

mod ceilings;
mod engine;
pub mod events;
mod http;
mod launcher;
mod load;
mod operation;
mod site;
mod usage;

use std::{
    process::{Command, Stdio},
    thread::scope,
};

use self::{
    engine::Engine,
    launcher::BCRYPT_COST,
    load::{Answered, Load, Pressure},
    operation::{JWKS, OPERATIONS, Operation, SIGN_IN, Which},
    site::{Site, TASKS_EACH, USERS},
    usage::{Usage, resident_megabytes},
};
use crate::{
    Result,
    step::{self, apt_install, cargo, release_programs, step},
    variable,
};

/// Load with a typical number of open connections.
const USUAL: Pressure = Pressure { connections: 64, seconds: 4 };
/// Load when all users sign in at the same time.
const RUSH: Pressure = Pressure { connections: 200, seconds: 12 };

/// Number of rounds if all operations are measured. Every operation is measured once per round.
const ROUNDS: u32 = 3;
/// Number of rounds if only some operations are measured. With more rounds, the best of them is
/// less affected by other load on the machine.
const ROUNDS_OF_A_SELECTION: u32 = 8;

/// Environment variable that contains the path of a folder with another build's programs. They are
/// measured alongside the programs of this build.
const AGAINST_VARIABLE: &str = "BENCH_AGAINST";

/// Measures all operations, or only those whose codes are given, such as `create`. A selection is
/// measured without TLS and without a pooler.
pub fn run(only: &[&str]) -> Result {
    let selection = Selection::new(only)?;
    for (program, package) in [("wrk", "wrk"), ("pgbench", "postgresql-client-common")] {
        let mut ask = Command::new(program);
        if ask.arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status().is_err() {
            apt_install(&[package])?;
        }
    }
    build()?;
    let mut report = String::new();
    if selection.is_complete {
        report += &step("measure token verification and JSON serialization", ceilings::criterion)?;
    }
    let start = || on_postgresql(&selection);
    report += &measure(&selection, &mut step("start the services on PostgreSQL", start)?)?;
    report += &measure(&selection, &mut step("start the services on SQLite", on_sqlite)?)?;
    println!("\n{report}");
    Ok(())
}

/// The operations to measure, and how often.
struct Selection {
    operations: Vec<&'static Operation>,
    is_complete: bool,
    rounds: u32,
}

impl Selection {
    fn new(only: &[&str]) -> Result<Self> {
        if let Some(unknown) =
            only.iter().find(|code| OPERATIONS.iter().all(|op| op.code != **code))
        {
            return Err(format!("bench has no operation {unknown:?}").into());
        }
        let is_complete = only.is_empty();
        let is_selected = |operation: &&Operation| is_complete || only.contains(&operation.code);
        Ok(Self {
            operations: OPERATIONS.iter().filter(is_selected).collect(),
            is_complete,
            rounds: if is_complete { ROUNDS } else { ROUNDS_OF_A_SELECTION },
        })
    }
}

fn build() -> Result {
    step("build the services", || {
        step::run(&mut cargo(&["build", "--release", "-p", "auth-service", "-p", "task-service"]))
    })
}

fn on_postgresql(selection: &Selection) -> Result<Vec<Site>> {
    let programs = release_programs()?;
    let mut sites = vec![Site::start("PostgreSQL", Engine::postgresql()?, &programs)?];
    if selection.is_complete {
        sites.push(Site::start("PostgreSQL over TLS", Engine::tls()?, &programs)?);
        sites.push(Site::start("PostgreSQL behind PgBouncer", Engine::pooler()?, &programs)?);
    }
    if let Some(others) = variable(AGAINST_VARIABLE) {
        let engine = Engine::postgresql()?;
        sites.push(Site::start("PostgreSQL, the other build", engine, others.as_ref())?);
    }
    Ok(sites)
}

fn on_sqlite() -> Result<Vec<Site>> {
    let mut sites = vec![Site::start("SQLite", Engine::Sqlite, &release_programs()?)?];
    if let Some(others) = variable(AGAINST_VARIABLE) {
        sites.push(Site::start("SQLite, the other build", Engine::Sqlite, others.as_ref())?);
    }
    Ok(sites)
}

/// Measures the operations and returns a table for each site. If all operations are measured, the
/// results of pgbench and of simultaneous sign-ins on the first site follow. The first site is the
/// reference for the others. In each round, an operation runs on all sites before the next one
/// starts, so that other load on the machine affects all sites alike. The other sites omit
/// operations that would have the same results as on the first one, and a site omits operations
/// that its build does not support.
fn measure(selection: &Selection, sites: &mut [Site]) -> Result<String> {
    let Selection { operations, is_complete, rounds } = selection;
    for site in &mut *sites {
        step(&format!("create the test data on {}", site.name), || site.fill())?;
    }
    let sites = &*sites;
    let mut measured: Vec<Vec<Option<Measured>>> =
        sites.iter().map(|_site| operations.iter().map(|_operation| None).collect()).collect();
    for round in 1..=*rounds {
        for (row, operation) in operations.iter().enumerate() {
            for (place, (site, measured)) in sites.iter().zip(&mut measured).enumerate() {
                let Some(best) = measured.get_mut(row) else { continue };
                let differs = site.other_build || operation.uses_database();
                let lacks_client = operation.needs_client() && site.client().is_none();
                if (place > 0 && !differs) || lacks_client {
                    continue;
                }
                let what =
                    format!("{} on {}, round {round} of {rounds}", operation.name, site.name);
                let measured = step(&what, || play(site, operation))?;
                match best {
                    Some(best) => best.improve(measured),
                    None => *best = Some(measured),
                }
            }
        }
    }
    let mut report = String::new();
    let first = measured.first().map(Vec::as_slice).unwrap_or_default();
    for (site, measured) in sites.iter().zip(&measured) {
        report += &table(selection, site, first, measured);
        report.push('\n');
    }
    if let Some(first) = sites.first().filter(|_first| *is_complete) {
        if let Some(cluster) = first.engine.cluster() {
            report += &step("pgbench", || ceilings::pgbench(first, cluster, USUAL))?;
        }
        report += &step("sign-ins", || sign_ins(first))?;
    }
    Ok(report)
}

/// Returns a site's table of results. It compares the CPU time of each operation with the time on
/// the first site.
fn table(
    selection: &Selection,
    site: &Site,
    first: &[Option<Measured>],
    measured: &[Option<Measured>],
) -> String {
    let Selection { operations, rounds, .. } = selection;
    let [auth, tasks] = site.cold_starts_ms();
    let mut report = format!(
        "{}: {USERS} users with {TASKS_EACH} tasks each, {} connections, the best of {rounds} rounds; \
         auth-service was ready after {auth} ms, task-service after {tasks} ms\n\n\
         | operation | requests/s | p50 | p99 | CPU of the service | × constant | × the first table | CPU of the database | errors | memory |\n\
         |---|---:|---:|---:|---:|---:|---:|---:|---:|---:|\n",
        site.name, USUAL.connections
    );
    let mut constant = None;
    for (operation, (first, measured)) in operations.iter().zip(first.iter().zip(measured)) {
        let (Some(first), Some(measured)) = (first, measured) else { continue };
        if operation.is_ceiling() {
            constant = Some(first.service_micros);
        }
        report += &measured.row(operation.name, constant, first);
    }
    report
}

/// An operation's results: of one round, or of several rounds, combined by [`Self::improve`].
struct Measured {
    answered: Answered,
    /// CPU time of the service per request.
    service_micros: f64,
    database_micros: f64,
    memory_megabytes: f64,
}

fn play(site: &Site, operation: &Operation) -> Result<Measured> {
    let service = site.process_id(operation.service)?;
    let servers = site.engine.processes();
    let load = Load::new(site, operation)?;
    load.warm_up(USUAL.connections)?;
    let before = Usage::now(service, &servers)?;
    let answered = load.play(USUAL)?;
    let used = Usage::now(service, &servers)?.since(&before);
    Ok(Measured {
        service_micros: used.service / answered.requests,
        database_micros: used.database / answered.requests,
        memory_megabytes: resident_megabytes(service)?,
        answered,
    })
}

impl Measured {
    /// Keeps the values of the round with the least CPU time, because other load on the machine can
    /// only increase it. Errors are summed over all rounds, and memory is the maximum.
    fn improve(&mut self, mut other: Self) {
        other.answered.unexpected += self.answered.unexpected;
        other.memory_megabytes = other.memory_megabytes.max(self.memory_megabytes);
        if other.service_micros < self.service_micros {
            *self = other;
        } else {
            self.answered.unexpected = other.answered.unexpected;
            self.memory_megabytes = other.memory_megabytes;
        }
    }

    /// Returns the table row for the operation `name`. `constant` is the CPU time, on the first site,
    /// of the operation whose response is fixed, or `None` if that operation was not measured.
    fn row(&self, name: &str, constant: Option<f64>, first: &Self) -> String {
        let multiple = constant.map_or_else(
            || "–".to_owned(),
            |constant| format!("{:.1}", self.service_micros / constant),
        );
        let Self { answered, service_micros, database_micros, memory_megabytes } = self;
        format!(
            "| {name} | {:.0} | {:.2} ms | {:.2} ms | {service_micros:.1} µs | {multiple} | {:.2} | \
             {database_micros:.1} µs | {:.0} | {memory_megabytes:.0} MB |\n",
            answered.per_second,
            answered.p50_ms,
            answered.p99_ms,
            service_micros / first.service_micros,
            answered.unexpected,
        )
    }
}

/// Measures the share of a sign-in's CPU time that is spent on the password hash, and the effect of
/// simultaneous sign-ins on other requests.
fn sign_ins(site: &Site) -> Result<String> {
    let service = site.process_id(Which::Auth)?;
    let load = Load::new(site, &SIGN_IN)?;
    let hash = ceilings::bcrypt_micros(BCRYPT_COST)?;
    let before = Usage::now(service, &[])?;
    let answered = load.play(RUSH)?;
    let used = Usage::now(service, &[])?.since(&before);
    let others = scope(|scope| {
        let rush = scope.spawn(|| load.play(RUSH).map(drop).map_err(|error| error.to_string()));
        let jwks = Load::new(site, &JWKS)?;
        let others = jwks.play(Pressure { connections: 8, ..USUAL })?;
        rush.join().map_err(|_panic| "the concurrent sign-ins panicked")??;
        Result::Ok(others)
    })?;
    let each = used.service / answered.requests;
    Ok(format!(
        "{} sign-ins at once, bcrypt cost {}: {:.1}/s, {:.0} errors, {:.1} ms of CPU each, of which bcrypt \
         {:.1} ms ({:.1} %); meanwhile JWKS: {:.0} requests/s, p50 {:.2} ms, p99 {:.2} ms, {:.0} errors\n\n",
        RUSH.connections,
        BCRYPT_COST,
        answered.per_second,
        answered.unexpected,
        each / 1e3,
        hash / 1e3,
        100.0 * hash / each,
        others.per_second,
        others.p50_ms,
        others.p99_ms,
        others.unexpected,
    ))
}
