//! `cargo xtask bench`: what a request costs, on both engines, measured in one run.
//!
//! CPU time is the figure to go by: user and system time of a process over the requests that it
//! answered. Unlike requests per second it hardly depends on what else the machine does.

mod ceilings;
mod load;
mod site;
mod usage;

use std::{
    process::{Command, Stdio},
    thread::scope,
};

use self::{
    load::{Answered, JWKS, Load, OPERATIONS, Operation, Pressure, SIGN_IN, Which},
    site::{Site, TASKS_EACH, USERS},
    usage::{Usage, resident_megabytes},
};
use crate::{
    Result,
    postgres::Cluster,
    step::{self, apt_install, cargo, step},
};

/// As many as a busy page's users keep open.
const USUAL: Pressure = Pressure { connections: 64, seconds: 4 };
/// Everybody signs in at once.
const RUSH: Pressure = Pressure { connections: 200, seconds: 12 };

/// Every operation has its turn in each.
const ROUNDS: u32 = 3;

pub fn run() -> Result {
    for (program, package) in [("wrk", "wrk"), ("pgbench", "postgresql-client-common")] {
        let mut ask = Command::new(program);
        if ask.arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status().is_err() {
            apt_install(&[package])?;
        }
    }
    step("build the services", || {
        step::run(&mut cargo(&["build", "--release", "-p", "auth-service", "-p", "task-service"]))
    })?;
    let cluster = step("start PostgreSQL", || Ok(Cluster::start_durable(&["auth", "tasks"])?))?;
    let mut report = step("tokens and JSON by themselves", ceilings::criterion)?;
    report += &measure("PostgreSQL", Some(&cluster))?;
    drop(cluster);
    report += &measure("SQLite", None)?;
    println!("\n{report}");
    Ok(())
}

fn measure(engine: &str, cluster: Option<&Cluster>) -> Result<String> {
    let site = step(&format!("start the services on {engine}"), || Site::start(cluster))?;
    step("make the data", || site.fill())?;
    let [auth, tasks] = site.cold_starts_ms();
    let mut report = format!(
        "{engine}: {USERS} users with {TASKS_EACH} tasks, {} connections, the best of {ROUNDS} rounds; \
         auth-service was ready after {auth} ms, task-service after {tasks} ms\n\n\
         | operation | requests/s | p50 | p99 | CPU of the service | × constant | and of PostgreSQL | errors | memory |\n\
         |---|---:|---:|---:|---:|---:|---:|---:|---:|\n",
        USUAL.connections
    );
    let mut best: Vec<Measured> = Vec::new();
    for round in 1..=ROUNDS {
        for (place, operation) in OPERATIONS.iter().enumerate() {
            let what = format!("{}, round {round} of {ROUNDS}", operation.name);
            let measured = step(&what, || play(&site, cluster, operation))?;
            match best.get_mut(place) {
                Some(best) => best.improve(measured),
                None => best.push(measured),
            }
        }
    }
    let mut constant = f64::NAN;
    for (operation, measured) in OPERATIONS.iter().zip(&best) {
        if operation.is_ceiling() {
            constant = measured.service_micros;
        }
        report += &measured.row(operation.name, constant);
    }
    if let Some(cluster) = cluster {
        report += &step("pgbench", || ceilings::pgbench(&site, cluster, USUAL))?;
    }
    report.push('\n');
    report += &step("sign-ins", || sign_ins(&site))?;
    Ok(report)
}

/// What came of an operation in one round.
struct Measured {
    answered: Answered,
    /// CPU time of a request.
    service_micros: f64,
    database_micros: f64,
    memory_megabytes: f64,
}

fn play(site: &Site, cluster: Option<&Cluster>, operation: &Operation) -> Result<Measured> {
    let service = site.process_id(operation.service)?;
    let load = Load::new(site, operation)?;
    load.warm_up(USUAL.connections)?;
    let before = Usage::now(service, cluster)?;
    let answered = load.play(USUAL)?;
    let used = Usage::now(service, cluster)?.since(&before);
    Ok(Measured {
        service_micros: used.service / answered.requests,
        database_micros: used.database / answered.requests,
        memory_megabytes: resident_megabytes(service)?,
        answered,
    })
}

impl Measured {
    /// Keeps the round that took the least: what else the machine does only ever adds. Errors and
    /// memory are those of all rounds.
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

    fn row(&self, name: &str, constant: f64) -> String {
        let Self { answered, service_micros, database_micros, memory_megabytes } = self;
        format!(
            "| {name} | {:.0} | {:.2} ms | {:.2} ms | {service_micros:.1} µs | {:.1} | \
             {database_micros:.1} µs | {:.0} | {memory_megabytes:.0} MB |\n",
            answered.per_second,
            answered.p50_ms,
            answered.p99_ms,
            service_micros / constant,
            answered.unexpected,
        )
    }
}

/// What part of a sign-in is the hash, and what a rush of sign-ins leaves for the others.
fn sign_ins(site: &Site) -> Result<String> {
    let service = site.process_id(Which::Auth)?;
    let load = Load::new(site, &SIGN_IN)?;
    let hash = ceilings::bcrypt_micros(site::BCRYPT_COST)?;
    let before = Usage::now(service, None)?;
    let answered = load.play(RUSH)?;
    let used = Usage::now(service, None)?.since(&before);
    let others = scope(|scope| {
        let rush = scope.spawn(|| load.play(RUSH).map(drop).map_err(|error| error.to_string()));
        let jwks = Load::new(site, &JWKS)?;
        let others = jwks.play(Pressure { connections: 8, ..USUAL })?;
        rush.join().map_err(|_panic| "the rush has ended badly")??;
        Result::Ok(others)
    })?;
    let each = used.service / answered.requests;
    Ok(format!(
        "{} sign-ins at once, bcrypt cost {}: {:.1}/s, {:.0} errors, {:.1} ms of CPU each, of which bcrypt \
         {:.1} ms ({:.1} %); meanwhile JWKS: {:.0} requests/s, p50 {:.2} ms, p99 {:.2} ms, {:.0} errors\n\n",
        RUSH.connections,
        site::BCRYPT_COST,
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
